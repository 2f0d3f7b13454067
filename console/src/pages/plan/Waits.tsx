/** What keeps a plan from going on: the steps that wait or have failed, until when, and what can be done at once. */

import type { Plan, PlanStep } from "~/api/details";
import { useMayAct } from "~/app/me";
import { Time } from "~/app/time";
import { actsOn } from "~/pages/plan/acts";
import { saysOf } from "~/pages/plan/steps";
import { ActButtons, useActCommands } from "~/parts/acting/ActButtons";
import { readQuestion } from "~/parts/acting/questions";
import { GateList } from "~/parts/GateList";
import { StatusMark } from "~/parts/StatusMark";
import { Told } from "~/parts/Told";

const SHOWN = 5;

interface WaitsProps {
  readonly run: number;
  readonly runStatus: string;
  readonly plan: Plan;
  readonly zone: string | null;
  readonly onOpen: (step: number) => void;
}

export function Waits({ run, runStatus, plan, zone, onOpen }: WaitsProps) {
  if (plan.stopped.length === 0) return null;
  const steps = plan.steps.filter(({ status }) => status === "suspended" || status === "error");
  return (
    <section className="panel stack" aria-label="What it waits for">
      <GateList gates={plan.stopped} zone={zone} />
      {steps.length > 0 && (
        <ul className="waits">
          {steps.slice(0, SHOWN).map((step) => (
            <WaitingStep key={step.step} run={run} runStatus={runStatus} step={step} zone={zone} onOpen={onOpen} />
          ))}
          {steps.length > SHOWN && <li className="soft">{`and ${steps.length - SHOWN} more`}</li>}
        </ul>
      )}
    </section>
  );
}

interface WaitingStepProps extends Omit<WaitsProps, "plan"> {
  readonly step: PlanStep;
}

function WaitingStep({ run, runStatus, step, zone, onOpen }: WaitingStepProps) {
  const question = readQuestion(step);
  const mayAct = useMayAct();
  useActCommands(mayAct ? actsOn(run, runStatus, step) : []);
  const deadline = step.fails_at ?? step.wake_at;
  return (
    <li>
      <StatusMark status={step.status} as="dot" />
      <button type="button" className="link" onClick={() => onOpen(step.step)}>
        <bdi>{step.name}</bdi>
      </button>
      <span className="waits-says" title={saysOf(step)}>
        <Told text={saysOf(step)} zone={zone} />
      </span>
      {step.status === "suspended" && deadline && (
        <span className="soft">
          {step.fails_at ? "fails " : "wakes "}
          <Time at={deadline} zone={zone} as="ago" />
        </span>
      )}
      {question && <ActButtons verbs={["answer"]} targets={[String(run)]} with={{ step: step.name }} question={question} small />}
    </li>
  );
}
