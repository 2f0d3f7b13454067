/** The course of a plan as lines: its steps in the order of their beginnings, below them the runs that they have started. Pure. */

import type { ListedPlan, Plan, PlanStep } from "~/api/details";
import { keyOfStep } from "~/pages/plan/cursor";
import { isUnderWay } from "~/pages/plan/steps";
import { isFinal } from "~/parts/statuses";

/** A step of this plan, or of one further down. */
interface StepLine {
  readonly is: "step";
  readonly run: number;
  readonly step: PlanStep;
}

/** A run that a step has started. */
interface RunLine {
  readonly is: "run";
  readonly plan: ListedPlan;
}

/** What stands where lines are to come, or where there are too many. */
interface WordLine {
  readonly is: "word";
  readonly text: string;
  /** The run whose children they are, where there are more of them. */
  readonly moreOf: number | null;
}

export type CourseLine = (StepLine | RunLine | WordLine) & {
  readonly key: string;
  readonly depth: number;
  /** The place in the tree that it opens, by which it is folded; null where nothing is below it. */
  readonly fold: Fold | null;
};

/** What is below a line: the runs that a step of a run has started, or the steps of a run. */
export type Fold = `${number}/${number}` | `${number}`;

/** What has come of the places that are open. */
export type Unfolded = ReadonlyMap<Fold, Below>;

/** Runs, newest first, of which there may be `more`; or a plan. Undefined until it is there. */
export interface Below {
  readonly runs?: { readonly items: readonly ListedPlan[]; readonly more: boolean } | undefined;
  readonly plan?: Plan | undefined;
  readonly error?: string | undefined;
}

export interface Span {
  readonly from: number;
  readonly until: number;
}

/** Return steps in the order in which they began; those that have not, last. */
export function inOrderOfStart(steps: readonly PlanStep[]): readonly PlanStep[] {
  const began = ({ started_at: at }: PlanStep): number => (at === null ? Infinity : Date.parse(at));
  return [...steps].sort((one, other) => began(one) - began(other) || one.step - other.step);
}

/** Return the lines of steps of a run, with what is open below them. */
export function linesOf(run: number, steps: readonly PlanStep[], unfolded: Unfolded, depth = 0): readonly CourseLine[] {
  return steps.flatMap((step) => {
    const fold: Fold | null = Object.keys(step.children).length > 0 ? `${run}/${step.step}` : null;
    const line: CourseLine = { is: "step", run, step, key: keyOfStep(run, step.step), depth, fold };
    return [line, ...linesBelow(fold, run, unfolded, depth + 1)];
  });
}

function linesBelow(fold: Fold | null, run: number, unfolded: Unfolded, depth: number): readonly CourseLine[] {
  const below = fold === null ? undefined : unfolded.get(fold);
  if (!below) return [];
  const word = (text: string, moreOf: number | null = null): CourseLine => ({ is: "word", text, moreOf, key: `${fold} ${text}`, depth, fold: null });
  if (below.error !== undefined) return [word(below.error)];
  if (below.plan) return below.plan.steps.length > 0 ? linesOf(run, inOrderOfStart(below.plan.steps), unfolded, depth) : [word("It has no plan yet.")];
  if (!below.runs) return [word("Loading …")];
  const { items, more } = below.runs;
  return [
    ...(more ? [word(`These are the newest ${items.length}:`, run)] : []),
    ...[...items].reverse().flatMap((plan) => {
      const line: CourseLine = { is: "run", plan, key: `${plan.run}/run`, depth, fold: `${plan.run}` };
      return [line, ...linesBelow(`${plan.run}`, plan.run, unfolded, depth + 1)];
    }),
  ];
}

/** Return the line to which an arrow leads from another: into what is open below it, or out of it. */
export function neighbourOf(lines: readonly CourseLine[], at: number, to: "in" | "out"): number {
  const depth = lines[at]?.depth ?? 0;
  if (to === "in") return (lines[at + 1]?.depth ?? 0) > depth ? at + 1 : at;
  const above = lines.slice(0, at).findLastIndex((line) => line.depth < depth);
  return above < 0 ? at : above;
}

/** Return from when to when a line lasted, or has by now; null for one that has not begun. */
export function spanOf(line: CourseLine, now: number): Span | null {
  if (line.is === "word") return null;
  const it = line.is === "step" ? line.step : line.plan;
  if (it.started_at === null) return null;
  const from = Date.parse(it.started_at);
  const goesOn = line.is === "step" ? isUnderWay(line.step) : !isFinal(line.plan.status);
  return { from, until: Math.max(from, it.finished_at === null ? (goesOn ? now : from) : Date.parse(it.finished_at)) };
}

/** Return when the last of what each step has planned ended; null for those of whose steps some are under way. */
export function endsOfPlanned(steps: readonly PlanStep[]): ReadonlyMap<number, number | null> {
  const ends = new Map<number, number | null>();
  const parents = new Map(steps.map(({ step, parent }) => [step, parent]));
  for (const step of steps) {
    const end = isUnderWay(step) || step.finished_at === null ? null : Date.parse(step.finished_at);
    if (end === null && !isUnderWay(step)) continue;
    for (let above = step.parent; above !== null; above = parents.get(above) ?? null) {
      const known = ends.get(above);
      ends.set(above, known === null || end === null ? null : Math.max(known ?? end, end));
    }
  }
  return ends;
}

/** Return the stretch of time that holds all lines, and all tries of their steps. */
export function wholeOf(lines: readonly CourseLine[], now: number): Span {
  const tries = (line: CourseLine) => (line.is === "step" ? line.step.failed_tries : []).flatMap(({ started_at: at }) => (at === null ? [] : [Date.parse(at)]));
  const spans = lines.flatMap((line) => spanOf(line, now) ?? []);
  const begins = [...spans.map((span) => span.from), ...lines.flatMap(tries)];
  const from = begins.reduce((least, at) => Math.min(least, at), begins[0] ?? now);
  return { from, until: spans.reduce((most, span) => Math.max(most, span.until), from + 1) };
}
