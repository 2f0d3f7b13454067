/** How a run came to be where it is: each change of its status, who made it and why. */

import type { Transition } from "~/api/details";
import { Time } from "~/app/time";
import { Panel } from "~/parts/Panel";
import { StatusMark } from "~/parts/StatusMark";
import { Told } from "~/parts/Told";

interface HistoryProps {
  readonly history: readonly Transition[];
  readonly zone: string | null;
}

export function HistoryPanel({ history, zone }: HistoryProps) {
  return (
    <Panel title="History">
      <ol className="transitions">
        {history.map((entry, index) => (
          <li key={index}>
            <Time at={entry.at} zone={zone} as="full" />
            <StatusMark status={entry.to} />
            <span className="transition-cause">
              <Told text={entry.cause} zone={zone} /> <span className="faint">by {entry.actor}</span>
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
