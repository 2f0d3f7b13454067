/** The line of a plan that the keyboard is on: keys move it, open a step beside the list, and fold what is below it. */

import { type RefObject, useEffect, useState } from "react";
import type { PlanStep } from "~/api/details";
import { afterEach, type KeyMap, useKeys } from "~/app/keyboard";
import { rowKeys } from "~/parts/rows";

/** Where the cursor can be: a step of the plan, or something else that has a line. */
export interface Stop {
  readonly key: string;
  readonly step: PlanStep | null;
}

export const keyOfStep = (run: number, step: number): string => `${run}/${step}/step`;

interface Cursor {
  readonly stops: readonly Stop[];
  /** The step that is open beside the list. */
  readonly open: PlanStep | null;
  readonly show: (step: number | null) => void;
  /** Open what is at a line. */
  readonly enter: (at: number) => void;
  /** Further keys, by where the cursor is and what puts it elsewhere. */
  readonly more: (at: number, put: (at: number) => void) => KeyMap;
  readonly list: RefObject<HTMLDivElement | null>;
}

/** Return the line that the keyboard is on. It stays on the same, wherever that moves, or in its place where that goes; the step that is open is followed. */
export function useCursor({ stops, open, show, enter, more, list }: Cursor): number {
  const [on, setOn] = useState({ key: "", at: 0 });
  const found = stops.findIndex(({ key }) => key === on.key);
  const current = found >= 0 ? found : Math.max(0, Math.min(on.at, stops.length - 1));
  const opened = open === null ? undefined : stops.find(({ step }) => step?.step === open.step)?.key;
  useEffect(() => {
    if (opened !== undefined) setOn(({ at }) => ({ key: opened, at }));
  }, [opened]);
  function put(at: number): void {
    const stop = stops[at];
    if (!stop) return;
    setOn({ key: stop.key, at });
    if (open && stop.step) show(stop.step.step);
  }
  const failed = stops.find(({ step }) => step?.status === "error");
  const keys: KeyMap = {
    ...rowKeys(current, stops.length, "step", put),
    ...more(current, put),
    Enter: { does: "Open the step", run: () => enter(current) },
    Escape: { does: "Close the step", run: () => show(null) },
    e: { does: "Go to the first step that failed", run: () => failed?.step && show(failed.step.step) },
  };
  useKeys("Plan", afterEach(keys, () => list.current?.focus({ preventScroll: true })));
  return current;
}
