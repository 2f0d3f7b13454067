/** How long the last slots of a lane took, against what is usual there; the one that the page is about stands out. */

import { useMemo } from "react";
import { navigate } from "~/app/router";
import { dayOf, duration, useZone } from "~/app/time";
import type { PastSlot } from "~/api/types";
import { quantile } from "~/parts/chart/durations";
import type { Layer } from "~/parts/chart/layers";
import { toSlot } from "~/parts/names";
import { faceOf } from "~/parts/statuses";
import { TimeChart } from "~/parts/TimeChart";

const FEWEST = 12;
const SUCCEEDED = new Set(["success", "warning"]);
const HEADS = ["Status", "Took"];

interface DurationChartProps {
  readonly items: readonly PastSlot[];
  readonly zone: string;
  /** The slot that the page is about. */
  readonly current: string;
}

export function DurationChart({ items, zone, current }: DurationChartProps) {
  const shown = useZone(zone);
  const { good, layers, places, nameOf } = useMemo(() => read(items, shown), [items, shown]);
  const here = items.findIndex((item) => item.slot === current);
  if (items.length === 0) return <p className="soft">Nothing of this lane was due yet</p>;
  return (
    <TimeChart
      label="How long the last slots took"
      told={tell(good, items[here])}
      places={places}
      layers={layers}
      extent={[0, Math.max(items.length, FEWEST) - 1]}
      nameOf={nameOf}
      heads={HEADS}
      cellsOf={(index) => [faceOf(items[index]?.status ?? "").label, took(items[index])]}
      opens="Open the slot"
      onOpen={(index) => items[index] && navigate(toSlot(items[index].slot))}
      {...(here >= 0 && { current: here })}
    />
  );
}

function read(items: readonly PastSlot[], zone: string) {
  const good = items.flatMap((item) => (item.seconds !== null && hasSucceeded(item) ? [item.seconds] : []));
  const usual = quantile(good, 50);
  const most = quantile(good, 95);
  const layers: Layer[] = [
    { kind: "bars", label: "each slot, in the colour of its status", values: items.map((item) => item.seconds), tones: items.map((item) => faceOf(item.status).tone) },
  ];
  if (usual !== null) layers.push({ kind: "level", label: `median ${duration(usual)}`, seconds: usual, fine: false });
  if (most !== null) layers.push({ kind: "level", label: `95 % ${duration(most)}`, seconds: most, fine: true });
  const nameOf = (place: number): string => {
    const item = items[place];
    return item ? dayOf(Date.parse(item.starts_at), zone) : "";
  };
  return { good, layers, places: items.map((_, index) => index), nameOf };
}

/** Whether a slot has succeeded by its run: of one that was accepted, that has failed. */
function hasSucceeded({ status, run_status }: PastSlot): boolean {
  return SUCCEEDED.has(status) && run_status !== null && SUCCEEDED.has(run_status);
}

function took(item: PastSlot | undefined): string {
  return item?.seconds == null ? "–" : duration(item.seconds);
}

function tell(good: readonly number[], here: PastSlot | undefined): string {
  const usual = quantile(good, 50);
  if (usual === null) return "Nothing of this lane has succeeded yet";
  const all = good.length === 1 ? `One has succeeded: it took ${duration(usual)}.` : `Of the last ${good.length} that succeeded, half took ${duration(usual)} or less.`;
  if (here?.seconds == null || (good.length === 1 && hasSucceeded(here))) return all;
  return `${all} This one took ${duration(here.seconds)}${compare(here.seconds, usual)}.`;
}

/** Say how many times as long as usual it is, where that is worth a word. */
function compare(seconds: number, usual: number): string {
  const times = usual > 0 ? seconds / usual : 1;
  return times >= 1.5 ? `, ${times < 10 ? times.toFixed(1) : Math.round(times)} times as long` : "";
}
