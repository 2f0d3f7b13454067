/** The runs of plans: how far each is, live, and what it waits for. */

import { type RefObject, useRef, useState } from "react";
import { withQuery } from "~/api/client";
import { useLive, useResource } from "~/api/hooks";
import type { ListedPlan, PlanProgress } from "~/api/details";
import type { Page } from "~/api/types";
import { leaveFor } from "~/app/focus";
import { useKeys } from "~/app/keyboard";
import { Link, navigate, useQuery } from "~/app/router";
import { Time } from "~/app/time";
import { Answer } from "~/parts/Answer";
import { Empty } from "~/parts/Empty";
import { toPlan } from "~/parts/names";
import { ProgressBar } from "~/parts/ProgressBar";
import { useRows } from "~/parts/rows";
import { RUN_STATUSES, faceOf, isFinal } from "~/parts/statuses";
import { StatusMark } from "~/parts/StatusMark";
import { type Column, Table } from "~/parts/Table";
import { Told } from "~/parts/Told";
import { Took } from "~/parts/Took";
import { StepCounts } from "~/pages/plan/StepCounts";
import "~/pages/details.css";
import "~/pages/plan/plan.css";

const MOST = 500;

const COLUMNS: readonly Column<ListedPlan>[] = [
  { key: "run", title: "Run", width: "64px", cell: (row) => <Link to={toPlan(row.run)}>{row.run}</Link> },
  { key: "status", title: "Status", width: "112px", cell: (row) => <StatusMark status={row.status} /> },
  {
    key: "what",
    title: "What",
    width: "minmax(200px, 2fr)",
    cell: (row) => (
      <>
        <bdi title={row.slot ?? row.action ?? ""}>{row.slot ?? row.action ?? row.definition}</bdi>
        {row.given && (
          <bdi className="plans-given" title={row.given}>
            {row.given}
          </bdi>
        )}
        {row.parent_run !== null && (
          <span className="soft">
            {" of "}
            <Link to={toPlan(row.parent_run)}>run {row.parent_run}</Link>
          </span>
        )}
      </>
    ),
  },
  { key: "progress", title: "Progress", width: "128px", cell: (row) => <Progress row={row} /> },
  { key: "steps", title: "Steps", width: "minmax(180px, 1fr)", cell: (row) => <StepCounts steps={row.steps} /> },
  { key: "created", title: "Created", width: "104px", cell: (row) => <Time at={row.created_at} as="ago" /> },
  {
    key: "took",
    title: "Took",
    width: "92px",
    align: "right",
    cell: (row) => <Took from={row.started_at} until={isFinal(row.status) ? row.finished_at : null} />,
  },
  {
    key: "waits",
    title: "What it waits for, or how it ended",
    width: "minmax(240px, 3fr)",
    cell: (row) => {
      const says = row.gates[0]?.reason ?? row.reason;
      return (
        <span className="soft" title={says}>
          <Told text={says} zone={null} />
        </span>
      );
    },
  },
];

export default function PlansPage() {
  const [query, change] = useQuery();
  const [status, search, parent] = [query.get("status") ?? "", query.get("search") ?? "", query.get("parent") ?? ""];
  const path = withQuery("/plans", { status, search, parent, limit: MOST });
  const plans = useResource<Page<ListedPlan>>(path, { topics: ["runs"], on: ["runs"], keep: true });
  const moved = useProgress();
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useKeys("Filters of plans", { "/": { does: "Find plans", run: () => field.current?.focus() } });
  return (
    <div className="page plans-page">
      <header className="page-head">
        <h1>Plans</h1>
        <select
          className="field"
          aria-label="Status"
          value={status}
          onChange={(event) => change({ status: event.target.value || null })}
        >
          <option value="">Every status</option>
          {RUN_STATUSES.map((one) => (
            <option key={one} value={one}>
              {faceOf(one).label}
            </option>
          ))}
        </select>
        <input
          ref={field}
          className="field"
          type="search"
          placeholder="Find by name or number"
          aria-label="Find plans"
          value={search}
          onChange={(event) => change({ search: event.target.value || null })}
          onKeyDown={leaveFor(list)}
        />
        {parent && (
          <span className="plans-parent">
            Started by <Link to={toPlan(Number(parent))}>run {parent}</Link>
            <button type="button" className="button button-small" onClick={() => change({ parent: null })}>
              Show all
            </button>
          </span>
        )}
      </header>
      <Answer of={plans}>
        {(data) => (
          <>
            <PlanTable
              rows={data.items.map((row) => ({ ...row, ...(row.status === "running" && moved.get(row.run)) }))}
              filtered={Boolean(status || search || parent)}
              list={list}
              clear={() => change({ status: null, search: null, parent: null })}
            />
            {data.next !== null && <p className="soft">{`These are the newest ${MOST}: find others by name or number.`}</p>}
          </>
        )}
      </Answer>
    </div>
  );
}

/** Hear how far plans under way have come, by run. */
function useProgress(): ReadonlyMap<number, PlanProgress> {
  const [moved, setMoved] = useState<ReadonlyMap<number, PlanProgress>>(new Map());
  useLive(["plans"], (kind, data) => {
    if (kind === "reload") setMoved(new Map());
    if (kind !== "plans") return;
    const { plans } = data as { readonly plans: readonly PlanProgress[] };
    setMoved((known) => new Map([...known, ...plans.map((plan) => [plan.run, plan] as const)]));
  });
  return moved;
}

function Progress({ row }: { readonly row: ListedPlan }) {
  if (row.progress === null) return <span className="faint">no plan yet</span>;
  return (
    <span className="plans-progress">
      <ProgressBar value={row.progress} status={row.status} />
      <span className="number">{Math.floor(row.progress * 100)} %</span>
    </span>
  );
}

interface PlanTableProps {
  readonly rows: readonly ListedPlan[];
  readonly filtered: boolean;
  readonly clear: () => void;
  readonly list: RefObject<HTMLDivElement | null>;
}

function PlanTable({ rows, filtered, clear, list }: PlanTableProps) {
  const current = useRows("Plans", "plan", rows, (row) => navigate(toPlan(row.run)), {
    list,
    more: filtered ? { Escape: { does: "Show all plans", run: clear } } : {},
  });
  if (rows.length === 0) {
    return filtered ? (
      <Empty title="No plan is like that">
        <button type="button" className="button" onClick={clear}>
          Show all plans
        </button>
      </Empty>
    ) : (
      <Empty title="No plans yet" command="ostinato trigger package.module:plan">
        Runs of several steps are listed here: definitions with steps, and plans written in Python.
      </Empty>
    );
  }
  return (
    <Table
      label="Plans"
      columns={COLUMNS}
      rows={rows}
      keyOf={(row) => row.run}
      current={current}
      list={list}
      onOpen={(row) => navigate(toPlan(row.run))}
    />
  );
}
