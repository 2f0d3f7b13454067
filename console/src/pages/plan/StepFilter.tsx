/** Which steps of a plan are listed: those of one status, and those whose names have some words in them. */

import { type RefObject, useRef } from "react";
import type { PlanStep } from "~/api/details";
import { leaveFor } from "~/app/focus";
import { useKeys } from "~/app/keyboard";
import { countByStatus } from "~/pages/plan/StepCounts";
import type { Branch } from "~/pages/plan/tree";
import { StatusMark } from "~/parts/StatusMark";
import { faceOf } from "~/parts/statuses";

export interface StepChoice {
  readonly text: string;
  readonly status: string | null;
}

/** Return the rows whose steps fit. */
export function choose(rows: readonly Branch[], { text, status }: StepChoice): readonly Branch[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(({ step }) => (status === null || step.status === status) && words.every((word) => step.name.toLowerCase().includes(word)));
}

interface StepFilterProps {
  readonly steps: readonly PlanStep[];
  readonly choice: StepChoice;
  /** What the field is left for. */
  readonly list: RefObject<HTMLDivElement | null>;
  readonly onChange: (changes: { readonly find?: string | null; readonly is?: string | null; readonly view?: string }) => void;
}

export function StepFilter({ steps, choice, list, onChange }: StepFilterProps) {
  const field = useRef<HTMLInputElement>(null);
  useKeys("Steps of a plan", { "/": { does: "Find steps by name", run: () => field.current?.focus() } });
  const counts = Object.entries(countByStatus(steps)).sort(([one], [other]) => faceOf(other).weight - faceOf(one).weight);
  return (
    <div className="step-filter">
      <div className="counts" role="group" aria-label="Steps by status">
        {counts.map(([status, count]) => (
          <button
            key={status}
            type="button"
            className="button button-small"
            aria-pressed={status === choice.status}
            title={`Only those that are: ${faceOf(status).label}`}
            onClick={() => onChange({ is: status === choice.status ? null : status })}
          >
            <StatusMark status={status} as="dot" />
            <span className="number">{count.toLocaleString("en")}</span>
          </button>
        ))}
      </div>
      <input
        ref={field}
        className="field"
        type="search"
        placeholder="Find steps"
        aria-label="Find steps"
        value={choice.text}
        onChange={(event) => onChange({ find: event.target.value || null })}
        onKeyDown={leaveFor(list)}
      />
    </div>
  );
}
