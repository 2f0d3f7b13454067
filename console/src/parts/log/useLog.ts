/** A stretch of a log that grows at both ends: lines come in pages, and new ones as they are written. */

import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, get, withQuery } from "~/api/client";
import type { LogLine, LogPart } from "~/api/details";
import { useLive } from "~/api/hooks";

const PAGE = 500;
const MOST = 20_000;
const CONTEXT = 10;

export interface LogFilter {
  /** A step by its name or number; null for the only one. */
  readonly step: string | null;
  readonly level: string;
  readonly search: string;
}

export interface Log {
  readonly lines: readonly LogLine[];
  /** The line after which to go on. */
  readonly last: number;
  readonly total: number;
  readonly firstError: number | null;
  /** Nothing more will be written. */
  readonly complete: boolean;
  readonly loaded: boolean;
  readonly error: ApiError | null;
}

interface LogReader {
  readonly log: Log;
  /** Show what follows the last line that is there. */
  readonly readOn: () => void;
  readonly readBack: () => void;
  /** Show the end. */
  readonly readEnd: () => void;
  /** Show what is around a line. */
  readonly readAt: (number: number) => void;
}

const NOTHING: Log = { lines: [], last: 0, total: 0, firstError: null, complete: false, loaded: false, error: null };

type Place = "replace" | "append" | "prepend";

interface Wanted {
  /** Lines behind this one; the last there are for null. */
  readonly after: number | null;
  readonly place: Place;
  readonly limit?: number;
}

/**
 * Read the log of a run: around line `at`, or else its end.
 *
 * What is asked for is read one after the other, each seeing what the one before has brought. Remount for another run
 * or filter.
 */
export function useLog(run: number, filter: LogFilter, at: number | null): LogReader {
  const [log, setLog] = useState(NOTHING);
  const latest = useRef(log);
  const queue = useRef(Promise.resolve());
  const willReadOn = useRef(false);
  const { step, level, search } = filter;
  const filtered = level !== "" || search !== "";

  const read = useCallback(
    (want: () => Wanted): void => {
      queue.current = queue.current.then(async () => {
        const { after, place, limit = PAGE } = want();
        try {
          const page = await get<LogPart>(withQuery(`/runs/${run}/log`, { step, level, search, after, limit }));
          latest.current = join(latest.current, page, place);
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          latest.current = { ...latest.current, error, loaded: true };
        }
        setLog(latest.current);
      });
    },
    [run, step, level, search],
  );

  const readOn = useCallback(() => {
    if (willReadOn.current) return;
    willReadOn.current = true;
    read(() => {
      willReadOn.current = false;
      return { after: latest.current.last, place: "append" };
    });
  }, [read]);
  const readEnd = useCallback(() => read(() => ({ after: null, place: "replace" })), [read]);
  const readBack = useCallback(() => {
    read(() => {
      const first = latest.current.lines[0]?.number ?? 1;
      const after = Math.max(0, first - 1 - PAGE);
      return { after, place: "prepend", limit: Math.max(1, first - 1 - after) };
    });
  }, [read]);
  const readAt = useCallback(
    (number: number) => read(() => ({ after: Math.max(0, number - 1 - CONTEXT), place: "replace" })),
    [read],
  );

  useEffect(() => {
    if (at !== null) readAt(at);
    else readEnd();
  }, [at, readAt, readEnd]);
  useLive([`run:${run}`], (kind) => {
    const { complete, total, last } = latest.current;
    const atEnd = filtered || last >= total;
    if ((kind === "log" || kind === "runs" || kind === "reload") && !complete && atEnd) readOn();
  });
  return { log, readOn, readBack, readEnd, readAt };
}

function join(log: Log, page: LogPart, place: Place): Log {
  const lines = place === "replace" ? page.lines : place === "append" ? onto(log.lines, page.lines) : [...page.lines, ...log.lines];
  const kept = place === "prepend" ? lines.slice(0, MOST) : lines.slice(-MOST);
  return {
    lines: kept,
    last: place === "prepend" ? log.last : page.last,
    total: page.total,
    firstError: page.first_error,
    complete: page.complete,
    loaded: true,
    error: null,
  };
}

/** An answer that was asked for twice is taken once. */
function onto(lines: readonly LogLine[], more: readonly LogLine[]): readonly LogLine[] {
  const last = lines.at(-1)?.number ?? 0;
  const fresh = more.filter((line) => line.number > last);
  return fresh.length > 0 ? [...lines, ...fresh] : lines;
}
