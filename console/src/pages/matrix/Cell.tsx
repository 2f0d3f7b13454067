/** One slot of the matrix: colour and sign, attempts beyond the first, progress, lateness. */

import { memo } from "react";
import type { MatrixCell } from "~/api/types";
import { duration, shortDuration } from "~/app/time";
import { Sign } from "~/parts/StatusMark";
import { faceOf } from "~/parts/statuses";

interface CellProps {
  readonly row: number;
  readonly column: number;
  readonly left: number;
  readonly cell: MatrixCell | undefined;
  readonly loaded: boolean;
  readonly current: boolean;
  /** It is one of several that are selected. */
  readonly picked: boolean;
  /** Something else was asked for. */
  readonly faint: boolean;
  readonly name: string;
}

export const cellId = (row: number, column: number): string => `cell-${row}-${column}`;

export const Cell = memo(function Cell({ row, column, left, cell, loaded, current, picked, faint, name }: CellProps) {
  const tone = cell ? ` tone-${faceOf(cell.status).tone} cell-${cell.status}` : "";
  return (
    <div
      id={cellId(row, column)}
      role="gridcell"
      aria-colindex={column + 2}
      aria-selected={current || picked}
      aria-label={cell ? `${name}: ${inWords(cell)}` : `${name}: ${loaded ? "no slot" : "loading"}`}
      className={`cell${tone}${current ? " cell-current" : ""}${picked ? " cell-picked" : ""}${loaded ? "" : " cell-loading"}${faint ? " cell-faint" : ""}`}
      style={{ left }}
      data-row={row}
      data-column={column}
    >
      {cell && <Inside cell={cell} />}
    </div>
  );
}, sameCell);

/** Compare what is drawn: a tile that was fetched anew holds equal cells, not the same ones. */
function sameCell(one: CellProps, other: CellProps): boolean {
  return (
    one.left === other.left &&
    one.current === other.current &&
    one.picked === other.picked &&
    one.loaded === other.loaded &&
    one.faint === other.faint &&
    one.name === other.name &&
    looksAlike(one.cell, other.cell)
  );
}

function looksAlike(one: MatrixCell | undefined, other: MatrixCell | undefined): boolean {
  if (one === other || !one || !other) return one === other;
  return (
    one.status === other.status &&
    one.attempts === other.attempts &&
    one.progress === other.progress &&
    shortLate(one) === shortLate(other)
  );
}

function Inside({ cell }: { readonly cell: MatrixCell }) {
  const late = shortLate(cell);
  return (
    <span className="cell-face">
      <Sign status={cell.status} />
      {(cell.attempts > 1 || late) && (
        <span className="cell-notes">
          {cell.attempts > 1 && <span>×{cell.attempts}</span>}
          {late && <span className="cell-late">{late}</span>}
        </span>
      )}
      {cell.progress !== null && (
        <span className="cell-progress">
          <span style={{ width: `${cell.progress * 100}%` }} />
        </span>
      )}
    </span>
  );
}

function shortLate(cell: MatrixCell): string {
  return cell.late_seconds !== null && cell.late_seconds > 0 ? shortDuration(cell.late_seconds) : "";
}

/** Return all that a cell shows, in words. */
export function inWords(cell: MatrixCell): string {
  const parts = [faceOf(cell.status).label];
  if (cell.attempts > 1) parts.push(`${cell.attempts} attempts`);
  if (cell.progress !== null) parts.push(`${Math.round(cell.progress * 100)} %`);
  if (cell.late_seconds !== null && cell.late_seconds > 0) parts.push(`${duration(cell.late_seconds)} late`);
  return parts.join(", ");
}
