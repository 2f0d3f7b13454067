/** Questions of steps that wait for a person: what they ask, and the fields of the answer by type. */

export interface Question {
  readonly text: string;
  /** The type of each field, by name: `string`, `integer`, `number`, `boolean` */
  readonly fields: Readonly<Record<string, string>>;
}

/** Return what a suspended step asks, as its approval has written it down; null when it asks nothing. */
export function readQuestion(step: { readonly status: string; readonly output: unknown }): Question | null {
  if (step.status !== "suspended" || typeof step.output !== "object" || step.output === null) return null;
  const { question, fields } = step.output as { question?: unknown; fields?: unknown };
  if (typeof question !== "string" || typeof fields !== "object" || fields === null) return null;
  const typed = Object.entries(fields).map(([name, type]) => [name, String(type)] as const);
  return { text: question, fields: Object.fromEntries(typed) };
}
