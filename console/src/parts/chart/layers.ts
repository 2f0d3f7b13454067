/** What a chart of durations is made of: layers over the same places, drawn one upon the other. */

type Values = readonly (number | null)[];

/** From the shortest to nearly the longest. */
interface Band {
  readonly kind: "band";
  readonly label: string;
  readonly low: Values;
  readonly high: Values;
}

interface Line {
  readonly kind: "line";
  readonly label: string;
  readonly values: Values;
}

/** A bar for each place, in the colour of its tone. */
interface Bars {
  readonly kind: "bars";
  readonly label: string;
  readonly values: Values;
  readonly tones: readonly string[];
}

/** A sign at the foot of each place where something failed. */
interface Failures {
  readonly kind: "failures";
  readonly label: string;
  readonly counts: readonly number[];
}

/** One duration to judge all others by. */
export interface Level {
  readonly kind: "level";
  readonly label: string;
  readonly seconds: number;
  /** Whether it is drawn in dots rather than in dashes. */
  readonly fine: boolean;
}

export type Layer = Band | Line | Bars | Failures | Level;

/** Return the rows of numbers that a layer draws. */
export function valuesOf(layer: Layer): readonly Values[] {
  if (layer.kind === "band") return [layer.low, layer.high];
  return layer.kind === "line" || layer.kind === "bars" ? [layer.values] : [];
}

/** Return all durations that layers show, the levels among them. */
export function durationsOf(layers: readonly Layer[]): number[] {
  return layers.flatMap((layer) =>
    layer.kind === "level" ? [layer.seconds] : valuesOf(layer).flatMap((values) => values.filter((value) => value !== null)),
  );
}

/** Return the longest duration that stands at each place. */
export function longestAt(layers: readonly Layer[], index: number): number {
  return Math.max(0, ...layers.flatMap(valuesOf).map((values) => values[index] ?? 0));
}
