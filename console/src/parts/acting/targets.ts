/** How what is acted on is called before people. */

/** Return a target as people say it: a number alone is that of a run. */
export function calledTarget(target: string): string {
  return /^\d+$/.test(target) ? `run ${target}` : target;
}
