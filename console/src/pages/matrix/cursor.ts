/** Which slot the keyboard is on. It stays on its account and definition when rows change their order. */

import { useCallback, useMemo, useState } from "react";
import type { MatrixCell } from "~/api/types";
import type { KeyMap } from "~/app/keyboard";
import { inside, movingKeys, type Place } from "~/app/moving";
import type { Known } from "~/pages/matrix/tiles";

/** A slot of several that are selected, as it stood then. */
export interface Picked {
  readonly slot: string;
  readonly status: MatrixCell["status"];
}

interface Chosen {
  readonly place: Place;
  /** Where a selection began; it reaches to `place`. */
  readonly anchor: Place | null;
  /** The slots that were selected, by name: rows may change their order. */
  readonly picked: readonly Picked[];
  /** What stood there when a person chose it; null before anybody has chosen. */
  readonly what: { readonly account: string | null; readonly definition: string; readonly slot: string | undefined } | null;
}

interface Cursor {
  /** Where it is now. */
  readonly place: Place;
  /** Where it was put last: another object each time. */
  readonly put: Place;
  /** The slot that it is on, also when that is no longer among those shown. */
  readonly slot: string | undefined;
  /** The slots that are selected together; none while there is only the cursor. */
  readonly picked: readonly Picked[];
  readonly choose: (place: Place) => void;
  /** Select all from where the cursor was put to this place. */
  readonly extend: (place: Place) => void;
  readonly keys: KeyMap;
}

const NONE: readonly Picked[] = [];
const FIRST: Chosen = { place: { row: 0, column: 0 }, what: null, anchor: null, picked: NONE };
const NAMES = { row: "account", column: "definition" };

export function useCursor(known: Known | null): Cursor {
  const [chosen, setChosen] = useState(FIRST);
  const { place, slot } = useMemo(() => follow(chosen, known), [chosen, known]);
  const choose = useCallback(
    (to: Place) => setChosen({ place: { ...to }, what: whatIsAt(to, known), anchor: null, picked: NONE }),
    [known],
  );
  const extend = useCallback(
    (to: Place) =>
      setChosen((last) => {
        const anchor = last.anchor ?? place;
        return { place: { ...to }, what: whatIsAt(to, known), anchor, picked: slotsBetween(anchor, to, known) };
      }),
    [known, place],
  );
  const extent = { rows: known?.rowCount ?? 0, columns: known?.columnCount ?? 0 };
  const keys = { ...movingKeys(place, extent, NAMES, choose), ...selectingKeys(movingKeys(place, extent, NAMES, extend)) };
  return { place, put: chosen.place, slot, picked: chosen.picked, choose, extend, keys };
}

/** Return the arrows with Shift, which select. */
function selectingKeys(keys: KeyMap): KeyMap {
  const arrows = Object.entries(keys).filter(([key]) => key.startsWith("Arrow"));
  return Object.fromEntries(arrows.map(([key, { run }]) => [`Shift+${key}`, { does: "Select several slots", run }]));
}

/** Return the slots of a rectangle, as far as they are known. */
function slotsBetween(one: Place, other: Place, known: Known | null): readonly Picked[] {
  const picked: Picked[] = [];
  for (let row = Math.min(one.row, other.row); row <= Math.max(one.row, other.row); row += 1) {
    for (let column = Math.min(one.column, other.column); column <= Math.max(one.column, other.column); column += 1) {
      const cell = known?.cell(row, column);
      if (cell) picked.push({ slot: cell.slot, status: cell.status });
    }
  }
  return picked;
}

function whatIsAt(place: Place, known: Known | null): Chosen["what"] {
  const row = known?.row(place.row);
  const column = known?.column(place.column);
  if (!row || !column) return null;
  return { account: row.account, definition: column.definition, slot: known?.cell(place.row, place.column)?.slot };
}

/** Find what was chosen where it is now. */
function follow({ place, what }: Chosen, known: Known | null): Pick<Cursor, "place" | "slot"> {
  if (!known) return { place, slot: what?.slot };
  const near = inside(place, { rows: known.rowCount, columns: known.columnCount });
  if (!what) return { place: near, slot: known.cell(near.row, near.column)?.slot };
  const row = known.rowOf(what.account, near.row);
  const column = known.columnOf(what.definition, near.column);
  if (row === undefined || column === undefined) return { place: near, slot: what.slot };
  const slot = known.isLoaded(row, column) ? known.cell(row, column)?.slot : what.slot;
  return { place: { row, column }, slot };
}
