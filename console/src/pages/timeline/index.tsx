/** One account's night: what ran when, and what was due and did not. */

import { useLayoutEffect, useRef, useState } from "react";
import { inPath, withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { Account, Timeline } from "~/api/types";
import { useNight } from "~/app/night";
import { Link, sameNight } from "~/app/router";
import type { PageProps } from "~/app/routes";
import { useNow, useZone } from "~/app/time";
import { Bars } from "~/pages/timeline/Bars";
import { Answer } from "~/parts/Answer";
import { Paused, PausingButtons } from "~/parts/acting/Pausing";
import { Empty } from "~/parts/Empty";
import "~/pages/timeline/timeline.css";

const BEFORE = 0.04;

export default function TimelinePage({ params }: PageProps) {
  const account = params["account"] ?? null;
  const { at } = useNight();
  const live = at ? {} : ({ topics: ["night"], on: ["slots", "runs"] } as const);
  const timeline = useResource<Timeline>(withQuery("/timeline", { account, at }), { keep: true, ...live });
  const declared = useResource<Account>(account === null ? null : `/accounts/${inPath(account)}`, { topics: ["night"], on: ["reasons"] });
  const failed = timeline.data?.bars.some(({ status }) => status === "failed");
  return (
    <div className="page">
      <header className="page-head">
        <h1>{account ?? "Without account"}</h1>
        <span className="soft">{timeline.data?.time_zone}</span>
        {Object.entries(declared.data?.labels ?? {}).map(([key, value]) => (
          <Label key={key} name={key} value={value} />
        ))}
        <span className="grow" />
        {account !== null && declared.data && (
          <PausingButtons
            target={`account ${account}`}
            paused={declared.data.paused !== null}
            failed={failed ? { account, status: "failed", ...(at && { at }) } : null}
          />
        )}
      </header>
      <Paused request={declared.data?.paused ?? null} zone={declared.data?.time_zone ?? null} />
      <Answer of={timeline}>{(data) => <Night data={data} />}</Answer>
    </div>
  );
}

/** A label of the account, which leads to all that have it, where it can be searched for. */
function Label({ name, value }: { readonly name: string; readonly value: string }) {
  const search = `${name}:${value}`;
  const text = <bdi>{`${name}: ${value}`}</bdi>;
  if (/\s/.test(search)) return <span className="timeline-label">{text}</span>; // a search has words
  return (
    <Link to={sameNight(withQuery("/", { search }))} className="timeline-label">
      {text}
    </Link>
  );
}

function Night({ data }: { readonly data: Timeline }) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const zone = useZone(data.time_zone);
  const now = useNow();
  if (data.bars.length === 0) {
    return <Empty title="Nothing was due by then">Choose another day at the top, or go back to now.</Empty>;
  }
  return (
    <div ref={frame} className="panel timeline">
      {width > 0 && <Bars data={data} from={beginOf(data)} width={width} zone={zone} now={now} />}
    </div>
  );
}

/** Return when the drawing begins: a little before the first thing that is shown, so that hours of nothing take no room. */
function beginOf({ from, until, bars }: Timeline): number {
  const [earliest, latest] = [Date.parse(from), Date.parse(until)];
  const shown = bars.flatMap(({ due_at, attempts }) => [due_at, ...attempts.map(({ started_at }) => started_at)]);
  const first = Math.min(latest, ...shown.flatMap((at) => (at ? [Date.parse(at)] : [])));
  return Math.max(earliest, first - (latest - first) * BEFORE);
}

/** Return how wide an element is inside, also when that changes. */
function useWidth(element: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    if (!element.current) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
