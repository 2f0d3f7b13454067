/** What is worth knowing of steps at a glance. Pure. */

import type { PlanStep } from "~/api/details";
import { faceOf } from "~/parts/statuses";

/** Whether a step has begun and not ended. */
export function isUnderWay(step: PlanStep): boolean {
  return step.status === "running" || step.status === "suspended";
}

/** Return the one thing that is most worth knowing of a step. */
export function saysOf(step: PlanStep): string {
  if (step.status === "error") return step.error?.message ?? "";
  if (step.status === "suspended") return step.waits_for && `waits for ${step.waits_for}`;
  return step.status === "running" ? (step.progress_message ?? "") : "";
}

/** Return the status among those of steps that asks loudest for a person; those that are done are the quietest. */
export function loudest(steps: readonly PlanStep[]): string {
  return loudestFirst(steps)[0]?.status ?? "pending";
}

/** Return steps with those first that ask loudest for a person. */
export function loudestFirst(steps: readonly PlanStep[]): readonly PlanStep[] {
  return [...steps].sort((one, other) => faceOf(other.status).weight - faceOf(one.status).weight || one.step - other.step);
}
