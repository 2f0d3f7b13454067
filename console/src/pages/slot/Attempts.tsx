/** The attempts at a slot side by side, so that what differs between them strikes the eye. */

import type { ReactNode } from "react";
import type { Run } from "~/api/types";
import { Link } from "~/app/router";
import { Time } from "~/app/time";
import { toPlan, toRun } from "~/parts/names";
import { StatusMark } from "~/parts/StatusMark";
import { Took } from "~/parts/Took";

interface AttemptsProps {
  readonly attempts: readonly Run[];
  readonly zone: string;
  /** The run whose output is shown. */
  readonly chosen: number;
  readonly onChoose: (run: number) => void;
}

interface Row {
  readonly name: string;
  readonly cell: (run: Run, zone: string) => ReactNode;
}

const ROWS: readonly Row[] = [
  { name: "Status", cell: (run) => <StatusMark status={run.status} /> },
  { name: "Attempt", cell: (run) => `${run.attempt}` },
  { name: "Started", cell: (run, zone) => <Time at={run.started_at} zone={zone} as="full" /> },
  { name: "Took", cell: (run) => <Took from={run.started_at} until={run.finished_at} /> },
  { name: "Agent", cell: (run) => run.agent ?? "–" },
  { name: "Exit code", cell: (run) => run.exit_code ?? "–" },
  { name: "Reason", cell: (run) => run.reason || "–" },
];

export function Attempts({ attempts, zone, chosen, onChoose }: AttemptsProps) {
  return (
    <div className="attempts">
      <table>
        <thead>
          <tr>
            <th scope="col" aria-label="What" />
            {attempts.map((run) => (
              <th key={run.run} scope="col">
                <span className="attempt-head">
                  <Link to={toRun(run.run)}>{`Run\u00a0${run.run}`}</Link>
                  <Link to={toPlan(run.run)} className="soft">
                    plan
                  </Link>
                  {attempts.length > 1 && (
                    <button
                      type="button"
                      className="button button-small"
                      aria-pressed={run.run === chosen}
                      onClick={() => onChoose(run.run)}
                    >
                      Output
                    </button>
                  )}
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ROWS.map(({ name, cell }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {attempts.map((run) => (
                <td key={run.run}>{cell(run, zone)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
