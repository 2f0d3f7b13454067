/** Pausing a definition or an account, what failed of it, and who has paused it. */

import type { ActQuery } from "~/api/details";
import type { Account, Definition } from "~/api/types";
import { Time } from "~/app/time";
import { ActButtons } from "~/parts/acting/ActButtons";
import { Notice } from "~/parts/Notice";

interface PausingButtonsProps {
  /** As the API names it: `definition NAME` or `account NAME`. */
  readonly target: string;
  readonly paused: boolean;
  /** What finds its failed slots, where there are any. */
  readonly failed: ActQuery | null;
}

export function PausingButtons({ target, paused, failed }: PausingButtonsProps) {
  return (
    <>
      {failed && <ActButtons verbs={["retry"]} query={failed} about="all failed" />}
      <ActButtons verbs={[paused ? "unpause" : "pause"]} targets={[target]} />
    </>
  );
}

interface PausedProps {
  readonly request: Definition["paused"] | Account["paused"];
  readonly zone?: string | null;
}

export function Paused({ request, zone }: PausedProps) {
  if (!request) return null;
  return (
    <Notice tone="doubt">
      <strong>Paused</strong> by {request.by ?? "somebody"} since <Time at={request.at} zone={zone} />
      {request.reason && `: ${request.reason}`}. Nothing of it starts; what runs goes on.
    </Notice>
  );
}
