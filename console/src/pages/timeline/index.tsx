/** One account's night: what ran when, and what was due and did not. */

import { useLayoutEffect, useRef, useState } from "react";
import { withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { Timeline } from "~/api/types";
import { useNight } from "~/app/night";
import type { PageProps } from "~/app/routes";
import { useNow, useZone } from "~/app/time";
import { Bars } from "~/pages/timeline/Bars";
import { Answer } from "~/parts/Answer";
import { Empty } from "~/parts/Empty";
import "~/pages/timeline/timeline.css";

export default function TimelinePage({ params }: PageProps) {
  const account = params["account"] ?? null;
  const { at } = useNight();
  const live = at ? {} : ({ topics: ["night"], on: ["slots", "runs"] } as const);
  const timeline = useResource<Timeline>(withQuery("/timeline", { account, at }), { keep: true, ...live });
  return (
    <div className="page">
      <header className="page-head">
        <h1>{account ?? "Without account"}</h1>
        <span className="soft">{timeline.data?.time_zone}</span>
      </header>
      <Answer of={timeline}>{(data) => <Night data={data} />}</Answer>
    </div>
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
      {width > 0 && <Bars data={data} width={width} zone={zone} now={now} />}
    </div>
  );
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
