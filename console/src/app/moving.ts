/** The keys that move a cursor over rows and columns, the same wherever there is one. */

import type { KeyMap } from "~/app/keyboard";

export interface Place {
  readonly row: number;
  readonly column: number;
}

interface Extent {
  readonly rows: number;
  readonly columns: number;
}

interface Names {
  readonly row: string;
  readonly column: string;
}

const PAGE = 15;

/** Return the keys that move from `place`, by what rows and columns are called. */
export function movingKeys(place: Place, { rows, columns }: Extent, names: Names, put: (place: Place) => void): KeyMap {
  const move = (down: number, right: number) => () =>
    put(inside({ row: place.row + down, column: place.column + right }, { rows, columns }));
  return {
    ArrowDown: { does: `One ${names.row} down`, run: move(1, 0) },
    ArrowUp: { does: `One ${names.row} up`, run: move(-1, 0) },
    ArrowRight: { does: `One ${names.column} on`, run: move(0, 1) },
    ArrowLeft: { does: `One ${names.column} back`, run: move(0, -1) },
    j: { does: "Down", run: move(1, 0) },
    k: { does: "Up", run: move(-1, 0) },
    l: { does: "Right", run: move(0, 1) },
    h: { does: "Left", run: move(0, -1) },
    PageDown: { does: "A page down", run: move(PAGE, 0) },
    PageUp: { does: "A page up", run: move(-PAGE, 0) },
    Home: { does: `First ${names.column}`, run: move(0, -columns) },
    End: { does: `Last ${names.column}`, run: move(0, columns) },
    "Ctrl+Home": { does: "First cell", run: move(-rows, -columns) },
    "Ctrl+End": { does: "Last cell", run: move(rows, columns) },
  };
}

/** Return the place that is nearest and there. */
export function inside(place: Place, { rows, columns }: Extent): Place {
  const row = Math.max(0, Math.min(place.row, rows - 1));
  const column = Math.max(0, Math.min(place.column, columns - 1));
  return row === place.row && column === place.column ? place : { row, column };
}

interface CellSizes {
  readonly cell: number;
  readonly row: number;
  /** What stays at the left, and at the top. */
  readonly head: number;
  readonly top: number;
}

/** Scroll no further than it takes to have a cell in view, clear of the heads that stay. */
export function reveal(scroller: HTMLElement, { row, column }: Place, { cell, row: height, head, top }: CellSizes): void {
  const width = scroller.clientWidth - head;
  const depth = scroller.clientHeight - top;
  scroller.scrollLeft = nearest(scroller.scrollLeft, column * cell, cell, width);
  scroller.scrollTop = nearest(scroller.scrollTop, row * height, height, depth);
}

function nearest(scrolled: number, start: number, size: number, room: number): number {
  return start < scrolled ? start : Math.max(scrolled, start + size - room);
}
