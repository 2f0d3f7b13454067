/** Why what is due is not done, for the whole night: each reason with how many wait for it, and a filter by it. */

import { withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { Reason, Reasons } from "~/api/types";

const WHAT_IT_RESTS_ON =
  "Each as long as half of the last runs of its definition took, less what it has run for already; as many at once as run now. " +
  "Without what waits for a person, and at least: what waits for what is not counted in, nor are those unknown, of which no run has succeeded or which take longer than usual.";

interface ReasonsBarProps {
  readonly at: string | null;
  readonly gate: string;
  readonly onGate: (gate: string) => void;
}

export function ReasonsBar({ at, gate, onGate }: ReasonsBarProps) {
  const live = at ? {} : ({ topics: ["night"], on: ["reasons", "slots"] } as const);
  const { data } = useResource<Reasons>(withQuery("/reasons", { at }), { keep: true, ...live });
  if (!data || (data.waiting + data.running === 0 && !gate)) return null;
  return (
    <div className="reasons" role="group" aria-label="What is due and not done, by what it waits for">
      <span className="reasons-all number">
        <strong>{(data.waiting + data.running).toLocaleString("en")}</strong> due and not done
        <span className="reasons-left" title={WHAT_IT_RESTS_ON}>
          {at ? "" : tellWhenOver(data)}
        </span>
      </span>
      <div className="reasons-list">
        {data.reasons.map((reason) => (
          <button
            key={reason.gate}
            type="button"
            className="reason"
            aria-pressed={reason.gate === gate}
            title={inDetail(reason)}
            onClick={() => onGate(reason.gate === gate ? "" : reason.gate)}
          >
            {reason.label} <strong className="number">{reason.count.toLocaleString("en")}</strong>
            <span className="reason-share" style={{ width: `${(100 * reason.count) / Math.max(1, data.waiting)}%` }} />
          </button>
        ))}
      </div>
    </div>
  );
}

/** Say when what goes on by itself will be over; only how many there are where nothing tells. */
function tellWhenOver({ running, going_on: goingOn, seconds_left: left, untold }: Reasons): string {
  if (goingOn === 0) return "nothing goes on by itself";
  const many = running > 0 ? `${running.toLocaleString("en")} running` : `${goingOn.toLocaleString("en")} go on`;
  if (left === null) return many;
  return `${many}, about ${roughly(left)} left${untold > 0 ? `, ${untold.toLocaleString("en")} unknown` : ""}`;
}

/** Return a duration as an estimate deserves it: in one unit. */
function roughly(seconds: number): string {
  if (seconds < 60) return "a minute";
  if (seconds < 5_400) return `${Math.ceil(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}

function inDetail(reason: Reason): string {
  return reason.detail.map(({ what, count }) => `${count.toLocaleString("en")}  ${what}`).join("\n");
}
