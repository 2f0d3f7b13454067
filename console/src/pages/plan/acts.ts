/** What a person can do about a step, as it and its run stand. Pure. */

import type { PlanStep } from "~/api/details";
import type { ActRequest } from "~/parts/acting/acting";
import { readQuestion } from "~/parts/acting/questions";
import { verbsForStep } from "~/parts/acting/verbs";

/** Return what can be done about a step: one that asks something is answered; of those that plan or finalize the input is not theirs. */
export function actsOn(run: number, runStatus: string, step: PlanStep): readonly ActRequest[] {
  const question = readQuestion(step);
  const [targets, which] = [[String(run)], { step: step.name }];
  if (question) return [{ verb: "answer", targets, with: which, question }];
  return verbsForStep(runStatus, step.status)
    .filter((verb) => step.phase === "run" || verb === "skip")
    .map((verb) => ({ verb, targets, with: verb === "edit-input" ? { ...which, input: step.input } : which }));
}
