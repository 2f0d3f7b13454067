/**
 * A plan as a drawing: every box in the layer after all that it waits for, near what it is joined to.
 *
 * A line that passes layers has a place of its own in each of them, so that it goes between boxes and never behind one.
 */

import type { PlanStep } from "~/api/details";
import { type Box, boxesOf } from "~/pages/plan/bundles";

export const WIDTH = 200;
const COLUMN = 264;
const ROW = 72;
const LANE = 22;
const SWEEPS = 8;
const MOST_REDUCED = 600;
/** Of more passages in all, lines that pass many layers go straight: there is no room for each of them anyway. */
const MOST_PASSAGES = 4_000;
const SHORT = 4;

export interface Placed {
  readonly box: Box;
  readonly x: number;
  readonly y: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  readonly from: number;
  readonly to: number;
  /** Whether it says nothing but what comes first. */
  readonly order: boolean;
  /** Where it passes layers between: the left end of each passage. */
  readonly passes: readonly Point[];
}

export interface Drawing {
  readonly placed: readonly Placed[];
  readonly lines: readonly Line[];
}

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly order: boolean;
}

/** What stands in a layer: a box, or a line on its way through. */
interface Spot {
  readonly key: string;
  readonly box: Box | null;
  readonly before: string[];
  readonly after: string[];
}

type Layers = readonly (readonly Spot[])[];

/** Lay a plan out from left to right. What planned the others stands first; what finalizes stands after its action. */
export function layOut(steps: readonly PlanStep[]): Drawing {
  const boxes = boxesOf(steps);
  const known = edgesOf(boxes);
  const depths = depthsOf(boxes, known);
  const edges = boxes.length > MOST_REDUCED ? known : withoutNeedless(known);
  const ways = waysOf(edges, depths);
  const layers = settle(untangle(spotsOf(boxes, ways, depths)));
  const at = new Map(layers.flatMap((layer, depth) => layer.map(({ spot, y }) => [spot.key, { x: depth * COLUMN, y }] as const)));
  return {
    placed: boxes.map((box) => ({ box, ...(at.get(String(box.id)) ?? { x: 0, y: 0 }) })),
    lines: ways.map(({ edge, passes }) => ({ ...edge, passes: passes.map((key) => at.get(key) ?? { x: 0, y: 0 }) })),
  };
}

function edgesOf(boxes: readonly Box[]): readonly Edge[] {
  const home = new Map(boxes.flatMap(({ id, steps }) => steps.map((step) => [step.step, id] as const)));
  const found = new Map<string, Edge>();
  function add(from: number, to: number, order: boolean): void {
    const source = home.get(from);
    if (source === undefined || source === to) return;
    const key = `${source} ${to}`;
    if (!order || !found.has(key)) found.set(key, { from: source, to, order });
  }
  for (const { id, steps } of boxes) {
    const [step] = steps; // of those alike, all wait for the same
    if (!step) continue;
    for (const from of step.needs) add(from, id, false);
    for (const from of step.after) add(from, id, true);
    const begins = step.finalizes ?? step.parent; // what waits for nothing begins when its planner is done
    if (step.needs.length + step.after.length === 0 && begins !== null) add(begins, id, true);
  }
  return [...found.values()];
}

function depthsOf(boxes: readonly Box[], edges: readonly Edge[]): ReadonlyMap<number, number> {
  const after = neighbours(edges, "from", "to");
  const missing = new Map(boxes.map(({ id }) => [id, 0]));
  for (const { to } of edges) missing.set(to, (missing.get(to) ?? 0) + 1);
  const depths = new Map(boxes.map(({ id }) => [id, 0]));
  const ready = boxes.filter(({ id }) => missing.get(id) === 0).map(({ id }) => id);
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    for (const next of after.get(id) ?? []) {
      depths.set(next, Math.max(depths.get(next) ?? 0, (depths.get(id) ?? 0) + 1));
      missing.set(next, (missing.get(next) ?? 0) - 1);
      if (missing.get(next) === 0) ready.push(next);
    }
  }
  return depths;
}

/** Leave out lines of mere order that a longer way says as well. */
function withoutNeedless(edges: readonly Edge[]): readonly Edge[] {
  const after = neighbours(edges, "from", "to");
  const reach = new Map<number, ReadonlySet<number>>();
  function reachOf(id: number): ReadonlySet<number> {
    const known = reach.get(id);
    if (known) return known;
    const found = new Set<number>();
    reach.set(id, found);
    for (const next of after.get(id) ?? []) {
      found.add(next);
      for (const far of reachOf(next)) found.add(far);
    }
    return found;
  }
  return edges.filter(({ from, to, order }) => !order || !(after.get(from) ?? []).some((other) => other !== to && reachOf(other).has(to)));
}

/** A line, and what names the places in which it passes layers. */
interface Way {
  readonly edge: Edge;
  readonly passes: readonly string[];
}

function waysOf(edges: readonly Edge[], depths: ReadonlyMap<number, number>): readonly Way[] {
  const between = ({ from, to }: Edge): number => Math.max(0, (depths.get(to) ?? 0) - (depths.get(from) ?? 0) - 1);
  const isCrowded = edges.reduce((sum, edge) => sum + between(edge), 0) > MOST_PASSAGES;
  return edges.map((edge) => {
    const length = isCrowded && between(edge) > SHORT ? 0 : between(edge);
    return { edge, passes: Array.from({ length }, (_, passed) => `${edge.from} ${edge.to} ${passed}`) };
  });
}

function spotsOf(boxes: readonly Box[], ways: readonly Way[], depths: ReadonlyMap<number, number>): Layers {
  const layers: Spot[][] = [];
  const spots = new Map<string, Spot>();
  function put(key: string, box: Box | null, depth: number): void {
    const spot: Spot = { key, box, before: [], after: [] };
    spots.set(key, spot);
    (layers[depth] ??= []).push(spot);
  }
  for (const box of boxes) put(String(box.id), box, depths.get(box.id) ?? 0);
  for (const { edge, passes } of ways) {
    passes.forEach((key, passed) => put(key, null, (depths.get(edge.from) ?? 0) + 1 + passed));
    const way = [String(edge.from), ...passes, String(edge.to)];
    way.slice(1).forEach((key, index) => {
      const from = way[index] ?? key;
      spots.get(key)?.before.push(from);
      spots.get(from)?.after.push(key);
    });
  }
  return layers;
}

/** Order each layer by where its neighbours stand, forth and back a few times: fewer lines cross. */
function untangle(layers: Layers): Layers {
  const rows = new Map<string, number>();
  const number = (layer: readonly Spot[]): void => layer.forEach(({ key }, row) => rows.set(key, row - layer.length / 2));
  layers.forEach(number);
  let ordered = [...layers];
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forth = sweep % 2 === 0;
    for (const depth of forth ? ordered.keys() : [...ordered.keys()].reverse()) {
      const middles = (ordered[depth] ?? []).map((spot) => [spot, middleOf(forth ? spot.before : spot.after, rows, rows.get(spot.key) ?? 0)] as const);
      const sorted = middles.sort((one, other) => one[1] - other[1]).map(([spot]) => spot);
      ordered = ordered.with(depth, sorted);
      number(sorted);
    }
  }
  return ordered;
}

interface Settled {
  readonly spot: Spot;
  readonly y: number;
}

/** Move what stands in order to where its neighbours are, so that lines run straight; nothing comes to lie upon another. */
function settle(layers: Layers): readonly (readonly Settled[])[] {
  const ys = new Map<string, number>();
  for (const layer of layers) for (const { spot, y } of spread(layer, () => 0)) ys.set(spot.key, y);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forth = sweep % 2 === 0;
    for (const layer of forth ? layers : [...layers].reverse()) {
      const wanted = ({ before, after, key }: Spot): number => middleOf(forth ? before : after, ys, ys.get(key) ?? 0);
      for (const { spot, y } of spread(layer, wanted)) ys.set(spot.key, y);
    }
  }
  return layers.map((layer) => layer.map((spot) => ({ spot, y: ys.get(spot.key) ?? 0 })));
}

/** Place a layer as near as can be to where each of it wants to be: those that touch share what they cannot have. */
function spread(layer: readonly Spot[], wanted: (spot: Spot) => number): readonly Settled[] {
  interface Block {
    readonly spots: { readonly spot: Spot; readonly offset: number }[];
    sum: number;
    size: number;
  }
  const middle = (block: Block): number => block.sum / block.spots.length;
  const blocks: Block[] = [];
  for (const spot of layer) {
    let block: Block = { spots: [{ spot, offset: 0 }], sum: wanted(spot), size: 0 };
    for (let last = blocks.at(-1); last; last = blocks.at(-1)) {
      const [end, begin] = [last.spots.at(-1)?.spot, block.spots[0]?.spot];
      const shift = last.size + (end && begin ? apart(end, begin) : 0);
      if (middle(last) + shift <= middle(block)) break;
      blocks.pop();
      const moved = block.spots.map(({ spot: other, offset }) => ({ spot: other, offset: offset + shift }));
      block = { spots: [...last.spots, ...moved], sum: last.sum + block.sum - shift * block.spots.length, size: shift + block.size };
    }
    blocks.push(block);
  }
  return blocks.flatMap((block) => block.spots.map(({ spot, offset }) => ({ spot, y: middle(block) + offset })));
}

function apart(one: Spot, other: Spot): number {
  return ((one.box ? ROW : LANE) + (other.box ? ROW : LANE)) / 2;
}

function middleOf(near: readonly string[], places: ReadonlyMap<string, number>, otherwise: number): number {
  if (near.length === 0) return otherwise;
  return near.reduce((sum, key) => sum + (places.get(key) ?? 0), 0) / near.length;
}

function neighbours(edges: readonly Edge[], of: "from" | "to", are: "from" | "to"): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  for (const edge of edges) {
    const known = found.get(edge[of]);
    if (known) known.push(edge[are]);
    else found.set(edge[of], [edge[are]]);
  }
  return found;
}
