/** One slot: why it is where it is, its attempts side by side, what they wrote, and how it usually goes. */

import { useState } from "react";
import { inPath, withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { History, SlotDetails } from "~/api/types";
import { useKeys } from "~/app/keyboard";
import { navigate } from "~/app/router";
import type { PageProps } from "~/app/routes";
import { Time } from "~/app/time";
import { ActButtons } from "~/parts/acting/ActButtons";
import { isHalted, verbsForSlot } from "~/parts/acting/verbs";
import { Answer } from "~/parts/Answer";
import { DurationChart } from "~/parts/DurationChart";
import { NameLink } from "~/parts/Name";
import { toAccount, toDefinition, toPlan, toRun } from "~/parts/names";
import { Panel } from "~/parts/Panel";
import { StatusMark } from "~/parts/StatusMark";
import { Why } from "~/parts/Why";
import { PeoplePanel } from "~/pages/audit/PeoplePanel";
import { Work } from "~/pages/run/Work";
import { Attempts } from "~/pages/slot/Attempts";
import { ChangesPanel } from "~/pages/slot/Changes";
import "~/pages/details.css";

export default function SlotPage({ params }: PageProps) {
  const name = params["slot"] ?? "";
  const details = useResource<SlotDetails>(`/slots/${inPath(name)}`, {
    topics: ["night", "runs"],
    on: ["slots", "runs"],
  });
  return <Answer of={details}>{(data) => <SlotView details={data} />}</Answer>;
}

function SlotView({ details }: { readonly details: SlotDetails }) {
  const { slot, explanation, attempts, definition } = details;
  const [picked, setPicked] = useState<number | null>(null);
  const chosen = attempts.find((attempt) => attempt.run === picked) ?? attempts[0];
  const step = (by: number): void => {
    const next = attempts[attempts.findIndex((attempt) => attempt.run === chosen?.run) + by];
    if (next) setPicked(next.run);
  };
  useKeys("Slot", {
    l: { does: "Show the output of the attempt before", run: () => step(1) },
    h: { does: "Show the output of the attempt after", run: () => step(-1) },
    Enter: { does: "Open the attempt", run: () => chosen && navigate(toRun(chosen.run)) },
    p: { does: "Open its plan", run: () => chosen && navigate(toPlan(chosen.run)) },
  });
  return (
    <div className="page">
      <Head details={details} />
      <div className="columns">
        <div className="stack">
          <Panel title="Why">
            <Why explanation={explanation} zone={slot.time_zone} />
          </Panel>
          <PeoplePanel about={slot.slot} target={slot.slot} zone={slot.time_zone} />
        </div>
        <div className="stack">
          <Usual details={details} />
          <ChangesPanel version={definition.version} changes={definition.changed_since_success} />
        </div>
      </div>
      {chosen && (
        <>
          <Panel title={attempts.length === 1 ? "Attempt" : `${attempts.length} attempts, the latest first`}>
            <Attempts attempts={attempts} zone={slot.time_zone} chosen={chosen.run} onChoose={setPicked} />
          </Panel>
          <Work key={chosen.run} run={chosen.run} status={chosen.status} />
        </>
      )}
    </div>
  );
}

function Head({ details: { slot, attempts } }: { readonly details: SlotDetails }) {
  return (
    <header className="page-head">
      <StatusMark status={slot.status} />
      <h1>
        <bdi>{slot.slot}</bdi>
      </h1>
      <span className="grow" />
      <ActButtons verbs={verbsForSlot(slot.status, isHalted(attempts))} targets={[slot.slot]} />
      <dl className="page-facts">
        <div>
          <dt>Definition</dt>
          <dd>
            <NameLink text={slot.definition} to={toDefinition(slot.definition)} />
          </dd>
        </div>
        {slot.account !== null && (
          <div>
            <dt>Account</dt>
            <dd>
              <NameLink text={slot.account} to={toAccount(slot.account)} />
            </dd>
          </div>
        )}
        <div>
          <dt>Period</dt>
          <dd>
            <Time at={slot.start} zone={slot.time_zone} as="full" /> until <Time at={slot.end} zone={slot.time_zone} as="full" />
          </dd>
        </div>
        <div>
          <dt>Due</dt>
          <dd>{slot.due_at ? <Time at={slot.due_at} zone={slot.time_zone} as="full" /> : "when a person starts it"}</dd>
        </div>
      </dl>
    </header>
  );
}

function Usual({ details: { slot } }: { readonly details: SlotDetails }) {
  const { definition, account } = slot;
  const history = useResource<History>(withQuery("/history", { definition, account, limit: 30, until: slot.end }), {
    topics: ["night"],
    on: ["slots"],
  });
  return (
    <Panel title="How long it takes">
      <Answer of={history}>{(data) => <DurationChart items={data.items} zone={slot.time_zone} current={slot.slot} />}</Answer>
    </Panel>
  );
}
