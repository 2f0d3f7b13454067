/** What a cell is about, beside it while the mouse rests on it. */

import { useRef, useState } from "react";
import { createPortal } from "react-dom";
import type { MatrixCell } from "~/api/types";
import { duration, Time } from "~/app/time";
import { StatusMark } from "~/parts/StatusMark";
import { Told } from "~/parts/Told";

const AFTER = 140;
const WIDTH = 300;
const HEIGHT = 180;

interface Looked {
  readonly cell: MatrixCell;
  readonly box: DOMRect;
  /** The time zone of its account. */
  readonly zone: string | undefined;
}

/** Hold which cell is looked at; a card comes after a moment and goes at once. */
export function useHover() {
  const [looked, setLooked] = useState<Looked | null>(null);
  const timer = useRef<number | undefined>(undefined);
  function show(next: Looked | null): void {
    window.clearTimeout(timer.current);
    if (next === null) setLooked(null);
    else timer.current = window.setTimeout(() => setLooked(next), AFTER);
  }
  return { looked, show };
}

export function HoverCard({ looked }: { readonly looked: Looked | null }) {
  if (!looked) return null;
  const { cell, box, zone } = looked;
  const left = box.right + 8 + WIDTH > window.innerWidth ? box.left - WIDTH - 8 : box.right + 8;
  const top = Math.max(8, Math.min(box.top, window.innerHeight - HEIGHT));
  return createPortal(
    <div className="hover-card" style={{ left: Math.max(8, left), top, width: WIDTH }} aria-hidden="true">
      <div className="hover-head">
        <StatusMark status={cell.status} />
        {cell.late_seconds !== null && cell.late_seconds > 0 && (
          <span className="cell-late">{duration(cell.late_seconds)} late</span>
        )}
      </div>
      <div className="hover-name">{cell.slot}</div>
      {cell.reason && (
        <div>
          <Told text={cell.reason} zone={zone} />
        </div>
      )}
      <dl className="facts number">
        <dt>Due</dt>
        <dd>
          <Time at={cell.due_at} zone={zone} />
        </dd>
        {cell.started_at && (
          <>
            <dt>Started</dt>
            <dd>
              <Time at={cell.started_at} zone={zone} /> · <Time at={cell.started_at} as="ago" />
            </dd>
          </>
        )}
        {cell.finished_at && (
          <>
            <dt>Finished</dt>
            <dd>
              <Time at={cell.finished_at} zone={zone} />
            </dd>
          </>
        )}
        {cell.attempts > 0 && (
          <>
            <dt>Attempts</dt>
            <dd>{cell.attempts}</dd>
          </>
        )}
        {cell.progress !== null && (
          <>
            <dt>Progress</dt>
            <dd>{Math.round(cell.progress * 100)} %</dd>
          </>
        )}
      </dl>
    </div>,
    document.body,
  );
}
