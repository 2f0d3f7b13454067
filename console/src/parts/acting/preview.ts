/** What an action would do: asked of the server anew whenever what is asked changes. */

import { useEffect, useState } from "react";
import type { ActBody, Acted } from "~/api/details";
import { ApiError, post } from "~/api/client";
import type { Given } from "~/parts/acting/WithFields";
import type { ActRequest } from "~/parts/acting/acting";

const GATHER = 250;

export interface Preview {
  /** What is sent when the person agrees. */
  readonly body: ActBody;
  readonly acted: Acted | null;
  readonly error: ApiError | null;
  /** Whether the answer is for something else than what is asked now. */
  readonly stale: boolean;
}

interface Answered {
  readonly asked: string;
  readonly acted: Acted | null;
  readonly error: ApiError | null;
}

/** Ask what a request would do, soon after it stops changing, and anew for each `round`. */
export function usePreview(request: ActRequest, given: Given, reason: string, round: number): Preview {
  const [answer, setAnswer] = useState<Answered>({ asked: "", acted: null, error: null });
  const body = makeBody(request, given, reason.trim());
  const written = JSON.stringify(body);
  const asked = `${round} ${written}`;
  const { verb } = request;
  const wrong = given.problem !== null;
  useEffect(() => {
    if (wrong) return undefined;
    const controller = new AbortController();
    const timer = window.setTimeout(() => {
      const sent = { ...(JSON.parse(written) as ActBody), preview: true };
      post<Acted>(`/actions/${verb}`, sent, { signal: controller.signal }).then(
        (acted) => setAnswer({ asked, acted, error: null }),
        (error: unknown) => {
          if (controller.signal.aborted) return;
          if (!(error instanceof ApiError)) throw error;
          setAnswer({ asked, acted: null, error });
        },
      );
    }, GATHER);
    return () => {
      window.clearTimeout(timer);
      controller.abort();
    };
  }, [verb, written, asked, wrong]);
  return { body, acted: answer.acted, error: answer.error, stale: answer.asked !== asked };
}

function makeBody({ targets, query }: ActRequest, given: Given, reason: string): ActBody {
  return {
    ...(targets && { targets }),
    ...(query && { query }),
    ...(reason && { reason }),
    ...(Object.keys(given.with).length > 0 && { with: given.with }),
  };
}
