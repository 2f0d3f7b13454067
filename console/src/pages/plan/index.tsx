/** The plan of a run, live: its steps as a tree or a graph, and one of them in full. */

import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { useResource } from "~/api/hooks";
import type { Plan, PlanStep, RunDetails } from "~/api/details";
import { useZoneOf } from "~/api/zones";
import { useKeys } from "~/app/keyboard";
import { Link, useQuery } from "~/app/router";
import type { PageProps } from "~/app/routes";
import { ActButtons } from "~/parts/acting/ActButtons";
import { verbsForRun } from "~/parts/acting/verbs";
import { Answer, Loading } from "~/parts/Answer";
import { Empty } from "~/parts/Empty";
import { GateList } from "~/parts/GateList";
import { NameLink } from "~/parts/Name";
import { toRun, toSlot } from "~/parts/names";
import { ProgressBar } from "~/parts/ProgressBar";
import { StatusMark } from "~/parts/StatusMark";
import { StepCounts } from "~/pages/plan/StepCounts";
import { StepPanel } from "~/pages/plan/StepPanel";
import { Tree } from "~/pages/plan/Tree";
import { type Branch, branchesOf } from "~/pages/plan/tree";
import "~/pages/details.css";
import "~/pages/plan/plan.css";

const Graph = lazy(() => import("~/pages/plan/Graph"));

type View = "tree" | "graph";

const MOST_IN_GRAPH = 150;
const isWide = window.matchMedia("(min-width: 900px)");

export default function PlanPage({ params }: PageProps) {
  const id = Number(params["run"]);
  const live = { topics: [`run:${id}`], on: ["runs", "steps"] as const };
  const run = useResource<RunDetails>(`/runs/${id}`, live);
  const plan = useResource<Plan>(`/runs/${id}/plan`, live);
  return (
    <Answer of={run}>
      {(runData) => (
        <div className="page plan-page">
          <Head run={runData} plan={plan.data} />
          <Answer of={plan}>{(data) => <PlanView run={runData} plan={data} />}</Answer>
        </div>
      )}
    </Answer>
  );
}

interface HeadProps {
  readonly run: RunDetails;
  readonly plan: Plan | undefined;
}

function Head({ run, plan }: HeadProps) {
  return (
    <header className="page-head">
      <StatusMark status={run.status} />
      <h1>
        Plan of <Link to={toRun(run.run)}>run {run.run}</Link>
      </h1>
      {run.slot ? (
        <span className="page-of">
          <NameLink text={run.slot} to={toSlot(run.slot)} />
        </span>
      ) : (
        run.action && <code className="page-of">{run.action}</code>
      )}
      {plan && plan.progress !== null && (
        <span className="plan-progress number">
          <ProgressBar value={plan.progress} status={run.status} /> {Math.round(plan.progress * 100)} %
        </span>
      )}
      <span className="grow" />
      <ActButtons verbs={verbsForRun(run)} targets={[String(run.run)]} />
    </header>
  );
}

function PlanView({ run, plan }: { readonly run: RunDetails; readonly plan: Plan }) {
  const zone = useZoneOf(run.account);
  const [query, change] = useQuery();
  const branches = useMemo(() => branchesOf(plan.steps), [plan.steps]);
  const open = plan.steps.find((step) => String(step.step) === query.get("step")) ?? null;
  const graph = (query.get("view") ?? usualView(plan.steps)) === "graph";
  const names = useMemo(() => new Map(plan.steps.map((step) => [step.step, step.name])), [plan.steps]);
  const show = (step: number | null): void => change({ step: step === null ? null : String(step) });
  const current = useCurrentStep(branches, open, show);

  if (plan.steps.length === 0)
    return (
      <Empty title="It has no plan yet" command="ostinato agent">
        An agent plans a run when it first takes it. {run.status === "waiting" && "It waits for an agent."}
      </Empty>
    );
  return (
    <>
      {plan.stopped.length > 0 && (
        <section className="panel" aria-label="What it waits for">
          <GateList gates={plan.stopped} zone={zone} />
        </section>
      )}
      <div className="plan-bar">
        <ViewSwitch chosen={graph ? "graph" : "tree"} onChoose={(view) => change({ view })} />
        <StepCounts steps={countByStatus(plan.steps)} />
      </div>
      <div className={`plan-body${open ? " plan-open" : ""}`}>
        {graph ? (
          <Suspense fallback={<Loading />}>
            <Graph steps={plan.steps} chosen={open?.step ?? null} onOpen={(step) => show(step.step)} />
          </Suspense>
        ) : (
          <Tree branches={branches} current={current} onOpen={(step) => show(step.step)} />
        )}
        {open && (
          <StepPanel
            key={open.step}
            run={run.run}
            runStatus={run.status}
            step={open}
            zone={zone}
            nameOf={(step) => names.get(step) ?? String(step)}
            onOpen={show}
            onClose={() => show(null)}
          />
        )}
      </div>
    </>
  );
}

/** Keep the step that the keyboard is on: j and k move, Enter opens, Esc closes. */
function useCurrentStep(branches: readonly Branch[], open: PlanStep | null, show: (step: number | null) => void): number {
  const [current, setCurrent] = useState(0);
  const opened = open === null ? -1 : branches.findIndex(({ step }) => step.step === open.step);
  useEffect(() => {
    if (opened >= 0) setCurrent(opened);
  }, [opened]);
  const move = (by: number): void => {
    const next = Math.min(branches.length - 1, Math.max(0, current + by));
    setCurrent(next);
    if (open) show(branches[next]?.step.step ?? null);
  };
  useKeys("Plan", {
    j: { does: "Next step", run: () => move(1) },
    k: { does: "Step before", run: () => move(-1) },
    ArrowDown: { does: "Next step", run: () => move(1) },
    ArrowUp: { does: "Step before", run: () => move(-1) },
    Enter: { does: "Open the step", run: () => show(branches[current]?.step.step ?? null) },
    Escape: { does: "Close the step", run: () => show(null) },
    e: { does: "Go to the first step that failed", run: () => show(branches.find(({ step }) => step.status === "error")?.step.step ?? null) },
  });
  return current;
}

function ViewSwitch({ chosen, onChoose }: { readonly chosen: View; readonly onChoose: (view: View) => void }) {
  return (
    <div className="views" role="group" aria-label="View">
      {(["tree", "graph"] as const).map((view) => (
        <button key={view} type="button" className="button" aria-pressed={view === chosen} onClick={() => onChoose(view)}>
          {view === "tree" ? "Tree" : "Graph"}
        </button>
      ))}
    </div>
  );
}

function usualView(steps: readonly PlanStep[]): View {
  return isWide.matches && steps.length <= MOST_IN_GRAPH && steps.length > 1 ? "graph" : "tree";
}

function countByStatus(steps: readonly PlanStep[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { status } of steps) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
