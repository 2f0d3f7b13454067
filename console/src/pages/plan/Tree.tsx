/** The steps of a plan, one a line: what each does, how far it is, what it waits for. */

import { type RefObject, useMemo } from "react";
import type { PlanStep } from "~/api/details";
import { type Column, Table } from "~/parts/Table";
import { ProgressBar } from "~/parts/ProgressBar";
import { StatusMark } from "~/parts/StatusMark";
import { Told } from "~/parts/Told";
import { Took } from "~/parts/Took";
import { isUnderWay, saysOf } from "~/pages/plan/steps";
import type { Branch } from "~/pages/plan/tree";

const columnsIn = (zone: string | null): readonly Column<Branch>[] => [
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
  { key: "says", title: "What it says", width: "minmax(180px, 3fr)", cell: ({ step }) => <Says step={step} zone={zone} /> },
];

interface TreeProps {
  readonly branches: readonly Branch[];
  readonly current: number;
  readonly zone: string | null;
  readonly list: RefObject<HTMLDivElement | null>;
  readonly onOpen: (step: PlanStep) => void;
}

export function Tree({ branches, current, zone, list, onOpen }: TreeProps) {
  const columns = useMemo(() => columnsIn(zone), [zone]);
  return (
    <Table
      label="Steps"
      columns={columns}
      rows={branches}
      keyOf={({ step }) => step.step}
      current={current}
      list={list}
      onOpen={({ step }) => onOpen(step)}
    />
  );
}

function Says({ step, zone }: { readonly step: PlanStep; readonly zone: string | null }) {
  const says = saysOf(step);
  return (
    <span className="soft" title={says}>
      <Told text={says} zone={zone} />
    </span>
  );
}

function StepProgress({ step }: { readonly step: PlanStep }) {
  return step.progress === null || step.progress === 0 ? null : <ProgressBar value={step.progress} status={step.status} />;
}
