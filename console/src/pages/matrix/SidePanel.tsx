/** One slot beside the matrix: why it is where it is, how its lane went before, and what can be done about it. */

import { inPath, withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { History, Run, SlotDetails } from "~/api/types";
import { Link, navigate } from "~/app/router";
import { dayOf, duration, Time } from "~/app/time";
import { ActButtons } from "~/parts/acting/ActButtons";
import { verbsFor } from "~/parts/acting/verbs";
import { Answer } from "~/parts/Answer";
import { GateList } from "~/parts/GateList";
import { toRun, toSlot } from "~/parts/names";
import { Sparkline } from "~/parts/Sparkline";
import { StatusMark } from "~/parts/StatusMark";

interface SidePanelProps {
  readonly slot: string;
  readonly onClose: () => void;
}

export function SidePanel({ slot, onClose }: SidePanelProps) {
  const details = useResource<SlotDetails>(`/slots/${inPath(slot)}`, { topics: ["night"], on: ["slots", "runs"], keep: true });
  return (
    <aside className="side" aria-label={`Slot ${slot}`}>
      <header className="side-head">
        <h2>
          <Link to={toSlot(slot)}>{slot}</Link>
        </h2>
        <button type="button" className="button button-plain" onClick={onClose} aria-label="Close" title="Close  Esc">
          ✕
        </button>
      </header>
      <div className="side-body">
        <Answer of={details}>{(data) => <Details data={data} />}</Answer>
      </div>
    </aside>
  );
}

function Details({ data }: { readonly data: SlotDetails }) {
  const { slot, explanation, attempts } = data;
  return (
    <>
      <div className="side-status">
        <StatusMark status={slot.status} />
        <span className="soft">
          due <Time at={slot.due_at} zone={slot.time_zone} />
        </span>
      </div>
      <Actions slot={slot.slot} status={slot.status} run={slot.run} />
      <section>
        <h3>Why</h3>
        <p className="side-verdict">{explanation.verdict}</p>
        <GateList gates={explanation.gates} zone={slot.time_zone} />
      </section>
      {attempts.length > 0 && (
        <section>
          <h3>Attempts</h3>
          <Attempts attempts={attempts} zone={slot.time_zone} />
        </section>
      )}
      <section>
        <h3>Last slots</h3>
        <LastSlots definition={slot.definition} account={slot.account} />
      </section>
    </>
  );
}

interface ActionsProps {
  readonly slot: string;
  readonly status: string;
  readonly run: number | null;
}

function Actions({ slot, status, run }: ActionsProps) {
  return (
    <div className="side-actions">
      <ActButtons verbs={verbsFor("slot", status)} targets={[slot]} />
      <Link to={run === null ? toSlot(slot) : toRun(run)} className="button">
        {run === null ? "Open slot" : "Open run"}
      </Link>
    </div>
  );
}

function Attempts({ attempts, zone }: { readonly attempts: readonly Run[]; readonly zone: string }) {
  return (
    <ul className="side-attempts">
      {attempts.map((run) => (
        <li key={run.run}>
          <StatusMark status={run.status} as="dot" />
          <Link to={toRun(run.run)}>Run {run.run}</Link>
          <span className="soft">
            <Time at={run.started_at} zone={zone} />
            {run.started_at && run.finished_at && (
              <> · {duration((Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1_000)}</>
            )}
          </span>
          {run.reason && <div className="side-reason">{run.reason}</div>}
        </li>
      ))}
    </ul>
  );
}

function LastSlots({ definition, account }: { readonly definition: string; readonly account: string | null }) {
  const path = withQuery("/history", { definition, account, limit: 30 });
  const history = useResource<History>(path, { topics: ["night"], on: ["slots"] });
  return (
    <Answer of={history}>
      {({ items }) => (
        <Sparkline
          label={`The last ${items.length} slots of ${definition}`}
          bars={items.map((item) => ({
            key: item.slot,
            label: dayOf(Date.parse(item.starts_at), "UTC"),
            status: item.status,
            seconds: item.seconds,
          }))}
          onOpen={(name) => navigate(toSlot(name))}
        />
      )}
    </Answer>
  );
}
