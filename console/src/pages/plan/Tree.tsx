/** The steps of a plan, one a line: what each does, how far it is, what it waits for. */

import type { PlanStep } from "~/api/details";
import { type Column, Table } from "~/parts/Table";
import { ProgressBar } from "~/parts/ProgressBar";
import { StatusMark } from "~/parts/StatusMark";
import { Took } from "~/parts/Took";
import type { Branch } from "~/pages/plan/tree";

const COLUMNS: readonly Column<Branch>[] = [
  {
    key: "name",
    title: "Step",
    width: "minmax(200px, 3fr)",
    cell: ({ step, depth }) => (
      <span className="plan-name" style={{ paddingInlineStart: depth * 18 }}>
        <StatusMark status={step.status} as="dot" />
        <bdi>{step.name}</bdi>
        {step.phase !== "run" && <span className="faint">{step.phase}</span>}
      </span>
    ),
  },
  { key: "progress", title: "Progress", width: "84px", cell: ({ step }) => <StepProgress step={step} /> },
  {
    key: "took",
    title: "Took",
    width: "92px",
    align: "right",
    cell: ({ step }) => <Took from={step.started_at} until={step.finished_at ?? (isUnderWay(step) ? null : step.started_at)} />,
  },
  { key: "tries", title: "Tries", width: "44px", align: "right", cell: ({ step }) => step.tries },
  { key: "says", title: "What it says", width: "minmax(180px, 3fr)", cell: ({ step }) => <span className="soft">{saysOf(step)}</span> },
];

interface TreeProps {
  readonly branches: readonly Branch[];
  readonly current: number;
  readonly onOpen: (step: PlanStep) => void;
}

export function Tree({ branches, current, onOpen }: TreeProps) {
  return (
    <Table
      label="Steps"
      columns={COLUMNS}
      rows={branches}
      keyOf={({ step }) => step.step}
      current={current}
      onOpen={({ step }) => onOpen(step)}
    />
  );
}

function StepProgress({ step }: { readonly step: PlanStep }) {
  return step.progress === null || step.progress === 0 ? null : <ProgressBar value={step.progress} status={step.status} />;
}

function isUnderWay(step: PlanStep): boolean {
  return step.status === "running" || step.status === "suspended";
}

/** Return the one thing that is most worth knowing of a step. */
export function saysOf(step: PlanStep): string {
  if (step.status === "error") return step.error?.message ?? "";
  if (step.status === "suspended") return step.waits_for && `waits for ${step.waits_for}`;
  return step.status === "running" ? (step.progress_message ?? "") : "";
}
