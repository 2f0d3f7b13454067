/** Time on a line: where an instant stands, and which hours are marked. Pure. */

const MINUTE = 60_000;
const STEPS = [5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080].map((minutes) => minutes * MINUTE);

export interface Scale {
  readonly from: number;
  readonly until: number;
  readonly width: number;
  /** Where an instant stands, kept inside. */
  readonly x: (at: number) => number;
}

export function scaleOf(from: number, until: number, width: number): Scale {
  const span = Math.max(1, until - from);
  return { from, until, width, x: (at) => (Math.min(Math.max(at, from), until) - from) * (width / span) };
}

/** Return the instants to mark: whole steps, as many as are legible. */
export function marksOf(scale: Scale, apart: number): readonly number[] {
  const least = (scale.until - scale.from) / Math.max(1, scale.width / apart);
  const step = STEPS.find((one) => one >= least) ?? least;
  const marks: number[] = [];
  for (let at = Math.ceil(scale.from / step) * step; at <= scale.until; at += step) marks.push(at);
  return marks;
}
