/** One definition: all accounts by dates. */

import { useState } from "react";
import { inPath, withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { ColumnDays, Definition } from "~/api/types";
import { useNight } from "~/app/night";
import type { PageProps } from "~/app/routes";
import { DaysGrid } from "~/pages/column/DaysGrid";
import { Answer } from "~/parts/Answer";
import { Paused, PausingButtons } from "~/parts/acting/Pausing";
import { Empty } from "~/parts/Empty";
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
        <div className="column-spans" role="group" aria-label="How many days">
          {SPANS.map((span) => (
            <button
              key={span}
              type="button"
              className="button"
              aria-pressed={span === days}
              onClick={() => setDays(span)}
            >
              {span} days
            </button>
          ))}
        </div>
      </header>
      <Paused request={declared.data?.paused ?? null} />
      <Answer of={column}>
        {(data) =>
          data.rows.length === 0 ? (
            <Empty title="No slots in these days">The definition has none yet, or they were longer ago.</Empty>
          ) : (
            <DaysGrid data={data} frequency={declared.data?.frequency ?? ""} />
          )
        }
      </Answer>
    </div>
  );
}

function about(definition: Definition): string {
  return [definition.description, definition.frequency].filter(Boolean).join(" · ");
}

/** Whether the last slot of any account has failed: that is the one of the night. */
function hasFailed({ rows }: ColumnDays): boolean {
  return rows.some(({ cells }) => cells.findLast((status) => status !== null) === "failed");
}
