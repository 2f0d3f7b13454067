/** Boxes of the graph: a step each, but for many alike, side by side, which share one. */

import type { PlanStep } from "~/api/details";

/** One step, or steps of one action that wait for the same and are waited for by the same. Never empty. */
export interface Box {
  /** The number of its first step. */
  readonly id: number;
  readonly steps: readonly PlanStep[];
}

const FEWEST = 8;

/** Return the boxes of a plan, in the order of their first steps. */
export function boxesOf(steps: readonly PlanStep[]): readonly Box[] {
  const waited = dependents(steps);
  const alike = new Map<string, PlanStep[]>();
  for (const step of steps) {
    const key = JSON.stringify([step.action, step.phase, step.parent, step.finalizes, step.needs, step.after, waited.get(step.step)]);
    const others = alike.get(key);
    if (others) others.push(step);
    else alike.set(key, [step]);
  }
  return [...alike.values()]
    .flatMap((group) => (group.length >= FEWEST ? [group] : group.map((step) => [step])))
    .map((group) => ({ id: group[0]?.step ?? 0, steps: group }))
    .sort((one, other) => one.id - other.id);
}

function dependents(steps: readonly PlanStep[]): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  for (const step of steps) {
    for (const from of [...step.needs, ...step.after, step.finalizes, step.parent]) {
      if (from === null) continue;
      const known = found.get(from);
      if (known) known.push(step.step);
      else found.set(from, [step.step]);
    }
  }
  return found;
}
