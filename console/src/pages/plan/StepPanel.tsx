/** One step in full: what it is given, what came of it, what went wrong, and what a person can do about it. */

import type { PlanStep, StepError } from "~/api/details";
import { Link } from "~/app/router";
import { Time } from "~/app/time";
import { actsOn } from "~/pages/plan/acts";
import { ActButtons } from "~/parts/acting/ActButtons";
import { Json } from "~/parts/Json";
import { toChildren } from "~/parts/names";
import { LogView } from "~/parts/log/LogView";
import { ProgressBar } from "~/parts/ProgressBar";
import { StatusMark } from "~/parts/StatusMark";
import { faceOf, isFinal } from "~/parts/statuses";
import { Told } from "~/parts/Told";
import { Took } from "~/parts/Took";

interface StepPanelProps {
  readonly run: number;
  readonly runStatus: string;
  readonly step: PlanStep;
  readonly zone: string | null;
  readonly nameOf: (step: number) => string;
  readonly onOpen: (step: number) => void;
  readonly onClose: () => void;
}

export function StepPanel({ run, runStatus, step, zone, nameOf, onOpen, onClose }: StepPanelProps) {
  const isFinalizing = step.phase === "finalize";
  return (
    <aside className="panel step-panel" aria-label={`Step ${step.name}`}>
      <header className="panel-head">
        <StatusMark status={step.status} />
        <h2>
          <bdi>{step.name}</bdi>
        </h2>
        <span className="grow" />
        <button type="button" className="button button-plain" aria-label="Close the step" onClick={onClose}>
          ✕
        </button>
      </header>
      <div className="stack">
        <StepActions run={run} runStatus={runStatus} step={step} />
        {step.progress !== null && step.status === "running" && (
          <div>
            <ProgressBar value={step.progress} status={step.status} /> <span className="soft">{step.progress_message}</span>
          </div>
        )}
        {step.status === "suspended" && step.waits_for && (
          <p>
            <Told text={`Waits for ${step.waits_for}`} zone={zone} />
          </p>
        )}
        {step.error && <ErrorBox title={`Failed at try ${step.tries}`} error={step.error} />}
        <StepFacts step={step} zone={zone} nameOf={nameOf} onOpen={onOpen} />
        <Children run={run} step={step} />
        {!isFinalizing && (
          <section>
            <h3>Input</h3>
            <Json value={step.input} label="Input" />
          </section>
        )}
        {step.output !== null && (
          <section>
            <h3>Output</h3>
            <Json value={step.output} label="Output" />
          </section>
        )}
        {triesBefore(step).map((failed) => (
          <details key={failed.try}>
            <summary>
              {`Try ${failed.try} failed `}
              <Time at={failed.ended_at} zone={zone} as="ago" />
              {`: ${failed.error.message}`}
            </summary>
            <ErrorBox title={failed.error.type || failed.error.kind} error={failed.error} />
          </details>
        ))}
        <Events step={step} zone={zone} />
        {step.phase === "run" && step.started_at !== null && (
          <section>
            <h3>What it wrote</h3>
            <LogView key={step.step} run={run} step={step.name} live={!isFinal(step.status) && step.status !== "error"} />
          </section>
        )}
      </div>
    </aside>
  );
}

/** Return the tries that failed, but for the last where the step itself says how it failed. */
function triesBefore({ status, tries, failed_tries: failed }: PlanStep): PlanStep["failed_tries"] {
  return status === "error" ? failed.filter((one) => one.try !== tries) : failed;
}

function StepActions({ run, runStatus, step }: Pick<StepPanelProps, "run" | "runStatus" | "step">) {
  const acts = actsOn(run, runStatus, step);
  const [question] = acts.flatMap((act) => act.question ?? []);
  const buttons = acts.map(({ verb, ...request }) => <ActButtons key={verb} verbs={[verb]} {...request} small={!question} />);
  if (question) {
    return (
      <div className="step-question">
        <p>{question.text}</p>
        {buttons}
      </div>
    );
  }
  return (
    <>
      {acts.length > 0 && <div className="act-buttons">{buttons}</div>}
      {step.status === "error" && !isFinal(runStatus) && !acts.some(({ verb }) => verb === "skip") && (
        <p className="soft">It can be skipped, or tried again, once the run is paused: that is when nothing else of the plan can go on.</p>
      )}
    </>
  );
}

function ErrorBox({ title, error }: { readonly title: string; readonly error: StepError }) {
  const ended = error.signal ?? (error.exit_code === null ? "" : `exit code ${error.exit_code}`);
  return (
    <section className="step-error tone-bad">
      <h3>{title}</h3>
      <p>
        {error.message} {ended && <span className="soft">{`(${ended})`}</span>}
      </p>
      {error.traceback && (
        <pre className="json" role="region" aria-label="Traceback" tabIndex={0}>
          {error.traceback}
        </pre>
      )}
    </section>
  );
}

type StepFactsProps = Pick<StepPanelProps, "step" | "zone" | "nameOf" | "onOpen">;

function StepFacts({ step, zone, nameOf, onOpen }: StepFactsProps) {
  const joined = [
    ["Needs", step.needs],
    ["After", step.after],
  ] as const;
  return (
    <dl className="facts">
      <dt>Action</dt>
      <dd>
        <code>{step.action}</code> <span className="faint">{step.phase}</span>
      </dd>
      {step.queue && (
        <>
          <dt>Queue</dt>
          <dd>{step.queue}</dd>
        </>
      )}
      <dt>Started</dt>
      <dd>
        <Time at={step.started_at} zone={zone} as="full" />
      </dd>
      {step.finished_at && (
        <>
          <dt>Took</dt>
          <dd>
            <Took from={step.started_at} until={step.finished_at} />
          </dd>
        </>
      )}
      {step.wake_at && (
        <>
          <dt>Wakes</dt>
          <dd>
            <Time at={step.wake_at} zone={zone} as="full" /> (<Time at={step.wake_at} zone={zone} as="ago" />)
          </dd>
        </>
      )}
      {step.fails_at && (
        <>
          <dt>Fails</dt>
          <dd>
            <Time at={step.fails_at} zone={zone} as="full" /> (<Time at={step.fails_at} zone={zone} as="ago" />)
          </dd>
        </>
      )}
      {joined.map(
        ([name, steps]) =>
          steps.length > 0 && (
            <div key={name} className="facts-row">
              <dt>{name}</dt>
              <dd className="step-links">
                {steps.map((number) => (
                  <button key={number} type="button" className="link" onClick={() => onOpen(number)}>
                    {nameOf(number)}
                  </button>
                ))}
              </dd>
            </div>
          ),
      )}
    </dl>
  );
}

function Children({ run, step }: Pick<StepPanelProps, "run" | "step">) {
  const counts = Object.entries(step.children);
  if (counts.length === 0) return null;
  return (
    <section>
      <h3>
        <Link to={toChildren(run)}>Runs that it has started</Link>
      </h3>
      <div className="counts">
        {counts.map(([status, count]) => (
          <span key={status} className="count">
            <Link to={`${toChildren(run)}&status=${status}`}>
              <StatusMark status={status} as="dot" /> {count} {faceOf(status).label.toLowerCase()}
            </Link>
          </span>
        ))}
      </div>
    </section>
  );
}

function Events({ step, zone }: { readonly step: PlanStep; readonly zone: string | null }) {
  if (step.events.length === 0) return null;
  return (
    <section>
      <h3>Events to come</h3>
      <ul className="step-events">
        {step.events.map((event) => (
          <li key={event.event ?? event.name}>
            <strong>{event.name}</strong> <span className="soft">{`${event.fate}, sent by ${event.sent_by} `}</span>
            <Time at={event.sent_at} zone={zone} as="ago" />
            {event.payload !== null && <Json value={event.payload} label={`What ${event.name} says`} />}
          </li>
        ))}
      </ul>
    </section>
  );
}
