/** Why what is due is not done, for the whole night: each reason with how many wait for it, and a filter by it. */

import { withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { Reason, Reasons } from "~/api/types";

interface ReasonsBarProps {
  readonly at: string | null;
  readonly gate: string;
  readonly onGate: (gate: string) => void;
}

export function ReasonsBar({ at, gate, onGate }: ReasonsBarProps) {
  const live = at ? {} : ({ topics: ["night"], on: ["reasons", "slots"] } as const);
  const { data } = useResource<Reasons>(withQuery("/reasons", { at }), { keep: true, ...live });
  if (!data || (data.waiting === 0 && !gate)) return null;
  return (
    <div className="reasons" role="group" aria-label="What is due and not done, by what it waits for">
      <span className="reasons-all number">
        <strong>{data.waiting.toLocaleString("en")}</strong> due and not done
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

function inDetail(reason: Reason): string {
  return reason.detail.map(({ what, count }) => `${count.toLocaleString("en")}  ${what}`).join("\n");
}
