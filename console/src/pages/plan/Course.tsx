/** The course of a plan: when each step ran, and how long, on a line of time. Tries that failed stand before the last. */

import { useMemo } from "react";
import type { PlanStep } from "~/api/details";
import { dayAndTime, duration, useNow, useZone } from "~/app/time";
import { isUnderWay, saysOf } from "~/pages/plan/steps";
import { StatusMark } from "~/parts/StatusMark";
import { faceOf } from "~/parts/statuses";
import { type Column, Table } from "~/parts/Table";
import { Took } from "~/parts/Took";

interface CourseProps {
  readonly steps: readonly PlanStep[];
  readonly current: number;
  readonly zone: string | null;
  readonly onOpen: (step: PlanStep) => void;
}

interface Span {
  readonly from: number;
  readonly until: number;
}

export function Course({ steps, current, zone, onOpen }: CourseProps) {
  const isGoingOn = steps.some(isUnderWay);
  const span = spanOf(steps, useNow(), isGoingOn);
  const shown = useZone(zone);
  const ends = useMemo(() => endsOfPlanned(steps), [steps]);
  const marks = marksOf(span);
  const columns: readonly Column<PlanStep>[] = [
    {
      key: "name",
      title: "Step",
      width: "minmax(140px, 1fr)",
      cell: (step) => (
        <span className="plan-name">
          <StatusMark status={step.status} as="dot" />
          <bdi title={step.name}>{step.name}</bdi>
        </span>
      ),
    },
    {
      key: "course",
      title: <Axis marks={marks} span={span} />,
      width: "minmax(180px, 4fr)",
      cell: (step) => <Bars step={step} planned={ends.get(step.step)} span={span} marks={marks} zone={shown} />,
    },
    {
      key: "took",
      title: "Took",
      width: "84px",
      align: "right",
      cell: (step) => <Took from={step.started_at} until={step.finished_at ?? (isUnderWay(step) ? null : step.started_at)} />,
    },
  ];
  return <Table label="Course of the steps" columns={columns} rows={steps} keyOf={({ step }) => step} current={current} onOpen={onOpen} />;
}

/** Return steps in the order in which they began; those that have not, last. */
export function inOrderOfStart(steps: readonly PlanStep[]): readonly PlanStep[] {
  const began = ({ started_at: at }: PlanStep): number => (at === null ? Infinity : Date.parse(at));
  return [...steps].sort((one, other) => began(one) - began(other) || one.step - other.step);
}

function Axis({ marks, span }: { readonly marks: readonly number[]; readonly span: Span }) {
  return (
    <span className="course-axis">
      {marks.map((at) => (
        <span key={at} style={{ insetInlineStart: `${percent(at, span)}%` }}>
          {at === span.from ? "0" : percent(at, span) < LAST_LABEL && duration((at - span.from) / 1_000).replace(/ 00 (s|min)$| 0 h$/, "")}
        </span>
      ))}
    </span>
  );
}

interface BarsProps {
  readonly step: PlanStep;
  /** When the last of what it has planned ended: null while some of that goes on, undefined where it planned nothing. */
  readonly planned: number | null | undefined;
  readonly span: Span;
  readonly marks: readonly number[];
  readonly zone: string;
}

function Bars({ step, planned, span, marks, zone }: BarsProps) {
  const begin = instant(step.started_at);
  const end = instant(step.finished_at) ?? (isUnderWay(step) ? span.until : begin);
  return (
    <span className="course">
      {marks.map((at) => (
        <span key={at} className="course-mark" style={{ insetInlineStart: `${percent(at, span)}%` }} />
      ))}
      {step.failed_tries.map((failed) => (
        <Bar
          key={failed.try}
          status="error"
          span={span}
          from={instant(failed.started_at) ?? Date.parse(failed.ended_at)}
          until={Date.parse(failed.ended_at)}
          label={`Try ${failed.try} failed: ${failed.error.message}`}
          zone={zone}
        />
      ))}
      {begin !== null && planned !== undefined && (
        <Bar status={step.status} span={span} from={begin} until={planned ?? span.until} label={`${step.name}, with all that it planned`} zone={zone} thin />
      )}
      {begin !== null && end !== null && (
        <Bar status={step.status} span={span} from={begin} until={end} label={labelOf(step)} zone={zone} />
      )}
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
      className={`course-bar tone-${faceOf(status).tone}${status === "suspended" ? " course-rests" : ""}${thin ? " course-thin" : ""}`}
      style={{ insetInlineStart: `${left}%`, width: `${percent(until, span) - left}%` }}
      title={`${label}\n${dayAndTime(from, zone)} ${zone}, ${duration((until - from) / 1_000)}`}
    />
  );
}

function labelOf(step: PlanStep): string {
  const says = saysOf(step);
  return `${step.name}: ${faceOf(step.status).label}${says && `, ${says}`}`;
}

/** Return when the last of what each step has planned ended; null for those of whose steps some are under way. */
function endsOfPlanned(steps: readonly PlanStep[]): ReadonlyMap<number, number | null> {
  const ends = new Map<number, number | null>();
  const parents = new Map(steps.map(({ step, parent }) => [step, parent]));
  for (const step of steps) {
    const end = isUnderWay(step) ? null : instant(step.finished_at);
    if (end === null && !isUnderWay(step)) continue;
    for (let above = step.parent; above !== null; above = parents.get(above) ?? null) {
      const known = ends.get(above);
      ends.set(above, known === null || end === null ? null : Math.max(known ?? end, end));
    }
  }
  return ends;
}

function spanOf(steps: readonly PlanStep[], now: number, isGoingOn: boolean): Span {
  const begins = steps.flatMap((step) => (step.started_at === null ? [] : [Date.parse(step.started_at)]));
  const tries = steps.flatMap((step) => step.failed_tries.flatMap((failed) => (failed.started_at === null ? [] : [Date.parse(failed.started_at)])));
  const ends = steps.flatMap((step) => (step.finished_at === null ? [] : [Date.parse(step.finished_at)]));
  const from = [...begins, ...tries].reduce((least, at) => Math.min(least, at), begins[0] ?? now);
  const last = [...ends, ...begins].reduce((most, at) => Math.max(most, at), from);
  return { from, until: Math.max(from + 1, isGoingOn ? Math.max(last, now) : last) };
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

function instant(at: string | null): number | null {
  return at === null ? null : Date.parse(at);
}
