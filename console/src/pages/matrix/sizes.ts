/** How large things in the matrix are: less on a phone. */

import { useSyncExternalStore } from "react";

export interface Sizes {
  /** Of a cell, with its gap. */
  readonly cell: number;
  readonly row: number;
  /** Width of the heads of rows. */
  readonly head: number;
  /** Height of the heads of columns. */
  readonly top: number;
  /** How far the name of the last column leans out to the right. */
  readonly lean: number;
}

const WIDE: Sizes = { cell: 50, row: 30, head: 264, top: 118, lean: 92 };
const NARROW: Sizes = { cell: 50, row: 32, head: 128, top: 104, lean: 76 };
const isNarrow = window.matchMedia("(max-width: 700px)");

export function useSizes(): Sizes {
  const narrow = useSyncExternalStore(
    (watcher) => {
      isNarrow.addEventListener("change", watcher);
      return () => isNarrow.removeEventListener("change", watcher);
    },
    () => isNarrow.matches,
  );
  return narrow ? NARROW : WIDE;
}
