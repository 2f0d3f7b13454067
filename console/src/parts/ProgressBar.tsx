/** How far something is, from 0 to 1, as a bar in the colour of its status. */

import { faceOf } from "~/parts/statuses";
import "~/parts/progress.css";

interface ProgressBarProps {
  readonly value: number;
  readonly status: string;
}

export function ProgressBar({ value, status }: ProgressBarProps) {
  const percent = Math.round(value * 100);
  return (
    <span
      className={`progress tone-${faceOf(status).tone}`}
      role="progressbar"
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      title={`${percent} %`}
    >
      <span style={{ width: `${percent}%` }} />
    </span>
  );
}
