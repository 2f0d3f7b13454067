/** How many steps of a plan stand where, loudest first. */

import { StatusMark } from "~/parts/StatusMark";
import { faceOf } from "~/parts/statuses";

export function StepCounts({ steps }: { readonly steps: Readonly<Record<string, number>> }) {
  const counts = Object.entries(steps).sort(([one], [other]) => faceOf(other).weight - faceOf(one).weight);
  return (
    <span className="counts">
      {counts.map(([status, count]) => (
        <span key={status} className="count" title={`${count} ${faceOf(status).label}`}>
          <StatusMark status={status} as="dot" />
          <span className="number">{count.toLocaleString("en")}</span>
        </span>
      ))}
    </span>
  );
}

/** Count things by their status. */
export function countByStatus(all: readonly { readonly status: string }[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { status } of all) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
