/** One definition: how long it takes day by day, and all accounts by dates. */

import { useState } from "react";
import { inPath, withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { ColumnDays, Definition } from "~/api/types";
import { useNight } from "~/app/night";
import { useQuery } from "~/app/router";
import type { PageProps } from "~/app/routes";
import { DaysGrid } from "~/pages/column/DaysGrid";
import { DurationsPanel } from "~/pages/column/Durations";
import { SlotsOfDay } from "~/pages/column/SlotsOfDay";
import { Answer } from "~/parts/Answer";
import { Paused, PausingButtons } from "~/parts/acting/Pausing";
import { Empty } from "~/parts/Empty";
import "~/pages/details.css";
import "~/pages/column/column.css";

const SPANS = [14, 30, 90] as const;

export default function ColumnPage({ params }: PageProps) {
  const { definition = "" } = params;
  const { at } = useNight();
  const [days, setDays] = useState<number>(SPANS[0]);
  const live = at ? {} : ({ topics: ["night"], on: ["slots"] } as const);
  const column = useResource<ColumnDays>(withQuery("/column", { definition, days, at }), { keep: true, ...live });
  const declared = useResource<Definition>(`/definitions/${inPath(definition)}`, { topics: ["night"], on: ["reasons"] });
  const failed = column.data && hasFailed(column.data);
  const [query] = useQuery();
  const day = query.get("day");
  return (
    <div className="page column-page">
      <header className="page-head">
        <h1>{definition}</h1>
        <span className="soft">{declared.data && about(declared.data)}</span>
        <span className="grow" />
        {declared.data && (
          <PausingButtons
            target={`definition ${definition}`}
            paused={declared.data.paused !== null}
            failed={failed ? { definition, status: "failed", ...(at && { at }) } : null}
          />
        )}
      </header>
      <Paused request={declared.data?.paused ?? null} />
      <DurationsPanel definition={definition} at={at} accounts={accountsOf(column.data)} />
      {day !== null && <SlotsOfDay definition={definition} account={query.get("account")} day={day} />}
      {day === null && (
        <Answer of={column}>
          {(data) =>
            data.rows.length === 0 ? (
              <Empty title="No slots in these days">The definition has none yet, or they were longer ago.</Empty>
            ) : (
              <>
                <Spans days={days} onChoose={setDays} />
                <DaysGrid data={data} frequency={declared.data?.frequency ?? ""} />
              </>
            )
          }
        </Answer>
      )}
    </div>
  );
}

interface SpansProps {
  readonly days: number;
  readonly onChoose: (days: number) => void;
}

function Spans({ days, onChoose }: SpansProps) {
  return (
    <header className="panel-head">
      <h2>All accounts by dates</h2>
      <div className="column-spans" role="group" aria-label="How many days">
        {SPANS.map((span) => (
          <button key={span} type="button" className="button button-small" aria-pressed={span === days} onClick={() => onChoose(span)}>
            {span} days
          </button>
        ))}
      </div>
    </header>
  );
}

function about(definition: Definition): string {
  return [definition.description, definition.frequency].filter(Boolean).join(" · ");
}

function accountsOf(column: ColumnDays | undefined): string[] {
  return (column?.rows ?? []).flatMap(({ account }) => account ?? []);
}

/** Whether the last slot of any account has failed: that is the one of the night. */
function hasFailed({ rows }: ColumnDays): boolean {
  return rows.some(({ cells }) => cells.findLast((status) => status !== null) === "failed");
}
