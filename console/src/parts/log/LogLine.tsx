/** One line of a log: its number, and its text with what was sought marked. */

import { type Ref, useState } from "react";
import type { LogLine } from "~/api/details";
import { withoutControls } from "~/parts/log/controls";

const LONGEST = 4_000;

interface LogLineRowProps {
  readonly line: LogLine;
  readonly index: number;
  readonly top: number;
  readonly sought: string;
  readonly isMarked: boolean;
  readonly numberSays: string;
  readonly onNumber: (number: number) => void;
  readonly ref: Ref<HTMLDivElement>;
}

export function LogLineRow({ line, index, top, sought, isMarked, numberSays, onNumber, ref }: LogLineRowProps) {
  const look = [isMarked && "log-marked", line.level && `log-level-${line.level}`].filter(Boolean).join(" ");
  return (
    <div ref={ref} data-index={index} className={`log-line ${look}`} style={{ transform: `translateY(${top}px)` }}>
      <button type="button" className="log-number" tabIndex={-1} title={numberSays} onClick={() => onNumber(line.number)}>
        {line.number}
      </button>
      <LineText text={line.text} sought={sought} />
    </div>
  );
}

function LineText({ text, sought }: { readonly text: string; readonly sought: string }) {
  const [whole, setWhole] = useState(false);
  const cut = !whole && text.length > LONGEST;
  const shown = withoutControls(cut ? text.slice(0, LONGEST) : text);
  const parts = sought ? split(shown, sought) : [shown];
  return (
    <span className="log-text" dir="ltr">
      {parts.map((part, index) => (index % 2 === 1 ? <mark key={index}>{part}</mark> : part))}
      {cut && (
        <button type="button" className="button button-small" onClick={() => setWhole(true)}>
          {`… ${text.length - LONGEST} more characters`}
        </button>
      )}
    </span>
  );
}

/** Split a text so that every second part is what was sought. */
function split(text: string, sought: string): readonly string[] {
  const parts: string[] = [];
  const [lower, wanted] = [text.toLowerCase(), sought.toLowerCase()];
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    parts.push(text.slice(from, at), text.slice(at, at + wanted.length));
    from = at + wanted.length;
  }
  return [...parts, text.slice(from)];
}
