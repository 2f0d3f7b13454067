/** The plan of a run, live: its steps as a tree, a graph or a line of time, and one of them in full. */

import { lazy, Suspense, useMemo, useRef } from "react";
import { address } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { Plan, PlanStep, RunDetails } from "~/api/details";
import { usePlan } from "~/api/usePlan";
import { useZoneOf } from "~/api/zones";
import { useFocusKept } from "~/app/focus";
import { useKeys } from "~/app/keyboard";
import { Link, useQuery } from "~/app/router";
import type { PageProps } from "~/app/routes";
import { ActButtons } from "~/parts/acting/ActButtons";
import { verbsForRun } from "~/parts/acting/verbs";
import { Answer, Loading } from "~/parts/Answer";
import { Empty } from "~/parts/Empty";
import { NameLink } from "~/parts/Name";
import { toChildren, toPlan, toRun, toSlot } from "~/parts/names";
import { ProgressBar } from "~/parts/ProgressBar";
import { StatusMark } from "~/parts/StatusMark";
import { BundlePanel } from "~/pages/plan/BundlePanel";
import { type Box, boxesOf } from "~/pages/plan/bundles";
import { inOrderOfStart } from "~/pages/plan/course";
import { Course } from "~/pages/plan/Course";
import { keyOfStep, useCursor } from "~/pages/plan/cursor";
import { choose, type StepChoice, StepFilter } from "~/pages/plan/StepFilter";
import { StepPanel } from "~/pages/plan/StepPanel";
import { Tree } from "~/pages/plan/Tree";
import { type Branch, branchesOf } from "~/pages/plan/tree";
import { Unfold } from "~/pages/plan/Unfold";
import { stopOf, useCourse } from "~/pages/plan/useCourse";
import { Waits } from "~/pages/plan/Waits";
import "~/pages/details.css";
import "~/pages/plan/plan.css";

const Graph = lazy(() => import("~/pages/plan/Graph"));

type View = "tree" | "graph" | "timeline";

const MOST_IN_GRAPH = 60;
const isWide = window.matchMedia("(min-width: 900px)");

export default function PlanPage({ params }: PageProps) {
  const id = Number(params["run"]);
  const run = useResource<RunDetails>(`/runs/${id}`, { topics: [`run:${id}`], on: ["runs"] });
  const plan = usePlan(id);
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
      {run.parent_run !== null && (
        <span className="soft">
          started by <Link to={toPlan(run.parent_run)}>run {run.parent_run}</Link>
        </span>
      )}
      {plan?.steps.some(({ children }) => Object.keys(children).length > 0) && <Link to={toChildren(run.run)}>Runs that it has started</Link>}
      <span className="grow" />
      <ActButtons verbs={verbsForRun(run)} targets={[String(run.run)]} />
    </header>
  );
}

function PlanView({ run, plan }: { readonly run: RunDetails; readonly plan: Plan }) {
  const zone = useZoneOf(run.account);
  const [query, change] = useQuery();
  const list = useRef<HTMLDivElement>(null);
  const page = useFocusKept(list);
  const view = readView(query.get("view")) ?? usualView(plan.steps);
  const choice: StepChoice = { text: query.get("find") ?? "", status: query.get("is") };
  const { text, status } = choice;
  const rows = useMemo(() => choose(listIn(view, plan.steps), { text, status }), [view, plan.steps, text, status]);
  const lit = useMemo(
    () => (rows.length === plan.steps.length ? null : new Set(rows.map(({ step }) => step.step))),
    [rows, plan.steps.length],
  );
  const open = plan.steps.find((step) => String(step.step) === query.get("step")) ?? null;
  const bundle = useBundle(plan.steps, query.get("bundle"));
  const names = useMemo(() => new Map(plan.steps.map((step) => [step.step, step.name])), [plan.steps]);
  const show = (step: number | null): void => change({ step: step === null ? null : String(step), bundle: null });
  const close = (): void => {
    show(null);
    list.current?.focus({ preventScroll: true });
  };
  const course = useCourse(run.run, rows, show);
  const lines = view === "timeline" ? course.lines : null;
  const current = useCursor({
    stops: useMemo(() => lines?.map(stopOf) ?? rows.map(({ step }) => ({ key: keyOfStep(run.run, step.step), step })), [lines, rows, run.run]),
    open,
    show,
    enter: (at) => (lines ? course.open(lines[at]) : show(rows[at]?.step.step ?? null)),
    more: (at, put) => (lines ? course.keys(at, put) : {}),
    list,
  });

  if (plan.steps.length === 0)
    return (
      <Empty title="It has no plan yet" command="ostinato agent">
        An agent plans a run when it first takes it. {run.status === "waiting" && "It waits for an agent."}
      </Empty>
    );
  return (
    <div className="plan-view" ref={page}>
      <Waits run={run.run} runStatus={run.status} plan={plan} zone={zone} onOpen={show} />
      <div className="plan-bar">
        <ViewSwitch chosen={view} onChoose={(chosen) => change({ view: chosen })} />
        <StepFilter steps={plan.steps} choice={choice} onChange={change} list={list} />
        <a href={address(`/runs/${run.run}/plan`)} title="The whole plan, as programs read it">
          JSON
        </a>
      </div>
      <div className={`plan-body${open || bundle ? " plan-open" : ""}`}>
        {view === "graph" ? (
          <Suspense fallback={<Loading />}>
            <Graph
              steps={plan.steps}
              current={open?.step ?? rows[current]?.step.step ?? null}
              isOpen={open !== null}
              bundle={open ? null : (bundle?.id ?? null)}
              lit={lit}
              list={list}
              onOpen={(box) => change(box.steps.length === 1 ? { step: String(box.id), bundle: null } : { step: null, bundle: String(box.id) })}
            />
          </Suspense>
        ) : rows.length === 0 ? (
          <Empty title="No step is like that">Clear what you have chosen to see all {plan.steps.length}.</Empty>
        ) : lines ? (
          <Course lines={lines} unfolded={course.unfolded} current={current} zone={zone} list={list} onOpen={course.open} onFold={course.fold} />
        ) : (
          <Tree branches={rows} current={current} zone={zone} list={list} onOpen={(step) => show(step.step)} />
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
            onClose={close}
          />
        )}
        {!open && bundle && <BundlePanel box={bundle} onOpen={show} onClose={close} />}
        {lines && <Unfold unfolded={course.unfolded} take={course.take} />}
      </div>
    </div>
  );
}

/** Return the steps in the order of a view. The graph has that of the tree. */
function listIn(view: View, steps: readonly PlanStep[]): readonly Branch[] {
  return view === "timeline" ? inOrderOfStart(steps).map((step) => ({ step, depth: 0 })) : branchesOf(steps);
}

function useBundle(steps: readonly PlanStep[], id: string | null): Box | null {
  return useMemo(() => (id === null ? null : (boxesOf(steps).find((box) => String(box.id) === id) ?? null)), [steps, id]);
}

const VIEWS: Readonly<Record<View, string>> = { tree: "Tree", graph: "Graph", timeline: "Timeline" };

function ViewSwitch({ chosen, onChoose }: { readonly chosen: View; readonly onChoose: (view: View) => void }) {
  const views = Object.keys(VIEWS) as View[];
  useKeys("Views of a plan", {
    v: { does: "Tree, graph or timeline", run: () => onChoose(views[(views.indexOf(chosen) + 1) % views.length] ?? chosen) },
  });
  return (
    <div className="views" role="group" aria-label="View">
      {views.map((view) => (
        <button key={view} type="button" className="button" aria-pressed={view === chosen} onClick={() => onChoose(view)}>
          {VIEWS[view]}
        </button>
      ))}
    </div>
  );
}

function readView(text: string | null): View | null {
  return text !== null && text in VIEWS ? (text as View) : null;
}

function usualView(steps: readonly PlanStep[]): View {
  return isWide.matches && steps.length > 1 && boxesOf(steps).length <= MOST_IN_GRAPH ? "graph" : "tree";
}
