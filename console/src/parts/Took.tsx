/** How long something took, or takes so far: that goes on while it is under way. */

import { duration, useNow } from "~/app/time";

interface TookProps {
  readonly from: string | null;
  readonly until: string | null;
}

export function Took({ from, until }: TookProps) {
  if (!from) return <span className="faint">–</span>;
  if (!until) return <SoFar from={Date.parse(from)} />;
  return <span className="number">{duration((Date.parse(until) - Date.parse(from)) / 1_000)}</span>;
}

function SoFar({ from }: { readonly from: number }) {
  return <span className="number">{duration(Math.max(0, Math.round((useNow() - from) / 1_000)))}</span>;
}
