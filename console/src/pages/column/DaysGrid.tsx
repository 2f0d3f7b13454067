/** The drawing of a definition: a row for each account, a column for each day, a slot where they meet. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type RefObject, useEffect, useRef, useState } from "react";
import type { ColumnDays } from "~/api/types";
import { useKeys } from "~/app/keyboard";
import { inside, movingKeys, type Place, reveal } from "~/app/moving";
import { Link, navigate } from "~/app/router";
import { toAccount, toSlot, toTheNightAfter } from "~/parts/names";
import { Sign } from "~/parts/StatusMark";
import { faceOf } from "~/parts/statuses";

const ROW = 28;
const TOP = 46;
const CELL = 34;
const LEAST_HEIGHT = 280;
const SCROLL_BAR = 16;
const WITH_ONE_SLOT_A_DAY = new Set(["daily", "weekly", "monthly", "yearly"]);

interface DaysGridProps {
  readonly data: ColumnDays;
  readonly frequency: string;
}

export function DaysGrid({ data, frequency }: DaysGridProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const extent = { rows: data.rows.length, columns: data.days.length };
  const [put, setPut] = useState<Place>({ row: 0, column: data.days.length - 1 });
  const cursor = inside(put, extent);
  const virtual = useVirtualizer({
    count: data.rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  useInView(scroller, put);
  function move(place: Place): void {
    setPut({ ...place });
    scroller.current?.focus({ preventScroll: true });
  }
  useKeys("Days", {
    ...movingKeys(cursor, extent, { row: "account", column: "day" }, move),
    Enter: { does: "Open the slot", run: () => open(data, cursor, frequency) },
    a: { does: "The night of this account", run: () => navigate(toAccount(data.rows[cursor.row]?.account ?? null)) },
  });
  return (
    <div
      ref={scroller}
      className="days"
      role="grid"
      aria-label={`${data.definition} by accounts and dates`}
      aria-rowcount={extent.rows + 1}
      aria-colcount={extent.columns + 1}
      aria-activedescendant={idOf(cursor)}
      tabIndex={0}
      style={{ minHeight: Math.min(LEAST_HEIGHT, TOP + extent.rows * ROW + SCROLL_BAR) }}
    >
      <Heads days={data.days} accounts={data.rows.length} />
      <div className="days-body" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => (
          <Row
            key={item.index}
            data={data}
            index={item.index}
            top={item.start}
            frequency={frequency}
            current={item.index === cursor.row ? cursor.column : null}
          />
        ))}
      </div>
    </div>
  );
}

/** Keep in view where the cursor was put, and the last days at first. */
function useInView(scroller: RefObject<HTMLDivElement | null>, put: Place): void {
  useEffect(() => {
    const element = scroller.current;
    const head = element?.querySelector<HTMLElement>(".days-account")?.offsetWidth ?? 0;
    if (element) reveal(element, put, { cell: CELL, row: ROW, head, top: TOP });
  }, [put, scroller]);
}

function Heads({ days, accounts }: { readonly days: readonly string[]; readonly accounts: number }) {
  return (
    <div className="days-row days-head" role="row" aria-rowindex={1} style={{ height: TOP }}>
      <div className="days-account" role="columnheader">
        {accounts === 1 ? "1 account" : `${accounts.toLocaleString("en")} accounts`}
      </div>
      {days.map((day, index) => (
        <div key={day} className="days-day number" role="columnheader" aria-label={day} title={day}>
          {(index === 0 || day.endsWith("-01")) && <span>{monthOf(day)}</span>}
          {day.slice(8)}
        </div>
      ))}
    </div>
  );
}

interface RowProps {
  readonly data: ColumnDays;
  readonly index: number;
  readonly top: number;
  readonly frequency: string;
  /** The column of the cursor, if that is in this row. */
  readonly current: number | null;
}

const Row = memo(function Row({ data, index, top, frequency, current }: RowProps) {
  const row = data.rows[index];
  if (!row) return null;
  return (
    <div className="days-row" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${top}px)`, height: ROW }}>
      <div className="days-account" role="rowheader">
        <Link to={toAccount(row.account)} tabIndex={-1}>
          {row.account ?? <em>without account</em>}
        </Link>
      </div>
      {row.cells.map((status, column) => {
        const day = data.days[column] ?? "";
        const what = `${day}: ${status ? faceOf(status).label : "no slot"}`;
        const to = pathOf(data, { row: index, column }, frequency);
        return (
          <div
            key={day}
            id={idOf({ row: index, column })}
            role="gridcell"
            aria-selected={column === current}
            aria-label={what}
            className={`days-cell${column === current ? " days-current" : ""}`}
          >
            {status && to && (
              <Link to={to} className={`days-face tone-${faceOf(status).tone}`} title={what} tabIndex={-1}>
                <Sign status={status} />
              </Link>
            )}
          </div>
        );
      })}
    </div>
  );
});

/** Return where a cell leads: to its slot; where a day has many, to the night of the account in which they were due. */
function pathOf({ definition, rows, days }: ColumnDays, { row, column }: Place, frequency: string): string | null {
  const [of, day] = [rows[row], days[column]];
  if (!of || !day || !of.cells[column]) return null;
  if (WITH_ONE_SLOT_A_DAY.has(frequency)) return toSlot(`${definition}/${of.account ?? "-"}/${day}`);
  return toTheNightAfter(day, of.account);
}

function open(data: ColumnDays, place: Place, frequency: string): void {
  const path = pathOf(data, place, frequency);
  if (path) navigate(path);
}

const idOf = ({ row, column }: Place): string => `day-${row}-${column}`;

function monthOf(day: string): string {
  return new Date(`${day}T12:00:00Z`).toLocaleString("en", { month: "short", timeZone: "UTC" });
}
