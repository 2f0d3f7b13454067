/** The heads of rows and columns: a name that leads to its page, and how its slots stand. */

import { memo } from "react";
import type { MatrixColumn, MatrixRow } from "~/api/types";
import { Link } from "~/app/router";
import { Meter } from "~/pages/matrix/Meter";
import { toAccount, toDefinition } from "~/parts/names";

interface ColumnHeadProps {
  readonly index: number;
  readonly column: MatrixColumn | undefined;
  readonly left: number;
  readonly width: number;
  readonly starts: boolean;
  readonly current: boolean;
}

export const ColumnHead = memo(function ColumnHead({ index, column, left, width, starts, current }: ColumnHeadProps) {
  return (
    <div
      className={`column-head${current ? " head-current" : ""}${starts ? " column-starts" : ""}`}
      role="columnheader"
      aria-colindex={index + 2}
      style={{ left, width }}
    >
      {column && (
        <>
          <Link to={toDefinition(column.definition)} className="column-name" title={about(column)} tabIndex={-1}>
            {column.definition}
          </Link>
          <Meter counts={column.counts} />
        </>
      )}
    </div>
  );
});

function about(column: MatrixColumn): string {
  const lines = [column.definition];
  if (column.reads_from.length) lines.push(`reads ${column.reads_from.join(", ")}`);
  if (column.writes_to.length) lines.push(`writes ${column.writes_to.join(", ")}`);
  return lines.join("\n");
}

interface RowHeadProps {
  readonly row: MatrixRow | undefined;
  /** The group that begins with this row, or nothing. */
  readonly group: string;
  readonly width: number;
  readonly current: boolean;
}

export const RowHead = memo(function RowHead({ row, group, width, current }: RowHeadProps) {
  const labels = Object.entries(row?.labels ?? {}).map(([key, value]) => `${key}: ${value}`);
  return (
    <div className={`row-head${current ? " head-current" : ""}`} role="rowheader" style={{ width }}>
      {row && (
        <>
          <Link
            to={toAccount(row.account)}
            className="row-name"
            tabIndex={-1}
            title={[row.account ?? "Definitions without account", row.time_zone, ...labels].join("\n")}
          >
            {row.account ?? <em>without account</em>}
          </Link>
          {group && <span className="row-group">{group}</span>}
          {row.late > 0 && <span className="row-late number">{row.late} late</span>}
          <Meter counts={row.counts} />
        </>
      )}
    </div>
  );
});
