/** A status by colour and sign; with its name beside it, or with the name for those who cannot see alone. */

import { faceOf } from "~/parts/statuses";

interface SignProps {
  readonly status: string;
}

/** The sign alone, for places that name the status otherwise. */
export function Sign({ status }: SignProps) {
  return (
    <svg className="sign" viewBox="0 0 16 16" aria-hidden="true">
      <path d={faceOf(status).sign} />
    </svg>
  );
}

interface StatusMarkProps {
  readonly status: string;
  /** `badge` is sign and name, `dot` is the sign alone. */
  readonly as?: "badge" | "dot";
}

export function StatusMark({ status, as = "badge" }: StatusMarkProps) {
  const face = faceOf(status);
  if (as === "dot") {
    return (
      <span className={`status-dot tone-${face.tone}`} role="img" aria-label={face.label} title={face.label}>
        <Sign status={status} />
      </span>
    );
  }
  return (
    <span className={`status-badge tone-${face.tone}`}>
      <Sign status={status} />
      {face.label}
    </span>
  );
}
