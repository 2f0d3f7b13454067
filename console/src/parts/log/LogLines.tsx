/** The lines of a log that are in view, of as many as there are. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import { Loading } from "~/parts/Answer";
import { LogLineRow } from "~/parts/log/LogLine";
import { type Log, type LogFilter, useLog } from "~/parts/log/useLog";
import { ErrorNotice } from "~/parts/Notice";

const LINE = 19;
const BACKWARD = new Set(["ArrowUp", "PageUp", "Home"]);

interface LogLinesProps {
  readonly run: number;
  readonly filter: LogFilter;
  readonly live: boolean;
  readonly wrap: boolean;
  /** The line to show first; the end of the log for null. */
  readonly at: number | null;
  readonly onContext: (number: number) => void;
  readonly controls: ReactNode;
}

export function LogLines({ run, filter, live, wrap, at, onContext, controls }: LogLinesProps) {
  const { log, readOn, readBack, readEnd, readAt } = useLog(run, filter, at);
  const filtered = filter.level !== "" || filter.search !== "";
  const [follow, setFollow] = useState(!filtered && at === null);
  const [marked, setMarked] = useState(at);
  const [asked, setAsked] = useState(0);

  function showFirstError(): void {
    if (log.firstError === null) return;
    if (filtered) return onContext(log.firstError);
    setFollow(false);
    setMarked(log.firstError);
    setAsked(asked + 1);
    if (!log.lines.some((line) => line.number === log.firstError)) readAt(log.firstError);
  }
  function followOn(): void {
    setFollow(true);
    setMarked(null);
    readEnd();
  }

  const first = log.lines[0]?.number ?? 1;
  const more = !filtered && (log.lines.at(-1)?.number ?? 0) < log.total;
  return (
    <div className="log">
      <div className="log-controls">
        {controls}
        <button type="button" className="button" disabled={log.firstError === null} onClick={showFirstError}>
          First error
        </button>
        {live && (
          <button type="button" className="button" aria-pressed={follow} onClick={() => (follow ? setFollow(false) : followOn())}>
            Follow
          </button>
        )}
        <span className="soft number log-count">{countOf(log, filtered)}</span>
      </div>
      {log.error && <ErrorNotice error={log.error} onRetry={readOn} />}
      {!log.loaded && <Loading />}
      {log.loaded && log.lines.length === 0 && !log.error && <p className="log-empty soft">{emptyWord(log, filtered)}</p>}
      {!filtered && first > 1 && (
        <button type="button" className="log-more" onClick={readBack}>
          Show earlier lines
        </button>
      )}
      <Scroller
        log={log}
        wrap={wrap}
        follow={follow}
        marked={marked}
        asked={asked}
        sought={filter.search}
        numberSays={filtered ? "Show what is around it" : "Mark this line"}
        onNumber={filtered ? onContext : setMarked}
        onLookBack={() => setFollow(false)}
        onLookAhead={() => live && !filtered && !follow && followOn()}
      />
      {more && !follow && (
        <button type="button" className="log-more" onClick={readOn}>
          Show later lines
        </button>
      )}
    </div>
  );
}

interface ScrollerProps {
  readonly log: Log;
  readonly wrap: boolean;
  /** Stay at the end, whatever comes. */
  readonly follow: boolean;
  readonly marked: number | null;
  /** How often somebody asked to be shown the marked line. */
  readonly asked: number;
  readonly sought: string;
  readonly numberSays: string;
  readonly onNumber: (number: number) => void;
  readonly onLookBack: () => void;
  readonly onLookAhead: () => void;
}

function Scroller({ log, wrap, follow, marked, asked, sought, numberSays, onNumber, onLookBack, onLookAhead }: ScrollerProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useLines(log, scroller, follow, marked, asked);
  return (
    <div
      ref={scroller}
      className={`log-lines${wrap ? " log-wrap" : ""}`}
      role="log"
      aria-label="Output"
      tabIndex={0}
      hidden={log.lines.length === 0}
      onWheel={(event) => event.deltaY < 0 && onLookBack()}
      onTouchMove={onLookBack}
      onKeyDown={({ key }) => {
        if (BACKWARD.has(key)) onLookBack();
        if (key === "End") onLookAhead();
      }}
    >
      <div className="log-all" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ key, index, start }) => {
          const line = log.lines[index];
          return (
            line && (
              <LogLineRow
                key={key}
                ref={virtual.measureElement}
                line={line}
                index={index}
                top={start}
                sought={sought}
                isMarked={line.number === marked}
                numberSays={numberSays}
                onNumber={onNumber}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

/** Measure lines as they come into view, and keep the end or the marked line there. */
function useLines({ lines }: Log, scroller: RefObject<HTMLDivElement | null>, follow: boolean, marked: number | null, asked: number) {
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    overscan: 20,
    getItemKey: (index) => lines[index]?.number ?? index,
  });
  useEffect(() => {
    if (follow && lines.length > 0) virtual.scrollToIndex(lines.length - 1, { align: "end" });
  }, [follow, lines, virtual]);
  useEffect(() => {
    const index = marked === null ? -1 : lines.findIndex((line) => line.number === marked);
    if (index >= 0) virtual.scrollToIndex(index, { align: "center" });
  }, [marked, asked, lines, virtual]);
  const hasLines = lines.length > 0;
  useEffect(() => {
    if (marked !== null && hasLines) scroller.current?.scrollIntoView({ block: "nearest" });
  }, [marked, asked, hasLines, scroller]);
  return virtual;
}

function countOf(log: Log, filtered: boolean): string {
  const lines = `${log.total.toLocaleString("en")} lines`;
  return filtered ? `${log.lines.length.toLocaleString("en")} found in ${lines}` : lines;
}

function emptyWord(log: Log, filtered: boolean): string {
  if (filtered) return "No line is like that.";
  return log.complete ? "It wrote nothing." : "It has written nothing yet.";
}
