/** The row of a list that the keyboard is on, and the keys that move it: the same in every list. */

import { type RefObject, useState } from "react";
import { afterEach, type KeyMap, useKeys } from "~/app/keyboard";

const PAGE = 15;

/** Return the keys that move from row `at` of `count` rows, by what one of them is called. */
export function rowKeys(at: number, count: number, one: string, put: (row: number) => void): KeyMap {
  const to = (row: number) => () => put(Math.max(0, Math.min(count - 1, row)));
  const [next, before] = [{ does: `Next ${one}`, run: to(at + 1) }, { does: `The ${one} before`, run: to(at - 1) }];
  return {
    j: next,
    k: before,
    ArrowDown: next,
    ArrowUp: before,
    PageDown: { does: "A page down", run: to(at + PAGE) },
    PageUp: { does: "A page up", run: to(at - PAGE) },
    Home: { does: `First ${one}`, run: to(0) },
    End: { does: `Last ${one}`, run: to(count - 1) },
  };
}

interface Options {
  /** Keys bring the focus to the list, so that Tab goes on from there. */
  readonly list: RefObject<HTMLDivElement | null>;
  /** Further keys of the list. */
  readonly more?: KeyMap;
}

/** Have keys move over rows and open one; return which of them the keyboard is on. */
export function useRows<Row>(name: string, one: string, rows: readonly Row[], open: (row: Row) => void, { list, more = {} }: Options): number {
  const [put, setPut] = useState(0);
  const current = Math.max(0, Math.min(put, rows.length - 1));
  const row = rows[current];
  useKeys(name, {
    ...afterEach(rowKeys(current, rows.length, one, setPut), () => list.current?.focus({ preventScroll: true })),
    Enter: { does: `Open the ${one}`, run: () => row !== undefined && open(row) },
    ...more,
  });
  return current;
}
