/** Which cell the keyboard is on. */

import { useCallback, useState } from "react";
import type { KeyMap } from "~/app/keyboard";

export interface Place {
  readonly row: number;
  readonly column: number;
}

export interface Extent {
  readonly rows: number;
  readonly columns: number;
}

const PAGE = 15;

interface Cursor {
  readonly place: Place;
  readonly put: (place: Place) => void;
  readonly keys: KeyMap;
}

/** Hold the cursor inside the matrix, and say which keys move it. */
export function useCursor(extent: Extent): Cursor {
  const [wanted, setWanted] = useState<Place>({ row: 0, column: 0 });
  const place = inside(wanted, extent);
  const move = (rows: number, columns: number) => () =>
    setWanted(inside({ row: place.row + rows, column: place.column + columns }, extent));
  const keys: KeyMap = {
    ArrowDown: { does: "One account down", run: move(1, 0) },
    ArrowUp: { does: "One account up", run: move(-1, 0) },
    ArrowRight: { does: "One definition on", run: move(0, 1) },
    ArrowLeft: { does: "One definition back", run: move(0, -1) },
    j: { does: "Down", run: move(1, 0) },
    k: { does: "Up", run: move(-1, 0) },
    l: { does: "Right", run: move(0, 1) },
    h: { does: "Left", run: move(0, -1) },
    PageDown: { does: "A page down", run: move(PAGE, 0) },
    PageUp: { does: "A page up", run: move(-PAGE, 0) },
    Home: { does: "First definition", run: move(0, -extent.columns) },
    End: { does: "Last definition", run: move(0, extent.columns) },
    "Ctrl+Home": { does: "First cell", run: move(-extent.rows, -extent.columns) },
    "Ctrl+End": { does: "Last cell", run: move(extent.rows, extent.columns) },
  };
  return { place, put: useCallback(setWanted, [setWanted]), keys };
}

function inside(place: Place, { rows, columns }: Extent): Place {
  const row = Math.max(0, Math.min(place.row, rows - 1));
  const column = Math.max(0, Math.min(place.column, columns - 1));
  return row === place.row && column === place.column ? place : { row, column };
}
