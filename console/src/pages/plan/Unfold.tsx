/** What is below lines that were unfolded: read when they are, and kept fresh as long as they are open. */

import { useCallback, useEffect, useState } from "react";
import { withQuery } from "~/api/client";
import type { ListedPlan } from "~/api/details";
import { useResource } from "~/api/hooks";
import type { Page } from "~/api/types";
import { usePlan } from "~/api/usePlan";
import type { Below, Fold, Unfolded } from "~/pages/plan/course";

const MOST = 100;

interface Folding {
  readonly unfolded: Unfolded;
  /** Open what is below a place, or fold it away. */
  readonly fold: (fold: Fold) => void;
  readonly take: (fold: Fold, below: Below) => void;
}

/** Keep which places of the tree are open, and what has come of each. */
export function useFolding(): Folding {
  const [unfolded, setUnfolded] = useState<Unfolded>(new Map());
  const fold = useCallback((place: Fold): void => {
    setUnfolded((known) => {
      const next = new Map(known);
      return next.delete(place) ? next : next.set(place, {});
    });
  }, []);
  const take = useCallback((place: Fold, below: Below): void => setUnfolded((known) => (known.has(place) ? new Map(known).set(place, below) : known)), []);
  return { unfolded, fold, take };
}

/** Reads what is below the places that are open. It draws nothing. */
export function Unfold({ unfolded, take }: Pick<Folding, "unfolded" | "take">) {
  return [...unfolded.keys()].map((fold) => <ReadBelow key={fold} fold={fold} take={take} />);
}

interface ReadBelowProps extends Pick<Folding, "take"> {
  readonly fold: Fold;
}

function ReadBelow({ fold, take }: ReadBelowProps) {
  const [run, step] = fold.split("/");
  return step === undefined ? <ReadPlan run={Number(run)} take={take} /> : <ReadRuns run={Number(run)} step={Number(step)} take={take} />;
}

interface ReadPlanProps extends Pick<Folding, "take"> {
  readonly run: number;
}

function ReadPlan({ run, take }: ReadPlanProps) {
  const { data, error } = usePlan(run);
  useEffect(() => take(`${run}`, { plan: data, error: error?.message }), [run, data, error, take]);
  return null;
}

interface ReadRunsProps extends ReadPlanProps {
  readonly step: number;
}

function ReadRuns({ run, step, take }: ReadRunsProps) {
  const { data, error } = useResource<Page<ListedPlan>>(withQuery("/plans", { parent: run, step, limit: MOST }), { topics: ["runs"], on: ["runs"] });
  const runs = data && { items: data.items, more: data.next !== null };
  // eslint-disable-next-line react-hooks/exhaustive-deps -- `runs` follows from the answer
  useEffect(() => take(`${run}/${step}`, { runs, error: error?.message }), [run, step, data, error, take]);
  return null;
}
