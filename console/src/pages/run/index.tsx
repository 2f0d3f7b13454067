/** One run: how it stands and why, what it carries out, what it wrote. */

import type { ReactNode } from "react";
import { useResource } from "~/api/hooks";
import type { RunDetails } from "~/api/details";
import { useKeys } from "~/app/keyboard";
import { Link, navigate } from "~/app/router";
import type { PageProps } from "~/app/routes";
import { Time } from "~/app/time";
import { useZoneOf } from "~/api/zones";
import { ActButtons } from "~/parts/acting/ActButtons";
import { verbsForRun } from "~/parts/acting/verbs";
import { Answer } from "~/parts/Answer";
import { GateList } from "~/parts/GateList";
import { NameLink } from "~/parts/Name";
import { toAccount, toDefinition, toPlan, toRun, toSlot } from "~/parts/names";
import { Notice } from "~/parts/Notice";
import { Panel } from "~/parts/Panel";
import { isFinal } from "~/parts/statuses";
import { Told } from "~/parts/Told";
import { StatusMark } from "~/parts/StatusMark";
import { Took } from "~/parts/Took";
import { PeoplePanel } from "~/pages/audit/PeoplePanel";
import { HistoryPanel } from "~/pages/run/History";
import { Work } from "~/pages/run/Work";
import "~/pages/details.css";

export default function RunPage({ params }: PageProps) {
  const id = Number(params["run"]);
  const run = useResource<RunDetails>(`/runs/${id}`, { topics: [`run:${id}`], on: ["runs"] });
  return <Answer of={run}>{(data) => <RunView run={data} />}</Answer>;
}

function RunView({ run }: { readonly run: RunDetails }) {
  const zone = useZoneOf(run.account);
  const live = !isFinal(run.status);
  const { slot } = run;
  useKeys("Run", {
    p: { does: "Open its plan", run: () => navigate(toPlan(run.run)) },
    ...(slot !== null && { u: { does: "Go up to its slot", run: () => navigate(toSlot(slot)) } }),
  });
  return (
    <div className="page">
      <Head run={run} />
      {run.cancel_requested_at && live && (
        <Notice tone="doubt">
          {run.cancel_requested_by ?? "Somebody"} asked <Time at={run.cancel_requested_at} zone={zone} as="ago" /> to cancel
          it; its agent is about to do that.
        </Notice>
      )}
      {run.reason && run.status !== "success" && (
        <Notice tone={live ? "busy" : "bad"}>
          <Told text={run.reason} zone={zone} />
        </Notice>
      )}
      <div className="columns">
        <Panel title="Facts">
          <Facts run={run} zone={zone} />
        </Panel>
        <div className="stack">
          {run.gates.length > 0 && (
            <Panel title="What it waits for">
              <GateList gates={run.gates} zone={zone} />
            </Panel>
          )}
          <HistoryPanel history={run.history} zone={zone} />
          <PeoplePanel about={nameOf(run)} target={String(run.run)} zone={zone} />
        </div>
      </div>
      <Work run={run.run} status={run.status} />
    </div>
  );
}

/** The name of a run in the audit log. */
function nameOf({ run, slot }: RunDetails): string {
  return slot === null ? `run ${run}` : `run ${run} of ${slot}`;
}

function Head({ run }: { readonly run: RunDetails }) {
  return (
    <header className="page-head">
      <StatusMark status={run.status} />
      <h1>Run {run.run}</h1>
      {run.slot && (
        <span className="page-of">
          {`attempt ${run.attempt} of `}
          <NameLink text={run.slot} to={toSlot(run.slot)} />
        </span>
      )}
      <Link to={toPlan(run.run)}>Plan</Link>
      <span className="grow" />
      <ActButtons verbs={verbsForRun(run)} targets={[String(run.run)]} />
    </header>
  );
}

function Facts({ run, zone }: { readonly run: RunDetails; readonly zone: string | null }) {
  return (
    <dl className="facts">
      <Fact name="Why it exists">{run.why}</Fact>
      {run.requested_by && <Fact name="Asked for by">{`${run.requested_by}${run.request_reason ? `: ${run.request_reason}` : ""}`}</Fact>}
      {run.definition && (
        <Fact name="Definition">
          <NameLink text={run.definition} to={toDefinition(run.definition)} />
        </Fact>
      )}
      {run.account && (
        <Fact name="Account">
          <NameLink text={run.account} to={toAccount(run.account)} />
        </Fact>
      )}
      {run.action && (
        <Fact name="Action">
          <code>{run.action}</code>
        </Fact>
      )}
      <Fact name="Created">
        <Time at={run.created_at} zone={zone} as="full" />
      </Fact>
      {run.start_at && (
        <Fact name="Starts at">
          <Time at={run.start_at} zone={zone} as="full" />
        </Fact>
      )}
      <Fact name="Started">
        <Time at={run.started_at} zone={zone} as="full" />
      </Fact>
      <Fact name="Finished">
        <Time at={run.finished_at} zone={zone} as="full" />
      </Fact>
      <Fact name={run.finished_at ? "Took" : "Takes so far"}>
        <Took from={run.started_at} until={run.finished_at} />
      </Fact>
      {run.deadline_at && !run.finished_at && (
        <Fact name="Too long at">
          <Time at={run.deadline_at} zone={zone} />
        </Fact>
      )}
      <Fact name="Agent">{run.agent ? <NameLink text={run.agent} to="/fleet" /> : <span className="faint">none yet</span>}</Fact>
      {(run.exit_code !== null || run.signal) && <Fact name="Ended with">{run.signal ?? `exit code ${run.exit_code}`}</Fact>}
      <Fact name="Queue">{`${run.queue}, priority ${run.priority}`}</Fact>
      {run.version && (
        <Fact name="Version">
          <code>{run.version}</code>
          {run.version !== run.current_version && (
            <span className="soft">
              {" "}
              (now declared: <code>{run.current_version}</code>)
            </span>
          )}
        </Fact>
      )}
      {run.parent_run && (
        <Fact name="Started by">
          <Link to={toRun(run.parent_run)}>Run {run.parent_run}</Link>
        </Fact>
      )}
    </dl>
  );
}

interface FactProps {
  readonly name: string;
  readonly children: ReactNode;
}

function Fact({ name, children }: FactProps) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
