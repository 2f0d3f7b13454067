/** One definition: all accounts by dates. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState } from "react";
import { inPath, withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { ColumnDays, Definition } from "~/api/types";
import { useNight } from "~/app/night";
import { Link } from "~/app/router";
import type { PageProps } from "~/app/routes";
import { Answer } from "~/parts/Answer";
import { Empty } from "~/parts/Empty";
import { toAccount, toNightOf } from "~/parts/names";
import { Sign } from "~/parts/StatusMark";
import { faceOf } from "~/parts/statuses";
import "~/pages/column/column.css";

const SPANS = [14, 30, 90] as const;
const ROW = 28;
const TOP = 52;

export default function ColumnPage({ params }: PageProps) {
  const { definition = "" } = params;
  const { at } = useNight();
  const [days, setDays] = useState<number>(SPANS[0]);
  const live = at ? {} : ({ topics: ["night"], on: ["slots"] } as const);
  const column = useResource<ColumnDays>(withQuery("/column", { definition, days, at }), { keep: true, ...live });
  const declared = useResource<Definition>(`/definitions/${inPath(definition)}`);
  return (
    <div className="page column-page">
      <header className="page-head">
        <h1>{definition}</h1>
        <span className="soft">{declared.data && about(declared.data)}</span>
        <div className="column-spans" role="group" aria-label="How many days">
          {SPANS.map((span) => (
            <button
              key={span}
              type="button"
              className="button button-small"
              aria-pressed={span === days}
              onClick={() => setDays(span)}
            >
              {span} days
            </button>
          ))}
        </div>
      </header>
      <Answer of={column}>{(data) => <Days data={data} />}</Answer>
    </div>
  );
}

function about(definition: Definition): string {
  return [definition.description, definition.frequency].filter(Boolean).join(" · ");
}

function Days({ data }: { readonly data: ColumnDays }) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: data.rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  if (data.rows.length === 0) {
    return <Empty title="No slots in these days">The definition has none yet, or they were longer ago.</Empty>;
  }
  return (
    <div ref={scroller} className="days" role="table" aria-label={`${data.definition} by accounts and dates`} tabIndex={0}>
      <div className="days-row days-head" role="row" style={{ height: TOP }}>
        <div className="days-account" role="columnheader">
          {data.rows.length.toLocaleString("en")} accounts
        </div>
        {data.days.map((day) => (
          <div key={day} className="days-day number" role="columnheader" title={day}>
            <span>{monthOf(day)}</span>
            {day.slice(8)}
          </div>
        ))}
      </div>
      <div className="days-body" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => (
          <Row key={item.index} data={data} index={item.index} top={item.start} />
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  readonly data: ColumnDays;
  readonly index: number;
  readonly top: number;
}

function Row({ data, index, top }: RowProps) {
  const row = data.rows[index];
  if (!row) return null;
  return (
    <div className="days-row" role="row" style={{ transform: `translateY(${top}px)`, height: ROW }}>
      <Link to={toAccount(row.account)} className="days-account" role="rowheader">
        {row.account ?? <em>without account</em>}
      </Link>
      {row.cells.map((status, column) => {
        const day = data.days[column] ?? "";
        const what = status ? faceOf(status).label : "no slot";
        return (
          <div key={day} role="cell" className="days-cell">
            {status && (
              <Link
                to={toNightOf(day, row.account, data.definition)}
                className={`days-face tone-${faceOf(status).tone}`}
                aria-label={`${day}: ${what}`}
                title={`${day}: ${what}`}
                tabIndex={-1}
              >
                <Sign status={status} />
              </Link>
            )}
          </div>
        );
      })}
    </div>
  );
}

function monthOf(day: string): string {
  return new Date(`${day}T12:00:00Z`).toLocaleString("en", { month: "short", timeZone: "UTC" });
}
