/** One slot beside the matrix: why it is where it is, how its lane went before, and what can be done about it. */

import type { ReactNode } from "react";
import { inPath, withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { History, Run, SlotDetails } from "~/api/types";
import { Link, navigate } from "~/app/router";
import { dayOf, duration, Time } from "~/app/time";
import { ActButtons } from "~/parts/acting/ActButtons";
import { isHalted, verbsFor, verbsForSlot } from "~/parts/acting/verbs";
import { Answer } from "~/parts/Answer";
import { LastLines } from "~/parts/log/LastLines";
import type { Picked } from "~/pages/matrix/cursor";
import { toRun, toSlot } from "~/parts/names";
import { Sparkline } from "~/parts/Sparkline";
import { StatusMark } from "~/parts/StatusMark";
import { faceOf, SLOT_STATUSES } from "~/parts/statuses";
import { Told } from "~/parts/Told";
import { Why } from "~/parts/Why";

interface SidePanelProps {
  readonly slot: string;
  readonly onClose: () => void;
}

export function SidePanel({ slot, onClose }: SidePanelProps) {
  const details = useResource<SlotDetails>(`/slots/${inPath(slot)}`, { topics: ["night"], on: ["slots", "runs"], keep: true });
  const shown = details.data?.slot.slot ?? slot; // while the next one loads the whole panel is still about the last
  return (
    <Side label={`Slot ${shown}`} title={<Link to={toSlot(shown)}>{shown}</Link>} onClose={onClose}>
      <Answer of={details}>{(data) => <Details key={data.slot.slot} data={data} />}</Answer>
    </Side>
  );
}

/** The panel of a place that has no slot. */
export function NoSlot({ onClose }: Pick<SidePanelProps, "onClose">) {
  return (
    <Side label="No slot" title="No slot here" onClose={onClose}>
      <p className="soft">This definition has no slot for this account that was due by then.</p>
    </Side>
  );
}

interface PickedSlotsProps extends Pick<SidePanelProps, "onClose"> {
  readonly picked: readonly Picked[];
}

/** Several slots at once: how many stand how, and what can be done to those for which it is possible. */
export function PickedSlots({ picked, onClose }: PickedSlotsProps) {
  const statuses = SLOT_STATUSES.map((status) => ({
    status,
    targets: picked.filter((one) => one.status === status).map(({ slot }) => slot),
  })).filter(({ targets }) => targets.length > 0);
  const title = `${picked.length} slots`;
  return (
    <Side label={title} title={title} onClose={onClose}>
      {statuses.map(({ status, targets }) => (
        <section key={status} className="side-actions" aria-label={faceOf(status).label}>
          <StatusMark status={status} />
          <span className="number">{targets.length}</span>
          <ActButtons verbs={verbsFor("slot", status)} targets={targets} small />
        </section>
      ))}
    </Side>
  );
}

interface SideProps {
  readonly label: string;
  readonly title: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

function Side({ label, title, onClose, children }: SideProps) {
  return (
    <aside className="side" aria-label={label}>
      <header className="side-head">
        <h2>{title}</h2>
        <button type="button" className="button button-plain" onClick={onClose} aria-label="Close" title="Close  Esc">
          ✕
        </button>
      </header>
      <div className="side-body">{children}</div>
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
      <Actions slot={slot.slot} status={slot.status} run={slot.run} halted={isHalted(attempts)} />
      <section>
        <h3>Why</h3>
        <Why explanation={explanation} zone={slot.time_zone} />
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
  readonly halted: boolean;
}

function Actions({ slot, status, run, halted }: ActionsProps) {
  return (
    <div className="side-actions">
      <ActButtons verbs={verbsForSlot(status, halted)} targets={[slot]} />
      <Link to={run === null ? toSlot(slot) : toRun(run)} className="button">
        {run === null ? "Open slot" : "Open run"}
      </Link>
    </div>
  );
}

function Attempts({ attempts, zone }: { readonly attempts: readonly Run[]; readonly zone: string }) {
  return (
    <ul className="side-attempts">
      {attempts.map((run, index) => (
        <li key={run.run}>
          <StatusMark status={run.status} as="dot" />
          <Link to={toRun(run.run)}>Run {run.run}</Link>
          <span className="soft">
            <Time at={run.started_at} zone={zone} />
            {run.started_at && run.finished_at && (
              <> · {duration((Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1_000)}</>
            )}
          </span>
          {run.reason && (
            <div className="side-reason">
              <Told text={run.reason} zone={zone} />
            </div>
          )}
          {index === 0 && run.status !== "success" && run.started_at && <LastLines run={run.run} />}
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
