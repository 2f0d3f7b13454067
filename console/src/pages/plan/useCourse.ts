/** The lines of the timeline, with what was unfolded below them, and what keys and clicks do to these. */

import { useMemo } from "react";
import type { KeyMap } from "~/app/keyboard";
import { navigate } from "~/app/router";
import { type CourseLine, linesOf, neighbourOf } from "~/pages/plan/course";
import type { Stop } from "~/pages/plan/cursor";
import type { Branch } from "~/pages/plan/tree";
import { useFolding } from "~/pages/plan/Unfold";
import { toChildren, toPlan, toStep } from "~/parts/names";

/** Return a line as a place for the cursor. Steps of other plans do not open beside this one. */
export function stopOf(line: CourseLine): Stop {
  return { key: line.key, step: line.is === "step" && line.depth === 0 ? line.step : null };
}

/** Return the course of a run's steps, in the order given. */
export function useCourse(run: number, branches: readonly Branch[], show: (step: number) => void) {
  const { unfolded, fold, take } = useFolding();
  const lines = useMemo(() => linesOf(run, branches.map(({ step }) => step), unfolded), [run, branches, unfolded]);
  function open(line: CourseLine | undefined): void {
    switch (line?.is) {
      case "step":
        return line.depth === 0 ? show(line.step.step) : navigate(toStep(line.run, line.step.step));
      case "run":
        return navigate(toPlan(line.plan.run));
      case "word":
        return line.moreOf === null ? undefined : navigate(toChildren(line.moreOf));
    }
  }
  function keys(at: number, put: (at: number) => void): KeyMap {
    const place = lines[at]?.fold ?? null;
    const isOpen = place !== null && unfolded.has(place);
    const unfold = (): void => (place !== null && !isOpen ? fold(place) : put(neighbourOf(lines, at, "in")));
    const away = (): void => (isOpen ? fold(place) : put(neighbourOf(lines, at, "out")));
    return {
      ArrowRight: { does: "Unfold the runs that a step has started, or their steps", run: unfold },
      ArrowLeft: { does: "Fold them away, or go to what is above", run: away },
    };
  }
  function foldLine(line: CourseLine): void {
    if (line.fold !== null) fold(line.fold);
  }
  return { lines, unfolded, take, open, keys, fold: foldLine };
}
