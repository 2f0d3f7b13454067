/** What a run carries out, and what that writes: of one step at a time where there are several. */

import { useState } from "react";
import { useResource } from "~/api/hooks";
import type { Plan, PlanStep } from "~/api/details";
import { Link } from "~/app/router";
import { LogView } from "~/parts/log/LogView";
import { toPlan } from "~/parts/names";
import { Panel } from "~/parts/Panel";
import { faceOf, isFinal } from "~/parts/statuses";
import { CommandPanel } from "~/pages/run/Command";

interface WorkProps {
  readonly run: number;
  readonly status: string;
}

export function Work({ run, status }: WorkProps) {
  const plan = useResource<Plan>(`/runs/${run}/plan`, { topics: [`run:${run}`], on: ["runs", "steps"] });
  const [picked, setPicked] = useState<string | null>(null);
  const steps = (plan.data?.steps ?? []).filter((step) => step.phase === "run");
  const chosen = steps.find((step) => step.name === picked) ?? mostWorthSeeing(steps);
  const several = steps.length > 1;
  const step = several ? (chosen?.name ?? null) : null;
  if (!plan.data) return null;
  return (
    <>
      <Panel title={`Output of run ${run}`} aside={several && chosen && <StepChoice run={run} steps={steps} chosen={chosen} onPick={setPicked} />}>
        <LogView key={`${run} ${step}`} run={run} step={step} live={!isFinal(status)} />
      </Panel>
      {(chosen === undefined || chosen.log !== null) && <CommandPanel key={`${run} ${step}`} run={run} step={step} />}
    </>
  );
}

interface StepChoiceProps {
  readonly run: number;
  readonly steps: readonly PlanStep[];
  readonly chosen: PlanStep;
  readonly onPick: (name: string) => void;
}

function StepChoice({ run, steps, chosen, onPick }: StepChoiceProps) {
  return (
    <span className="step-choice">
      <Link to={toPlan(run)}>Plan</Link>
      <select className="field" aria-label="Step" value={chosen.name} onChange={(event) => onPick(event.target.value)}>
        {steps.map((step) => (
          <option key={step.step} value={step.name}>{`${step.name}: ${faceOf(step.status).label}`}</option>
        ))}
      </select>
    </span>
  );
}

function mostWorthSeeing(steps: readonly PlanStep[]): PlanStep | undefined {
  return steps.find((step) => step.status === "error") ?? steps.find((step) => step.status === "running") ?? steps[0];
}
