/** The end of what a run wrote: often all that it takes to see what went wrong. */

import { withQuery } from "~/api/client";
import type { LogPart } from "~/api/details";
import { useResource } from "~/api/hooks";
import { withoutControls } from "~/parts/log/controls";
import "~/parts/log/log.css";

const LINES = 6;
const LONGEST = 400;

interface LastLinesProps {
  readonly run: number;
}

/** Nothing where nothing was written, or where several steps have an output each. */
export function LastLines({ run }: LastLinesProps) {
  const { data } = useResource<LogPart>(withQuery(`/runs/${run}/log`, { limit: LINES }), { topics: [`run:${run}`], on: ["log", "runs"] });
  if (!data || data.lines.length === 0) return null;
  return (
    <pre className="log-last" aria-label={`Last lines of run ${run}`}>
      {data.lines.map(({ number, level, text }) => (
        <span key={number} className={level ? `log-level-${level}` : undefined} dir="ltr">
          {withoutControls(text.slice(0, LONGEST))}
        </span>
      ))}
    </pre>
  );
}
