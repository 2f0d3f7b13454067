/** Where places are missing between others: no line leads over those. */

const FAR = 2;

export interface Spacing {
  readonly places: readonly number[];
  /** For each place but the last, whether the next one is far away: more than twice as far as usual. */
  readonly steps: readonly boolean[];
}

export function spacingOf(places: readonly number[]): Spacing {
  const steps = places.slice(1).map((place, index) => place - (places[index] as number));
  const usual = [...steps].sort((one, other) => one - other)[Math.floor(steps.length / 2)] ?? 1;
  return { places, steps: steps.map((step) => step > FAR * usual) };
}

/** Return the values that stand alone: a line leads neither to them nor from them. */
export function aloneIn(values: readonly (number | null)[], { steps }: Spacing): number[] {
  const joined = (left: number): boolean => steps[left] === false && values[left] != null && values[left + 1] != null;
  return values.flatMap((value, index) => (value !== null && !joined(index - 1) && !joined(index) ? [index] : []));
}
