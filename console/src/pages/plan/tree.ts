/** A plan as a tree: who planned whom, with what finalizes an action right after it. */

import type { PlanStep } from "~/api/details";

export interface Branch {
  readonly step: PlanStep;
  readonly depth: number;
}

/** Return the steps from the top of the tree down, each with how deep it stands. */
export function branchesOf(steps: readonly PlanStep[]): readonly Branch[] {
  const known = new Set(steps.map((step) => step.step));
  const children = new Map<number | null, PlanStep[]>();
  for (const step of steps) {
    const parent = step.parent !== null && known.has(step.parent) ? step.parent : null;
    const siblings = children.get(parent);
    if (siblings) siblings.push(step);
    else children.set(parent, [step]);
  }
  const branches: Branch[] = [];
  const rest = (children.get(null) ?? []).map((step) => ({ step, depth: 0 })).reverse();
  for (let next = rest.pop(); next; next = rest.pop()) {
    branches.push(next);
    const { step, depth } = next;
    for (const child of [...(children.get(step.step) ?? [])].reverse()) rest.push({ step: child, depth: depth + 1 });
  }
  return branches;
}
