/** The last slots of a lane, oldest first: a bar for each, its height how long it took, its colour how it ended. */

import { duration } from "~/app/time";
import { faceOf } from "~/parts/statuses";

interface SparkBar {
  readonly key: string;
  readonly label: string;
  readonly status: string;
  readonly seconds: number | null;
}

interface SparklineProps {
  readonly label: string;
  readonly bars: readonly SparkBar[];
  readonly onOpen?: (key: string) => void;
}

const LOWEST = 0.16;

export function Sparkline({ label, bars, onOpen }: SparklineProps) {
  const longest = Math.max(1, ...bars.map((bar) => bar.seconds ?? 0));
  return (
    <div className="sparkline" role="list" aria-label={label}>
      {bars.map((bar) => {
        const face = faceOf(bar.status);
        const took = bar.seconds === null ? "" : `, ${duration(bar.seconds)}`;
        const height = LOWEST + (1 - LOWEST) * ((bar.seconds ?? 0) / longest);
        return (
          <div key={bar.key} role="listitem" className="spark-slot">
            <button
              type="button"
              className={`spark-bar tone-${face.tone}`}
              title={`${bar.label}: ${face.label}${took}`}
              aria-label={`${bar.label}: ${face.label}${took}`}
              disabled={!onOpen}
              onClick={() => onOpen?.(bar.key)}
            >
              <span style={{ height: `${height * 100}%` }} />
            </button>
          </div>
        );
      })}
    </div>
  );
}
