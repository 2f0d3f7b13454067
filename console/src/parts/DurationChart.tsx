/** How long the slots of a lane took, oldest first, with the median as a line to judge them by. */

import { navigate } from "~/app/router";
import { dayOf, duration, Time } from "~/app/time";
import type { PastSlot } from "~/api/types";
import { toSlot } from "~/parts/names";
import { faceOf } from "~/parts/statuses";

const WIDTH = 600;
const HEIGHT = 100;
const TOP = 4;
const LOWEST = 3;
const SHORTEST = 0.001;
const FEWEST = 12;

interface DurationChartProps {
  readonly items: readonly PastSlot[];
  readonly zone: string;
  /** The slot that the page is about. */
  readonly current: string;
}

export function DurationChart({ items, zone, current }: DurationChartProps) {
  const known = items.flatMap((item) => (item.seconds === null ? [] : [item.seconds]));
  const longest = Math.max(SHORTEST, ...known);
  const usual = median(known);
  const width = WIDTH / Math.max(FEWEST, items.length);
  const heightOf = (seconds: number): number => Math.max(LOWEST, (seconds / longest) * (HEIGHT - TOP));
  const told = tell(known.length, usual);
  return (
    <figure className="durations">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={told}>
        {items.map((item, index) => (
          <g key={item.slot} className={`durations-bar tone-${faceOf(item.status).tone}`} onClick={() => navigate(toSlot(item.slot))}>
            <title>{labelOf(item, zone)}</title>
            <rect
              className={item.slot === current ? "durations-field durations-here" : "durations-field"}
              x={index * width}
              y={0}
              width={width}
              height={HEIGHT}
            />
            <rect
              x={(index + 0.1) * width}
              y={HEIGHT - heightOf(item.seconds ?? 0)}
              width={width * 0.8}
              height={heightOf(item.seconds ?? 0)}
            />
          </g>
        ))}
        {usual !== null && (
          <line className="durations-usual" x1="0" x2={WIDTH} y1={HEIGHT - heightOf(usual)} y2={HEIGHT - heightOf(usual)} />
        )}
      </svg>
      <div className="durations-days" style={{ width: `${(100 * items.length * width) / WIDTH}%` }}>
        <Time at={items[0]?.starts_at ?? null} zone={zone} as="day" />
        {items.length > 1 && <Time at={items.at(-1)?.starts_at ?? null} zone={zone} as="day" />}
      </div>
      <figcaption className="soft">{told}</figcaption>
    </figure>
  );
}

function labelOf(item: PastSlot, zone: string): string {
  const took = item.seconds === null ? "" : `, ${duration(item.seconds)}`;
  return `${dayOf(Date.parse(item.starts_at), zone)}: ${faceOf(item.status).label}${took}`;
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

function tell(finished: number, usual: number | null): string {
  if (usual === null) return "Nothing of this lane has finished yet";
  return finished === 1 ? `One has finished: it took ${duration(usual)}` : `Of the last ${finished}, half took ${duration(usual)} or less`;
}
