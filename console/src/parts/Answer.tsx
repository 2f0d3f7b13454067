/** What stands between a resource and its page: loading, failed, away, or there. */

import type { ReactNode } from "react";
import type { Resource } from "~/api/hooks";
import { ErrorNotice } from "~/parts/Notice";

interface AnswerProps<T> {
  readonly of: Resource<T>;
  readonly children: (data: T) => ReactNode;
}

export function Answer<T>({ of, children }: AnswerProps<T>) {
  const { data, error, refresh } = of;
  return (
    <>
      {error && <ErrorNotice error={error} old={data !== undefined} onRetry={refresh} />}
      {data !== undefined ? children(data) : !error && <Loading />}
    </>
  );
}

/** Shown only where an answer takes longer than a moment: see styles/parts.css. */
export function Loading() {
  return (
    <div className="loading" role="status">
      Loading …
    </div>
  );
}
