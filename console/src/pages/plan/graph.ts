/** A plan as a drawing: every step in the layer after all that it waits for, near what it is joined to. */

import type { PlanStep } from "~/api/details";

export interface Placed {
  readonly step: PlanStep;
  readonly x: number;
  readonly y: number;
}

export interface Drawing {
  readonly placed: readonly Placed[];
  readonly edges: readonly { readonly from: number; readonly to: number; readonly order: boolean }[];
}

const COLUMN = 250;
const ROW = 74;
const SWEEPS = 4;

/** Lay steps out from left to right. What planned the others stands first; what finalizes stands after its action. */
export function layOut(steps: readonly PlanStep[]): Drawing {
  const edges = steps.flatMap((step) => [
    ...step.needs.map((from) => ({ from, to: step.step, order: false })),
    ...step.after.map((from) => ({ from, to: step.step, order: true })),
    ...implied(step),
  ]);
  const layers = layersOf(steps, edges);
  const rows = untangle(layers, edges);
  const placed = layers.flatMap((layer, depth) =>
    layer.map((step) => ({ step, x: depth * COLUMN, y: ((rows.get(step.step) ?? 0) - (layer.length - 1) / 2) * ROW })),
  );
  return { placed, edges };
}

/** A step that waits for nothing of the plan begins when its planner is done. */
function implied(step: PlanStep): Drawing["edges"] {
  if (step.needs.length > 0 || step.after.length > 0) return [];
  const from = step.finalizes ?? step.parent;
  return from === null ? [] : [{ from, to: step.step, order: true }];
}

function layersOf(steps: readonly PlanStep[], edges: Drawing["edges"]): readonly (readonly PlanStep[])[] {
  const before = new Map<number, number[]>();
  for (const { from, to } of edges) before.set(to, [...(before.get(to) ?? []), from]);
  const depths = new Map<number, number>();
  for (const { step } of [...steps].sort((one, other) => one.step - other.step)) depths.set(step, 0);
  for (let changed = true, round = 0; changed && round <= steps.length; round += 1) {
    changed = false;
    for (const { step } of steps) {
      const depth = Math.max(0, ...(before.get(step) ?? []).map((from) => (depths.get(from) ?? 0) + 1));
      if (depth !== depths.get(step)) {
        depths.set(step, depth);
        changed = true;
      }
    }
  }
  const layers: PlanStep[][] = [];
  for (const step of steps) (layers[depths.get(step.step) ?? 0] ??= []).push(step);
  return layers.map((layer) => layer ?? []);
}

/** Order each layer by where its neighbours stand, forth and back a few times: fewer lines cross. */
function untangle(layers: readonly (readonly PlanStep[])[], edges: Drawing["edges"]): ReadonlyMap<number, number> {
  const rows = new Map<number, number>();
  for (const layer of layers) layer.forEach(({ step }, row) => rows.set(step, row));
  const [before, after] = [neighbours(edges, "to", "from"), neighbours(edges, "from", "to")];
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forth = sweep % 2 === 0;
    for (const layer of forth ? layers : [...layers].reverse()) {
      const middle = (step: number): number => {
        const near = (forth ? before : after).get(step) ?? [];
        if (near.length === 0) return rows.get(step) ?? 0;
        return near.reduce((sum, one) => sum + (rows.get(one) ?? 0), 0) / near.length;
      };
      const ordered = layer.map(({ step }) => [step, middle(step)] as const).sort((one, other) => one[1] - other[1]);
      ordered.forEach(([step], row) => rows.set(step, row));
    }
  }
  return rows;
}

function neighbours(edges: Drawing["edges"], of: "from" | "to", are: "from" | "to"): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  for (const edge of edges) found.set(edge[of], [...(found.get(edge[of]) ?? []), edge[are]]);
  return found;
}
