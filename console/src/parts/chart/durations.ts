/** Durations as charts need them: quantiles, how high an axis goes, and what stands at its ticks. */

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** Distances of ticks that people count in, in seconds. */
export const STEPS: readonly number[] = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100].map((days) => days * DAY),
];

const FAR_BEYOND = 4;
const ROOM = 1.08;

/** Return the duration that so many of a hundred took, or less; null where there is none. */
export function quantile(durations: readonly number[], percent: number): number | null {
  const sorted = [...durations].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? null;
}

/**
 * Return how high an axis goes for these durations: to the longest, unless that lies far beyond all but a tenth of them.
 *
 * Otherwise one that took a hundred times as long as usual would press all others flat.
 */
export function topOf(durations: readonly number[]): number {
  const longest = Math.max(0, ...durations);
  const most = quantile(durations, 90) ?? 0;
  const top = most > 0 && longest > FAR_BEYOND * most ? 2 * most : longest;
  return top > 0 ? top * ROOM : 1;
}

/** Return a duration of a tick in the largest unit in which it is a whole number. */
export function tickOf(seconds: number): string {
  if (seconds === 0) return "0";
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  if (seconds % DAY === 0) return `${seconds / DAY} d`;
  if (seconds % HOUR === 0) return `${seconds / HOUR} h`;
  return seconds % MINUTE === 0 ? `${seconds / MINUTE} min` : `${seconds} s`;
}
