/** The runs of plans: how far each is, and what it waits for. */

import { useState } from "react";
import { withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { ListedPlan } from "~/api/details";
import type { Page } from "~/api/types";
import { useKeys } from "~/app/keyboard";
import { Link, navigate, useQuery } from "~/app/router";
import { Time } from "~/app/time";
import { Answer } from "~/parts/Answer";
import { Empty } from "~/parts/Empty";
import { toPlan } from "~/parts/names";
import { ProgressBar } from "~/parts/ProgressBar";
import { RUN_STATUSES, faceOf } from "~/parts/statuses";
import { StatusMark } from "~/parts/StatusMark";
import { type Column, Table } from "~/parts/Table";
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
    cell: (row) => <bdi title={row.slot ?? row.action ?? ""}>{row.slot ?? row.action ?? row.definition}</bdi>,
  },
  {
    key: "progress",
    title: "Progress",
    width: "96px",
    cell: (row) => (row.progress === null ? <span className="faint">no plan yet</span> : <ProgressBar value={row.progress} status={row.status} />),
  },
  { key: "steps", title: "Steps", width: "minmax(180px, 1fr)", cell: (row) => <StepCounts steps={row.steps} /> },
  { key: "created", title: "Created", width: "104px", cell: (row) => <Time at={row.created_at} as="ago" /> },
  {
    key: "waits",
    title: "What it waits for",
    width: "minmax(240px, 3fr)",
    cell: (row) => <span className="soft">{row.gates[0]?.reason ?? row.reason}</span>,
  },
];

export default function PlansPage() {
  const [query, change] = useQuery();
  const status = query.get("status") ?? "";
  const plans = useResource<Page<ListedPlan>>(withQuery("/plans", { status, limit: MOST }), {
    topics: ["runs"],
    on: ["runs"],
    keep: true,
  });
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
      </header>
      <Answer of={plans}>{(data) => <PlanTable rows={data.items} filtered={status !== ""} />}</Answer>
    </div>
  );
}

function PlanTable({ rows, filtered }: { readonly rows: readonly ListedPlan[]; readonly filtered: boolean }) {
  const [current, setCurrent] = useState(0);
  const at = Math.min(current, rows.length - 1);
  const move = (by: number): void => setCurrent(Math.min(rows.length - 1, Math.max(0, at + by)));
  useKeys("Plans", {
    j: { does: "Next plan", run: () => move(1) },
    k: { does: "Plan before", run: () => move(-1) },
    ArrowDown: { does: "Next plan", run: () => move(1) },
    ArrowUp: { does: "Plan before", run: () => move(-1) },
    Enter: { does: "Open the plan", run: () => rows[at] && navigate(toPlan(rows[at].run)) },
  });
  if (rows.length === 0) {
    return filtered ? (
      <Empty title="No plan is there">None of the last {MOST} is of this status.</Empty>
    ) : (
      <Empty title="No plans yet" command="ostinato trigger package.module:plan">
        Runs of several steps are listed here: definitions with steps, and plans written in Python.
      </Empty>
    );
  }
  return (
    <Table label="Plans" columns={COLUMNS} rows={rows} keyOf={(row) => row.run} current={at} onOpen={(row) => navigate(toPlan(row.run))} />
  );
}
