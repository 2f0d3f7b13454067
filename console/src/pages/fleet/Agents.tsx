/** The agents: whether each is heard, how much it carries out, and what. */

import { useResource } from "~/api/hooks";
import type { BusyAgent } from "~/api/details";
import type { Page, Run } from "~/api/types";
import { Link } from "~/app/router";
import { Time } from "~/app/time";
import { ActButtons } from "~/parts/acting/ActButtons";
import { verbsFor, type Verb } from "~/parts/acting/verbs";
import { Answer } from "~/parts/Answer";
import { Empty } from "~/parts/Empty";
import { Grid, type GridColumn } from "~/parts/Grid";
import { toRun } from "~/parts/names";
import { Panel } from "~/parts/Panel";
import { StatusMark } from "~/parts/StatusMark";
import { Usage } from "~/pages/fleet/Usage";
import { useEvery } from "~/api/useEvery";

const SHOWN = 5;
const MOST = 1_000;

const COLUMNS: readonly GridColumn<BusyAgent>[] = [
  { title: "Agent", cell: (row) => <bdi className="agent-name">{row.agent}</bdi> },
  { title: "Status", cell: (row) => <StatusMark status={row.status} /> },
  { title: "Heard", cell: (row) => <Time at={row.heartbeat_at} as="ago" /> },
  { title: "Busy", cell: (row) => <Usage used={row.running} limit={row.concurrency} /> },
  { title: "Carries out", cell: (row) => <Runs runs={row.runs} /> },
  { title: "Queues", cell: (row) => row.queues.join(", ") },
  { title: "Where", cell: (row) => `${row.host}, pid ${row.pid}` },
  { title: "Version", cell: (row) => row.version },
  { title: "Up since", cell: (row) => <Time at={row.started_at} as="ago" /> },
  { title: "", cell: (row) => <ActButtons verbs={verbsOf(row)} targets={[row.agent]} small /> },
];

export function AgentsPanel() {
  const agents = useResource<Page<BusyAgent>>(`/agents?limit=${MOST}`, { topics: ["fleet", "runs"], on: ["fleet", "runs"] });
  useEvery(agents.refresh);
  const { items = [] } = agents.data ?? {};
  const versions = new Set(items.filter((agent) => agent.alive).map((agent) => agent.version));
  return (
    <Panel
      title="Agents"
      aside={versions.size > 1 && <span className="fleet-doubt">{`${versions.size} versions at once: ${[...versions].join(", ")}`}</span>}
    >
      <Answer of={agents}>
        {({ items: rows }) =>
          rows.length === 0 ? (
            <Empty title="No agent has been here yet" command="ostinato agent --forever">
              Agents carry out what waits. One is part of ostinato up; more can be started on any machine that reaches the database.
            </Empty>
          ) : (
            <Grid label="Agents" columns={COLUMNS} rows={inOrder(rows)} keyOf={(row) => row.agent} />
          )
        }
      </Answer>
    </Panel>
  );
}

function Runs({ runs }: { readonly runs: readonly Run[] }) {
  if (runs.length === 0) return <span className="faint">nothing</span>;
  return (
    <ul className="agent-runs">
      {runs.slice(0, SHOWN).map((run) => (
        <li key={run.run}>
          <Link to={toRun(run.run)} title={run.slot ?? ""}>
            <bdi>{run.slot ?? `run ${run.run}`}</bdi>
          </Link>
        </li>
      ))}
      {runs.length > SHOWN && <li className="soft">{`and ${runs.length - SHOWN} more`}</li>}
    </ul>
  );
}

function verbsOf(agent: BusyAgent): readonly Verb[] {
  return agent.drain ? ["undrain"] : verbsFor("agent", agent.status);
}

/** What wants a look first: lost agents, then those at work, then those that are gone. */
function inOrder(agents: readonly BusyAgent[]): readonly BusyAgent[] {
  const rank = ({ status }: BusyAgent): number => (status === "lost" ? 0 : status === "stopped" ? 2 : 1);
  return [...agents].sort((one, other) => rank(one) - rank(other) || one.agent.localeCompare(other.agent));
}
