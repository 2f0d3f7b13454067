/** The matrix as it is kept: rows and columns by their index, cells in square tiles. */

import type { MatrixCell, MatrixColumn, MatrixRow } from "~/api/types";

/** How many rows and columns a tile has. */
export const TILE = 40;

/** What is known of the matrix at `path`. A tile that has come has all its cells; a place without cell has no slot. */
export interface Tiles {
  readonly path: string;
  readonly at: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly rowCount: number;
  readonly columnCount: number;
  readonly rows: ReadonlyMap<number, MatrixRow>;
  readonly columns: ReadonlyMap<number, MatrixColumn>;
  readonly tiles: ReadonlyMap<string, ReadonlyMap<string, MatrixCell>>;
}

export function tileOf(index: number): number {
  return Math.floor(Math.max(0, index) / TILE);
}

export function keyOf(row: number, column: number): string {
  return `${row}:${column}`;
}
