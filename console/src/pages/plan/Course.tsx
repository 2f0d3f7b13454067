/** The course of a plan: when each step ran, and how long, on a line of time. Tries that failed stand before the last. */

import { type RefObject, useMemo } from "react";
import { Link } from "~/app/router";
import { dayAndTime, duration, useNow, useZone } from "~/app/time";
import { type CourseLine, endsOfPlanned, type Span, spanOf, type Unfolded, wholeOf } from "~/pages/plan/course";
import { isUnderWay, saysOf } from "~/pages/plan/steps";
import { toChildren, toPlan } from "~/parts/names";
import { StatusMark } from "~/parts/StatusMark";
import { faceOf, isFinal } from "~/parts/statuses";
import { type Column, Table } from "~/parts/Table";
import { Took } from "~/parts/Took";

interface CourseProps {
  readonly lines: readonly CourseLine[];
  readonly unfolded: Unfolded;
  readonly current: number;
  readonly zone: string | null;
  readonly list: RefObject<HTMLDivElement | null>;
  readonly onOpen: (line: CourseLine) => void;
  readonly onFold: (line: CourseLine) => void;
}

export function Course({ lines, unfolded, current, zone, list, onOpen, onFold }: CourseProps) {
  const now = useNow();
  const span = wholeOf(lines, now);
  const shown = useZone(zone);
  const ends = useMemo(() => endsOfPlanned(lines.flatMap((line) => (line.is === "step" && line.depth === 0 ? [line.step] : []))), [lines]);
  const marks = marksOf(span);
  const isOpen = (line: CourseLine): boolean | undefined => (line.fold === null ? undefined : unfolded.has(line.fold));
  const columns: readonly Column<CourseLine>[] = [
    {
      key: "name",
      title: "Step",
      width: "minmax(180px, 1fr)",
      cell: (line) => <Name line={line} isOpen={isOpen(line)} onFold={onFold} />,
    },
    {
      key: "course",
      title: <Axis marks={marks} span={span} />,
      width: "minmax(180px, 4fr)",
      cell: (line) => (
        <Bars line={line} planned={line.is === "step" && line.depth === 0 ? ends.get(line.step.step) : undefined} span={span} marks={marks} now={now} zone={shown} />
      ),
    },
    { key: "took", title: "Took", width: "84px", align: "right", cell: (line) => <LineTook line={line} /> },
  ];
  return (
    <Table
      label="Course of the steps"
      columns={columns}
      rows={lines}
      keyOf={({ key }) => key}
      current={current}
      list={list}
      onOpen={onOpen}
      branchOf={(line) => ({ depth: line.depth, isOpen: isOpen(line) })}
    />
  );
}

interface NameProps {
  readonly line: CourseLine;
  readonly isOpen: boolean | undefined;
  readonly onFold: (line: CourseLine) => void;
}

function Name({ line, isOpen, onFold }: NameProps) {
  return (
    <span className="plan-name" style={{ paddingInlineStart: line.depth * 18 }}>
      {isOpen === undefined ? (
        <span className="course-fold" />
      ) : (
        <button type="button" tabIndex={-1} className="course-fold" aria-label={isOpen ? "Fold" : "Unfold"} onClick={() => onFold(line)}>
          {isOpen ? "▾" : "▸"}
        </button>
      )}
      <Called line={line} />
    </span>
  );
}

function Called({ line }: { readonly line: CourseLine }) {
  if (line.is === "word") return <span className="soft">{line.moreOf === null ? line.text : <Link to={toChildren(line.moreOf)}>{line.text}</Link>}</span>;
  if (line.is === "step") {
    return (
      <>
        <StatusMark status={line.step.status} as="dot" />
        <bdi title={line.step.name}>{line.step.name}</bdi>
      </>
    );
  }
  const { plan } = line;
  const what = plan.slot ?? plan.action ?? plan.definition ?? "";
  return (
    <>
      <StatusMark status={plan.status} as="dot" />
      <Link to={toPlan(plan.run)}>{plan.run}</Link>
      <bdi title={plan.given ? `${what} ${plan.given}` : what}>
        {what} {plan.given && <span className="faint">{plan.given}</span>}
      </bdi>
    </>
  );
}

function LineTook({ line }: { readonly line: CourseLine }) {
  if (line.is === "word") return null;
  if (line.is === "run") return <Took from={line.plan.started_at} until={isFinal(line.plan.status) ? line.plan.finished_at : null} />;
  const { step } = line;
  return <Took from={step.started_at} until={step.finished_at ?? (isUnderWay(step) ? null : step.started_at)} />;
}

function Axis({ marks, span }: { readonly marks: readonly number[]; readonly span: Span }) {
  const apart = ((marks[1] ?? span.until) - span.from) / SECOND;
  return (
    <span className="course-axis">
      {marks.map((at) => (
        <span key={at} style={{ insetInlineStart: `${percent(at, span)}%` }}>
          {at === span.from ? "0" : percent(at, span) < LAST_LABEL && markOf((at - span.from) / SECOND, apart)}
        </span>
      ))}
    </span>
  );
}

/** Return how a mark is written: with as many digits as it takes to tell it from the next. */
function markOf(seconds: number, apart: number): string {
  if (apart < 1) return `${seconds.toFixed(Math.ceil(-Math.log10(apart) - 1e-9))} s`;
  return duration(seconds).replace(/ 00 (s|min)$| 0 h$/, "");
}

interface BarsProps {
  readonly line: CourseLine;
  /** When the last of what it has planned ended: null while some of that goes on, undefined where it planned nothing. */
  readonly planned: number | null | undefined;
  readonly span: Span;
  readonly marks: readonly number[];
  readonly now: number;
  readonly zone: string;
}

function Bars({ line, planned, span, marks, now, zone }: BarsProps) {
  const lasted = spanOf(line, now);
  const tries = line.is === "step" ? line.step.failed_tries : [];
  return (
    <span className="course">
      {marks.map((at) => (
        <span key={at} className="course-mark" style={{ insetInlineStart: `${percent(at, span)}%` }} />
      ))}
      {tries.map((failed) => (
        <Bar
          key={failed.try}
          status="error"
          span={span}
          from={Date.parse(failed.started_at ?? failed.ended_at)}
          until={Date.parse(failed.ended_at)}
          label={`Try ${failed.try} failed: ${failed.error.message}`}
          zone={zone}
        />
      ))}
      {lasted && line.is === "step" && planned !== undefined && (
        <Bar status={line.step.status} span={span} from={lasted.from} until={planned ?? span.until} label={`${line.step.name}, with all that it planned`} zone={zone} thin />
      )}
      {lasted && line.is !== "word" && <Bar status={line.is === "step" ? line.step.status : line.plan.status} span={span} {...lasted} label={labelOf(line)} zone={zone} />}
    </span>
  );
}

interface BarProps extends Span {
  readonly status: string;
  readonly span: Span;
  readonly label: string;
  readonly zone: string;
  readonly thin?: boolean;
}

function Bar({ status, span, from, until, label, zone, thin = false }: BarProps) {
  const left = percent(from, span);
  return (
    <span
      className={`course-bar tone-${faceOf(status).tone}${RESTING.has(status) ? " course-rests" : ""}${thin ? " course-thin" : ""}`}
      style={{ insetInlineStart: `${left}%`, width: `${percent(until, span) - left}%` }}
      title={`${label}\n${dayAndTime(from, zone)} ${zone}, ${duration((until - from) / 1_000)}`}
    />
  );
}

const RESTING = new Set(["suspended", "paused"]);

function labelOf(line: CourseLine): string {
  if (line.is === "word") return line.text;
  if (line.is === "run") return `Run ${line.plan.run}: ${faceOf(line.plan.status).label}${line.plan.reason && `, ${line.plan.reason}`}`;
  const says = saysOf(line.step);
  return `${line.step.name}: ${faceOf(line.step.status).label}${says && `, ${says}`}`;
}

const SECOND = 1_000;
const APART = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400];
const MOST_MARKS = 5;
/** A label that begins further right, in percent, has no room. */
const LAST_LABEL = 92;

function marksOf({ from, until }: Span): readonly number[] {
  const least = (until - from) / MOST_MARKS / SECOND;
  const apart = (APART.find((seconds) => seconds >= least) ?? Math.ceil(least / 86_400) * 86_400) * SECOND;
  return Array.from({ length: Math.floor((until - from) / apart) + 1 }, (_, mark) => from + mark * apart);
}

function percent(at: number, { from, until }: Span): number {
  return (100 * (Math.min(Math.max(at, from), until) - from)) / (until - from);
}
