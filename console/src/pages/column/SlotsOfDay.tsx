/** The slots of a definition that start on one day, what needs somebody first. */

import { useMemo, useState } from "react";
import { withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { Page, Slot } from "~/api/types";
import { useKeys } from "~/app/keyboard";
import { Link, navigate } from "~/app/router";
import { Time } from "~/app/time";
import { Answer } from "~/parts/Answer";
import { Empty } from "~/parts/Empty";
import { toDefinition, toSlot } from "~/parts/names";
import { StatusMark } from "~/parts/StatusMark";
import { faceOf } from "~/parts/statuses";
import { type Column, Table } from "~/parts/Table";
import { Told } from "~/parts/Told";

const MOST = 1_000;

const COLUMNS: readonly Column<Slot>[] = [
  { key: "status", title: "Status", width: "112px", cell: (row) => <StatusMark status={row.status} /> },
  { key: "slot", title: "Slot", width: "minmax(200px, 2fr)", cell: (row) => <Link to={toSlot(row.slot)}>{row.slot}</Link> },
  { key: "attempts", title: "Attempts", width: "72px", align: "right", cell: (row) => row.attempts },
  { key: "finished", title: "Ended", width: "150px", cell: (row) => <Time at={row.finished_at} zone={row.time_zone} /> },
  {
    key: "reason",
    title: "What it waits for, or how it ended",
    width: "minmax(200px, 3fr)",
    cell: (row) => (
      <span className="soft" title={row.reason}>
        <Told text={row.reason} zone={row.time_zone} />
      </span>
    ),
  },
];

interface SlotsOfDayProps {
  readonly definition: string;
  readonly account: string | null;
  readonly day: string;
}

export function SlotsOfDay({ definition, account, day }: SlotsOfDayProps) {
  const path = withQuery("/slots", { definition, account, from: day, until: day, limit: MOST });
  const slots = useResource<Page<Slot>>(path, { topics: ["night"], on: ["slots"], keep: true });
  const close = (): void => navigate(toDefinition(definition));
  return (
    <section className="column-day" aria-label={`Slots of ${day}`}>
      <header className="panel-head">
        <h2>
          Slots of {day}
          {account !== null && <span className="soft"> for {account}</span>}
        </h2>
        <button type="button" className="button button-small" onClick={close}>
          Back to all days
        </button>
      </header>
      <Answer of={slots}>{({ items, next }) => <SlotTable items={items} more={next !== null} close={close} />}</Answer>
    </section>
  );
}

interface SlotTableProps {
  readonly items: readonly Slot[];
  readonly more: boolean;
  readonly close: () => void;
}

function SlotTable({ items, more, close }: SlotTableProps) {
  const rows = useMemo(() => [...items].sort((one, other) => faceOf(other.status).weight - faceOf(one.status).weight), [items]);
  const [current, setCurrent] = useState(0);
  const at = Math.min(current, rows.length - 1);
  const move = (by: number): void => setCurrent(Math.min(rows.length - 1, Math.max(0, at + by)));
  useKeys("Slots of the day", {
    j: { does: "Next slot", run: () => move(1) },
    k: { does: "Slot before", run: () => move(-1) },
    ArrowDown: { does: "Next slot", run: () => move(1) },
    ArrowUp: { does: "Slot before", run: () => move(-1) },
    Enter: { does: "Open the slot", run: () => rows[at] && navigate(toSlot(rows[at].slot)) },
    Escape: { does: "Back to all days", run: close },
  });
  if (rows.length === 0) return <Empty title="No slot starts on this day" />;
  return (
    <>
      <Table label="Slots of the day" columns={COLUMNS} rows={rows} keyOf={(row) => row.slot} current={at} onOpen={(row) => navigate(toSlot(row.slot))} />
      {more && <p className="soft">{`These are the last ${MOST.toLocaleString("en")} that start on this day: choose an account for others.`}</p>}
    </>
  );
}
