/** How many of a row or column are in which status, as one thin bar: the loudest first. */

import { faceOf } from "~/parts/statuses";

const OF_NO_CONCERN = new Set(["future"]);

export function Meter({ counts }: { readonly counts: Readonly<Record<string, number>> }) {
  const parts = Object.entries(counts)
    .filter(([status, count]) => count > 0 && !OF_NO_CONCERN.has(status))
    .sort(([one], [other]) => faceOf(other).weight - faceOf(one).weight);
  const all = parts.reduce((sum, [, count]) => sum + count, 0);
  if (all === 0) return <span className="meter" />;
  const words = parts.map(([status, count]) => `${count} ${faceOf(status).label.toLowerCase()}`).join(", ");
  return (
    <span className="meter" role="img" aria-label={words} title={words}>
      {parts.map(([status, count]) => (
        <span key={status} className={`tone-${faceOf(status).tone}`} style={{ flexGrow: count }} />
      ))}
    </span>
  );
}
