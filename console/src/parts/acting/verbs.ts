/** The verbs of POST /actions: how each is called, what it asks of a person, and which statuses offer it. */

import offers from "~/parts/acting/offers.json";

export type Verb =
  | "trigger"
  | "retry"
  | "rerun"
  | "accept"
  | "note"
  | "cancel"
  | "halt"
  | "unhalt"
  | "pause"
  | "unpause"
  | "resume"
  | "skip"
  | "edit-input"
  | "fail"
  | "send-event"
  | "answer"
  | "drain"
  | "undrain"
  | "boost";

interface VerbFace {
  readonly label: string;
  readonly done: string;
  /** What it means, for those who do it for the first time. */
  readonly means: string;
  /** It ends or drops work: its button is marked. */
  readonly ends?: true;
  /** What its reason is, where it is more than that. */
  readonly asks?: string;
}

export const VERBS: Readonly<Record<Verb, VerbFace>> = {
  trigger: {
    label: "Trigger",
    done: "Triggered",
    means: "Runs now, whatever it waits for.",
  },
  retry: { label: "Retry", done: "Retried", means: "Gives a slot that failed another attempt." },
  rerun: {
    label: "Rerun",
    done: "Rerun",
    means: "Runs a slot again that has ended, in a new series of attempts.",
  },
  accept: {
    label: "Accept",
    done: "Accepted",
    means: "Lets it count as done, with a warning: what waits for it goes on.",
  },
  note: { label: "Note", done: "Noted", means: "Changes nothing. It stands here and in the audit log.", asks: "What others are to know" },
  cancel: { label: "Cancel", done: "Cancelled", means: "Asks the work to end, and kills it where it does not.", ends: true },
  halt: {
    label: "Halt",
    done: "Halted",
    means: "Ends a run at once and keeps its slot from running. Cancelling is kinder.",
    ends: true,
  },
  unhalt: { label: "Lift the halt", done: "Halt lifted", means: "Lets the slot of a halted run be run again." },
  pause: { label: "Pause", done: "Paused", means: "Lets nothing of it start until it is resumed." },
  unpause: { label: "Unpause", done: "Unpaused", means: "Lets it start again." },
  resume: { label: "Resume", done: "Resumed", means: "Lets a paused run go on: failed steps are tried again." },
  skip: { label: "Skip step", done: "Skipped", means: "Skips a failed step and all that needs it." },
  "edit-input": { label: "Edit input", done: "Edited", means: "Gives a step another input; it counts when the step runs next." },
  fail: { label: "Give up", done: "Given up", means: "Fails a paused run.", ends: true },
  "send-event": { label: "Send event", done: "Sent", means: "The step takes it once it is suspended." },
  answer: { label: "Answer", done: "Answered", means: "Answers a plan that waits for a person." },
  drain: { label: "Drain", done: "Draining", means: "The agent finishes what it has and takes no more runs." },
  undrain: { label: "Undrain", done: "Takes runs again", means: "The agent takes runs again." },
  boost: { label: "Boost", done: "Boosted", means: "Goes before others that wait." },
};

type Offers = Readonly<Record<string, readonly string[]>>;

function offered(from: Offers, status: string): readonly Verb[] {
  return Object.entries(from).flatMap(([verb, statuses]) => (statuses.includes(status) ? [verb as Verb] : []));
}

/** The face of a verb that the server speaks of; one that a newer server knows shows its own name. */
export function faceOfVerb(verb: string): VerbFace {
  return verb in VERBS ? VERBS[verb as Verb] : { label: verb, done: verb, means: "" };
}

/** Return what can be done about something of a kind as it stands; the server has the last word. */
export function verbsFor(kind: "slot" | "run" | "agent", status: string): readonly Verb[] {
  return offered(offers[kind], status);
}

/** Whether the latest attempt at a slot, the first of them, was halted. */
export function isHalted(attempts: readonly { readonly halted_by: string | null }[]): boolean {
  return attempts[0] !== undefined && attempts[0].halted_by !== null;
}

/** Return what can be done about a slot: one whose last run was halted can be let go, and nothing else. */
export function verbsForSlot(status: string, halted: boolean): readonly Verb[] {
  return halted ? ["unhalt"] : verbsFor("slot", status);
}

/** Return what can be done about a run: one that was halted can be let go as well. */
export function verbsForRun(run: { readonly status: string; readonly halted_by: string | null }): readonly Verb[] {
  return run.halted_by === null ? verbsFor("run", run.status) : ["unhalt"];
}

/** Return what can be done about a step: that depends on its run as well. */
export function verbsForStep(runStatus: string, stepStatus: string): readonly Verb[] {
  const byRun = offered(offers.run_of_step, runStatus);
  return offered(offers.step, stepStatus).filter((verb) => byRun.includes(verb));
}
