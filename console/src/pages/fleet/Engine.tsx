/** The engine: its last passes, what each step did in the last one, and the sources that it reads. */

import { useResource } from "~/api/hooks";
import type { EngineRoom, EngineStep, Source } from "~/api/details";
import { duration, Time } from "~/app/time";
import { Answer } from "~/parts/Answer";
import { Empty } from "~/parts/Empty";
import { Grid, type GridColumn } from "~/parts/Grid";
import { Notice } from "~/parts/Notice";
import { Panel } from "~/parts/Panel";
import { StatusMark } from "~/parts/StatusMark";
import { PassChart } from "~/pages/fleet/PassChart";
import { useEvery } from "~/api/useEvery";

const STEP_COLUMNS: readonly GridColumn<EngineStep>[] = [
  { title: "Step", cell: (row) => <code>{row.step}</code> },
  { title: "Examined", align: "right", cell: (row) => row.examined },
  { title: "Changed", align: "right", cell: (row) => row.changed },
  { title: "Blocked", align: "right", cell: (row) => row.blocked },
  { title: "Failed", align: "right", cell: (row) => (row.failed > 0 ? <strong className="fleet-bad">{row.failed}</strong> : 0) },
  { title: "Took", align: "right", cell: (row) => milliseconds(row.seconds) },
  {
    title: "Says",
    cell: (row) => (row.error ? <span className="fleet-bad">{row.error}</span> : row.more && <span className="soft">has more to do</span>),
  },
];

const SOURCE_COLUMNS: readonly GridColumn<Source>[] = [
  { title: "Source", cell: (row) => <bdi>{row.source}</bdi> },
  { title: "Of", cell: (row) => row.kind },
  { title: "Rows", align: "right", cell: (row) => row.rows },
  { title: "State", cell: (row) => <StatusMark status={row.error ? "error" : row.held_back ? "paused" : "success"} as="dot" /> },
  { title: "Loaded", cell: (row) => <Time at={row.loaded_at} as="ago" /> },
  { title: "Succeeded", cell: (row) => <Time at={row.succeeded_at} as="ago" /> },
  {
    title: "Says",
    cell: (row) =>
      row.error ? (
        <span className="fleet-bad">{row.error} (what it gave last stays in force)</span>
      ) : (
        row.held_back && <span className="fleet-doubt">{`Held back: ${row.held_back}`}</span>
      ),
  },
];

export function EnginePanels() {
  const engine = useResource<EngineRoom>("/engine", { topics: ["fleet"], on: ["fleet", "status"] });
  useEvery(engine.refresh);
  return (
    <Answer of={engine}>
      {(room) => (
        <>
          <EnginePanel room={room} />
          <Panel title="Sources">
            <Grid label="Sources" columns={SOURCE_COLUMNS} rows={room.sources} keyOf={(row) => `${row.kind} ${row.source}`} />
          </Panel>
        </>
      )}
    </Answer>
  );
}

function EnginePanel({ room }: { readonly room: EngineRoom }) {
  const facts = (
    <span className="soft">
      {room.database}, {bytes(room.database_bytes)}
    </span>
  );
  return (
    <Panel title="Engine" aside={facts}>
      {room.late && (
        <Notice tone="bad">
          <strong>No engine is at work.</strong> Nothing new starts and nothing is retried. Start one with: ostinato up
        </Notice>
      )}
      {room.last_pass === null ? (
        <Empty title="No pass has been made yet" command="ostinato up" />
      ) : (
        <>
          <p className="soft fleet-pass">
            Last pass <Time at={room.last_pass.started_at} as="ago" />, by <bdi>{room.last_pass.engine}</bdi>; it took{" "}
            {milliseconds(room.last_pass.seconds)}
          </p>
          <PassChart passes={room.passes} />
          <Grid label="Steps of the engine" columns={STEP_COLUMNS} rows={room.steps} keyOf={(row) => row.step} />
        </>
      )}
    </Panel>
  );
}

export function milliseconds(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1_000)} ms` : duration(seconds);
}

function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return `${(count / 1_000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
