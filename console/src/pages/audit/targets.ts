/** Which page shows what an audit entry is about. */

import { toAccount, toDefinition, toPlan, toRun, toSlot } from "~/parts/names";

/** Return the page of a target as the audit log writes it; null where there is none. */
export function pathOf(target: string): string | null {
  const run = /\brun (\d+)\b/.exec(target);
  if (run) return / step /.test(target) ? toPlan(Number(run[1])) : toRun(Number(run[1]));
  const [kind, ...rest] = target.split(" ");
  const name = rest.join(" ");
  if (kind === "definition") return toDefinition(name);
  if (kind === "account") return toAccount(name);
  if (kind === "agent") return "/fleet";
  return target.split("/").length >= 2 && !target.includes(" ") ? toSlot(target) : null;
}
