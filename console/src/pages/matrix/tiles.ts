/**
 * The part of the matrix that is in view, fetched as tiles and kept.
 *
 * A tile is asked for when it comes into view and the scrolling has come to rest. Changes come with the stream, and cost
 * the server nothing more; only their order and choice, which changes may move, is asked for now and then.
 */

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { ApiError, get } from "~/api/client";
import { useLiveRefresh } from "~/api/hooks";
import type { LiveKind } from "~/api/live";
import type { Matrix, MatrixCell, MatrixColumn, MatrixRow } from "~/api/types";
import { changeCells, type ChangedCells } from "~/pages/matrix/changes";
import { keyOf, TILE, tileOf, type Tiles } from "~/pages/matrix/tile";

const KEPT = 80;
const REST = 70;
const SETTLE = 30_000;

/** To show something at once, the night may have been counted so long ago, in seconds; from STALE on it is anew. */
const FIRST_COUNTED_WITHIN = 86_400;
const STALE = 30_000;

/** First and last index in view, in both directions; last is inside. */
export interface View {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
}

/** What is known of the matrix. The functions give undefined where a tile is not there yet. */
export interface Known {
  readonly at: string | null;
  /** Over the whole night, as far as the search leaves it. */
  readonly counts: Readonly<Record<string, number>>;
  readonly rowCount: number;
  readonly columnCount: number;
  readonly row: (index: number) => MatrixRow | undefined;
  readonly column: (index: number) => MatrixColumn | undefined;
  readonly cell: (row: number, column: number) => MatrixCell | undefined;
  readonly isLoaded: (row: number, column: number) => boolean;
  /** Where an account or a definition stands, as far as that is known; `near` is looked at first. */
  readonly rowOf: (account: string | null, near: number) => number | undefined;
  readonly columnOf: (definition: string, near: number) => number | undefined;
}

const NOTHING: Tiles = {
  path: "",
  at: null,
  counts: {},
  rowCount: 0,
  columnCount: 0,
  rows: new Map(),
  columns: new Map(),
  tiles: new Map(),
};

interface Window {
  readonly known: Known | null;
  readonly error: ApiError | undefined;
  readonly refresh: () => void;
}

/** Tiles that were asked for together: of one question, since the last change. */
interface Batch {
  readonly of: string;
  readonly there: Set<string>;
  readonly underWay: Map<string, AbortController>;
}

/** Read the window in view of the matrix at `path`; `isNow` has it follow the stream. */
export function useTiles(path: string, view: View, isNow: boolean): Window {
  const [tiles, setTiles] = useState<Tiles>(NOTHING);
  const [error, setError] = useState<ApiError>();
  const [round, setRound] = useState(0);
  const batch = useRef<Batch>({ of: "", there: new Set(), underWay: new Map() });
  const isShown = useRef(false);
  const wanted = keysOf(view).join(" ");
  const refresh = useCallback(() => setRound((count) => count + 1), []);

  useEffect(() => {
    const timer = window.setTimeout(() => {
      const keys = wanted.split(" ");
      const current = (batch.current = batchFor(`${path} ${round}`, batch.current));
      giveUp(current, keys);
      for (const key of keys) if (!current.there.has(key) && !current.underWay.has(key)) void ask(current, key);
    }, REST);
    return () => window.clearTimeout(timer);

    async function ask({ there, underWay }: Batch, key: string): Promise<void> {
      const controller = new AbortController();
      underWay.set(key, controller);
      try {
        const first = isNow && !isShown.current;
        const answer = await load(path, key, controller.signal, first ? FIRST_COUNTED_WITHIN : undefined);
        there.add(key);
        isShown.current = true;
        setTiles((known) => put(known, path, key, answer));
        setError(undefined);
        if (first && Date.parse(answer.at) - Date.parse(answer.counted_at) > STALE) refresh();
      } catch (failure) {
        if (controller.signal.aborted) return;
        if (!(failure instanceof ApiError)) throw failure;
        setError(failure);
      } finally {
        if (underWay.get(key) === controller) underWay.delete(key);
      }
    }
  }, [path, wanted, round, isNow, refresh]);

  useEffect(() => () => giveUp(batch.current, []), []);
  const hear = useCallback((kind: LiveKind, data: unknown) => {
    if (kind !== "slots") return false;
    setTiles((known) => changeCells(known, (data as ChangedCells).cells));
    return true;
  }, []);
  useLiveRefresh({ topics: isNow ? ["night"] : [], hear, within: SETTLE, refresh });
  const known = useMemo(() => (tiles.path ? knownOf(tiles) : null), [tiles]);
  return { known, error, refresh };
}

/** Return the batch that is under way, or begin another and give that one up. */
function batchFor(of: string, last: Batch): Batch {
  if (last.of === of) return last;
  giveUp(last, []);
  return { of, there: new Set(), underWay: new Map() };
}

/** Ask no longer for tiles that are out of view again. */
function giveUp({ underWay }: Batch, wanted: readonly string[]): void {
  for (const [key, controller] of underWay) {
    if (wanted.includes(key)) continue;
    controller.abort();
    underWay.delete(key);
  }
}

function keysOf(view: View): string[] {
  const keys: string[] = [];
  for (let row = tileOf(view.rows[0]); row <= tileOf(view.rows[1]); row += 1) {
    for (let column = tileOf(view.columns[0]); column <= tileOf(view.columns[1]); column += 1) {
      keys.push(keyOf(row, column));
    }
  }
  return keys;
}

function load(path: string, key: string, signal: AbortSignal, countedWithin?: number): Promise<Matrix> {
  const [row = 0, column = 0] = key.split(":").map(Number);
  const view = `row_offset=${row * TILE}&row_limit=${TILE}&column_offset=${column * TILE}&column_limit=${TILE}`;
  const part = countedWithin === undefined ? view : `${view}&counted_within=${countedWithin}`;
  return get<Matrix>(`${path}${path.includes("?") ? "&" : "?"}${part}`, signal);
}

/** Put a tile to those that are known; those of another question, or another size, are forgotten. */
function put(known: Tiles, path: string, key: string, answer: Matrix): Tiles {
  const fits =
    known.path === path && known.rowCount === answer.rows.total && known.columnCount === answer.columns.total;
  const base = fits ? known : NOTHING;
  const cells = new Map(answer.cells.map((cell) => [keyOf(cell.row, cell.column), cell]));
  return {
    path,
    at: answer.at,
    counts: answer.counts,
    rowCount: answer.rows.total,
    columnCount: answer.columns.total,
    rows: withItems(base.rows, answer.rows),
    columns: withItems(base.columns, answer.columns),
    tiles: new Map([...[...base.tiles].filter(([other]) => other !== key).slice(1 - KEPT), [key, cells]]),
  };
}

function withItems<T>(known: ReadonlyMap<number, T>, part: { offset: number; items: T[] }): ReadonlyMap<number, T> {
  const all = new Map(known);
  part.items.forEach((item, index) => all.set(part.offset + index, item));
  return all;
}

function knownOf(tiles: Tiles): Known {
  const tile = (row: number, column: number) => tiles.tiles.get(keyOf(tileOf(row), tileOf(column)));
  return {
    at: tiles.at,
    counts: tiles.counts,
    rowCount: tiles.rowCount,
    columnCount: tiles.columnCount,
    row: (index) => tiles.rows.get(index),
    column: (index) => tiles.columns.get(index),
    cell: (row, column) => tile(row, column)?.get(keyOf(row, column)),
    isLoaded: (row, column) => tile(row, column) !== undefined,
    rowOf: (account, near) => placeOf(tiles.rows, near, (row) => row.account === account),
    columnOf: (definition, near) => placeOf(tiles.columns, near, (column) => column.definition === definition),
  };
}

function placeOf<T>(items: ReadonlyMap<number, T>, near: number, isMeant: (item: T) => boolean): number | undefined {
  const there = items.get(near);
  if (there !== undefined && isMeant(there)) return near;
  for (const [index, item] of items) if (isMeant(item)) return index;
  return undefined;
}
