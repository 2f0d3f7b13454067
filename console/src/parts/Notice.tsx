/** Banners: what went wrong, what it means for what is shown, what to do. */

import type { ReactNode } from "react";
import type { ApiError } from "~/api/client";
import { useConnection } from "~/api/hooks";

interface NoticeProps {
  readonly tone: "bad" | "doubt" | "busy";
  readonly children: ReactNode;
  readonly action?: ReactNode;
}

export function Notice({ tone, children, action }: NoticeProps) {
  return (
    <div className={`notice tone-${tone}`} role={tone === "bad" ? "alert" : "status"}>
      <div>{children}</div>
      {action}
    </div>
  );
}

interface ErrorNoticeProps {
  readonly error: ApiError;
  /** Whether what is on the page is an older answer. */
  readonly old?: boolean;
  readonly onRetry?: () => void;
}

export function ErrorNotice({ error, old = false, onRetry }: ErrorNoticeProps) {
  const isKnown = useConnection() === "away" && old && error.isAway; // said at the top of the page, once for all of it
  if (isKnown) return null;
  const again = onRetry && (
    <button type="button" className="button button-small" onClick={onRetry}>
      Try again
    </button>
  );
  return (
    <Notice tone={error.isAway ? "doubt" : "bad"} action={again}>
      <strong>{error.message}.</strong> {old && "What you see is the last answer. "}
      {error.hint && <span className="soft">{error.hint}</span>}
      {error.problems.length > 0 && (
        <ul>
          {error.problems.map((problem) => (
            <li key={`${problem.key} ${problem.message}`}>
              {problem.key && <code>{problem.key}</code>} {problem.message}
            </li>
          ))}
        </ul>
      )}
    </Notice>
  );
}
