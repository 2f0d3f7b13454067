/** The plan of a run, kept fresh: steps that have changed are read alone, and all of it where that may not be enough. */

import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, get, withQuery } from "~/api/client";
import type { Plan } from "~/api/details";
import { recall, remember, type Resource, useLiveRefresh } from "~/api/hooks";
import type { LiveKind } from "~/api/live";

const GATHER = 400;
/** Where more steps than that have changed, the whole plan is read. */
const MOST = 100;

interface Known {
  readonly run: number;
  readonly data: Plan | undefined;
  readonly error: ApiError | undefined;
}

type Wanted = "all" | ReadonlySet<number>;

const NOTHING: Wanted = new Set();

/** Read the plan of a run, and what has changed of it as the stream tells. One is asked after the other. */
export function usePlan(run: number): Resource<Plan> {
  const path = `/runs/${run}/plan`;
  const [known, setKnown] = useState<Known>({ run, data: recall<Plan>(path), error: undefined });
  const wanted = useRef<Wanted>("all");
  const queue = useRef(Promise.resolve());

  const read = useCallback((): void => {
    queue.current = queue.current.then(async () => {
      const asked = wanted.current;
      if (asked === NOTHING) return;
      wanted.current = NOTHING;
      try {
        const answer = await get<Plan>(withQuery(path, { step: asked === "all" ? [] : [...asked] }));
        const data = asked === "all" ? answer : join(recall<Plan>(path), answer);
        remember(path, data);
        setKnown({ run, data, error: undefined });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        wanted.current = "all";
        setKnown({ run, data: error.isAway ? recall<Plan>(path) : undefined, error });
      }
    });
  }, [run, path]);
  const refresh = useCallback((): void => {
    wanted.current = "all";
    read();
  }, [read]);

  useEffect(refresh, [refresh]);
  useLiveRefresh({
    topics: [`run:${run}`],
    hear: (kind, data) => {
      wanted.current = also(wanted.current, changedOf(run, kind, data));
      return wanted.current !== NOTHING;
    },
    within: GATHER,
    refresh: (missed) => (missed ? refresh() : read()),
  });
  const data = known.run === run ? known.data : recall<Plan>(path);
  return { data, error: known.run === run ? known.error : undefined, loading: data === undefined, refresh };
}

interface Heard {
  readonly run?: number;
  readonly steps?: readonly { readonly step: number }[];
  readonly runs?: readonly { readonly run: number }[];
}

/** Return what an event says has changed of the plan: when the run moves, any of it may have. */
function changedOf(run: number, kind: LiveKind, data: unknown): Wanted {
  const heard = data as Heard | null;
  if (kind === "steps" && heard?.run === run) return new Set(heard.steps?.map(({ step }) => step));
  return kind === "runs" && heard?.runs?.some((one) => one.run === run) ? "all" : NOTHING;
}

function also(one: Wanted, other: Wanted): Wanted {
  if (one === "all" || other === NOTHING) return one;
  if (other === "all") return other;
  const both = new Set([...one, ...other]);
  return both.size > MOST ? "all" : both;
}

/** Put steps that were read anew into the plan; what is said of the plan as a whole is new in any case. */
function join(plan: Plan | undefined, newer: Plan): Plan {
  const steps = new Map(newer.steps.map((step) => [step.step, step]));
  return { ...newer, steps: plan?.steps.map((step) => steps.get(step.step) ?? step) ?? newer.steps };
}
