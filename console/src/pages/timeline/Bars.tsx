/** The drawing of a night: a line for each slot, its attempts upon it, and the hours behind. */

import type { MouseEvent } from "react";
import type { Timeline, TimelineBar } from "~/api/types";
import { navigate } from "~/app/router";
import { dayAndTime, duration } from "~/app/time";
import { marksOf, type Scale, scaleOf } from "~/pages/timeline/scale";
import { toSlot } from "~/parts/names";
import { faceOf } from "~/parts/statuses";

const ROW = 26;
const TOP = 26;
const HEAD_OF_PHONE = 130;
const HEAD = 230;
const SIGN = 20;
const APART = 74;
const THINNEST = 3;

interface BarsProps {
  readonly data: Timeline;
  readonly from: number;
  readonly width: number;
  readonly zone: string;
  readonly now: number;
}

export function Bars({ data, from, width, zone, now }: BarsProps) {
  const head = width < 600 ? HEAD_OF_PHONE : HEAD;
  const scale = scaleOf(from, Date.parse(data.until), width - head - 8);
  const height = TOP + data.bars.length * ROW;
  return (
    <svg className="timeline-drawing" width={width} height={height} role="list" aria-label="Slots of the night">
      <Hours scale={scale} left={head} height={height} zone={zone} />
      {data.bars.map((bar, index) => (
        <Line key={bar.slot} bar={bar} top={TOP + index * ROW} head={head} width={width} scale={scale} zone={zone} now={now} />
      ))}
      {now >= scale.from && now <= scale.until && (
        <line className="timeline-now" x1={head + scale.x(now)} x2={head + scale.x(now)} y1={TOP - 6} y2={height} />
      )}
    </svg>
  );
}

interface HoursProps {
  readonly scale: Scale;
  readonly left: number;
  readonly height: number;
  readonly zone: string;
}

function Hours({ scale, left, height, zone }: HoursProps) {
  return (
    <g className="timeline-hours" aria-hidden="true">
      {marksOf(scale, APART).map((at) => (
        <g key={at} transform={`translate(${left + scale.x(at)} 0)`}>
          <line y1={TOP - 6} y2={height} />
          <text y={TOP - 12}>{labelOf(at, zone)}</text>
        </g>
      ))}
    </g>
  );
}

/** Return the time of a mark; its day at midnight. */
function labelOf(at: number, zone: string): string {
  const [day = "", time = ""] = dayAndTime(at, zone).split(" ");
  return time.startsWith("00:00") ? day.slice(5) : time.slice(0, 5);
}

interface LineProps {
  readonly bar: TimelineBar;
  readonly top: number;
  readonly head: number;
  readonly width: number;
  readonly scale: Scale;
  readonly zone: string;
  readonly now: number;
}

function Line({ bar, top, head, width, scale, zone, now }: LineProps) {
  const face = faceOf(bar.status);
  const path = toSlot(bar.slot);
  function follow(event: MouseEvent): void {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate(path);
  }
  return (
    <a href={path} role="listitem" aria-label={`${bar.definition}: ${face.label}`} className="timeline-line" onClick={follow}>
      <title>{inWords(bar, zone)}</title>
      <rect className="timeline-field" x={0} y={top} width={width} height={ROW} rx={5} />
      <svg x={4} y={top + 5} width={16} height={16} viewBox="0 0 16 16" className={`tone-${face.tone} timeline-sign`}>
        <path d={face.sign} />
      </svg>
      <svg x={SIGN + 6} y={top} width={head - SIGN - 14} height={ROW}>
        <text y={ROW / 2} className="timeline-name">
          {bar.definition}
        </text>
      </svg>
      <g transform={`translate(${head} ${top})`}>
        <Wait bar={bar} scale={scale} now={now} />
        {bar.attempts.map((attempt) => (
          <Attempt key={attempt.run} attempt={attempt} scale={scale} now={now} />
        ))}
      </g>
    </a>
  );
}

type PartProps = Pick<LineProps, "scale" | "now">;

/** From when it was due until it began; until now for what has not. */
function Wait({ bar, scale, now }: PartProps & { readonly bar: TimelineBar }) {
  if (!bar.due_at) return null;
  const due = Date.parse(bar.due_at);
  const began = bar.attempts.flatMap(({ started_at }) => (started_at ? [Date.parse(started_at)] : []));
  const end = began.length > 0 ? Math.min(...began) : bar.finished_at ? Date.parse(bar.finished_at) : now;
  return (
    <>
      {end > due && <line className="timeline-wait" x1={scale.x(due)} x2={scale.x(end)} y1={ROW / 2} y2={ROW / 2} />}
      {due >= scale.from && <line className="timeline-due" x1={scale.x(due)} x2={scale.x(due)} y1={6} y2={ROW - 6} />}
    </>
  );
}

function Attempt({ attempt, scale, now }: PartProps & { readonly attempt: TimelineBar["attempts"][number] }) {
  if (!attempt.started_at) return null;
  const left = scale.x(Date.parse(attempt.started_at));
  const right = scale.x(attempt.finished_at ? Date.parse(attempt.finished_at) : now);
  return (
    <rect
      className={`timeline-attempt tone-${faceOf(attempt.status).tone}`}
      x={left}
      y={5}
      width={Math.max(THINNEST, right - left)}
      height={ROW - 10}
      rx={3}
    />
  );
}

function inWords(bar: TimelineBar, zone: string): string {
  const at = (instant: string | null) => (instant ? dayAndTime(Date.parse(instant), zone) : "–");
  const lines = [`${bar.slot}: ${faceOf(bar.status).label}`, `due ${at(bar.due_at)}`];
  for (const { run, status, started_at, finished_at } of bar.attempts) {
    const took =
      started_at && finished_at ? `, ${duration((Date.parse(finished_at) - Date.parse(started_at)) / 1_000)}` : "";
    lines.push(`run ${run}: ${faceOf(status).label}, ${at(started_at)}${took}`);
  }
  return lines.join("\n");
}
