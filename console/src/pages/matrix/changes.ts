/** What the stream says has changed, put into what is known of the matrix. */

import type { MatrixCell, MatrixColumn, MatrixRow } from "~/api/types";
import { keyOf, tileOf, type Tiles } from "~/pages/matrix/tile";

/** A slot of the night that has changed: a cell that is named by its account and definition. */
interface ChangedCell extends Omit<MatrixCell, "row" | "column"> {
  readonly account: string | null;
  readonly definition: string;
}

/** The data of an event `slots`. */
export interface ChangedCells {
  readonly cells: readonly ChangedCell[];
}

type Counts = Readonly<Record<string, number>>;

/** Put changed cells in their places, and count them anew. What is not known yet comes as it is when it is asked for. */
export function changeCells(known: Tiles, changed: readonly ChangedCell[]): Tiles {
  const rowOf = new Map([...known.rows].map(([index, row]) => [row.account, index]));
  const columnOf = new Map([...known.columns].map(([index, column]) => [column.definition, index]));
  const next = { rows: new Map(known.rows), columns: new Map(known.columns), tiles: new Map(known.tiles) };
  let counts: Counts = known.counts;
  for (const { account, definition, ...state } of changed) {
    const [row, column] = [rowOf.get(account), columnOf.get(definition)];
    if (row === undefined || column === undefined) continue;
    const tile = next.tiles.get(keyOf(tileOf(row), tileOf(column)));
    const before = tile?.get(keyOf(row, column));
    if (tile === undefined || isOlder(state, before)) continue;
    const cell = { ...state, row, column };
    next.tiles.set(keyOf(tileOf(row), tileOf(column)), new Map(tile).set(keyOf(row, column), cell));
    const count = (of: Counts) => countAnew(of, before?.status, cell.status);
    counts = count(counts);
    recount<MatrixRow>(next.rows, row, count);
    recount<MatrixColumn>(next.columns, column, count);
  }
  return { ...known, ...next, counts };
}

/** Tell of a slot whether its place is taken by one that was due later. */
function isOlder(slot: { slot: string; due_at: string | null }, shown: MatrixCell | undefined): boolean {
  if (shown === undefined || shown.slot === slot.slot) return false;
  return (slot.due_at ?? "") < (shown.due_at ?? "");
}

function recount<Item extends { counts: Counts }>(
  items: Map<number, Item>,
  index: number,
  count: (counts: Counts) => Counts,
): void {
  const item = items.get(index);
  if (item !== undefined) items.set(index, { ...item, counts: count(item.counts) });
}

function countAnew(counts: Counts, before: string | undefined, after: string): Counts {
  const all: Record<string, number> = { ...counts, [after]: (counts[after] ?? 0) + 1 };
  if (before !== undefined) all[before] = Math.max(0, (all[before] ?? 0) - 1);
  return Object.fromEntries(Object.entries(all).filter(([, number]) => number > 0));
}
