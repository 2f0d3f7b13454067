/** The gates of a verdict: what is satisfied, what is waited for, and what would clear it. */

import { Link } from "~/app/router";
import { Time } from "~/app/time";
import type { Gate } from "~/api/types";
import { toSlot } from "~/parts/names";
import { StatusMark } from "~/parts/StatusMark";
import { Told } from "~/parts/Told";

interface GateListProps {
  readonly gates: readonly Gate[];
  readonly zone?: string | null;
}

export function GateList({ gates, zone }: GateListProps) {
  const closedFirst = [...gates].sort((one, other) => Number(one.satisfied) - Number(other.satisfied));
  return (
    <ul className="gates">
      {closedFirst.map((gate, index) => (
        <li key={`${gate.gate} ${index}`} className={gate.satisfied ? "gate gate-open" : "gate gate-closed"}>
          <StatusMark status={gate.satisfied ? "success" : "blocked"} as="dot" />
          <div>
            <div>
              <span className="gate-name">{gate.gate.replaceAll("_", " ")}</span> <Told text={gate.reason} zone={zone} />
            </div>
            {!gate.satisfied && <WhatClears gate={gate} zone={zone} />}
          </div>
        </li>
      ))}
    </ul>
  );
}

function WhatClears({ gate, zone }: { readonly gate: Gate; readonly zone: string | null | undefined }) {
  return (
    <div className="soft gate-clears">
      {gate.clears && (
        <>
          Cleared by <Told text={gate.clears} zone={zone} />.{" "}
        </>
      )}
      {gate.earliest && (
        <>
          Not before <Time at={gate.earliest} zone={zone} />.{" "}
        </>
      )}
      {gate.waits_for.map((name) => (
        <Link key={name} to={toSlot(name)} className="gate-link">
          {name}
        </Link>
      ))}
    </div>
  );
}
