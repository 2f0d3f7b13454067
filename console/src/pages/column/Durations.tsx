/** How long a definition took, day by day, for all accounts together or for one. */

import { useMemo } from "react";
import { inPath, withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { DayDurations, PastDurations } from "~/api/types";
import { navigate, useQuery } from "~/app/router";
import { duration } from "~/app/time";
import { Answer } from "~/parts/Answer";
import type { Layer } from "~/parts/chart/layers";
import { toSlotsOfDay } from "~/parts/names";
import { Panel } from "~/parts/Panel";
import { TimeChart } from "~/parts/TimeChart";

const SPANS = ["60", "180", "400"] as const;
const FEWEST = 12;
const A_DAY = 86_400_000;
const NOW_AND_THEN = 30_000;
const HEADS = ["median", "shortest", "95 %", "longest", "ended", "failed"];

interface DurationsPanelProps {
  readonly definition: string;
  readonly at: string | null;
  readonly accounts: readonly string[];
}

export function DurationsPanel({ definition, at, accounts }: DurationsPanelProps) {
  const [query, change] = useQuery();
  const account = query.get("account");
  const span = SPANS.find((one) => one === query.get("over")) ?? SPANS[0];
  const path = withQuery(`/definitions/${inPath(definition)}/durations`, { account, days: span, at });
  const live = at ? {} : ({ topics: ["night"], on: ["slots"], gather: NOW_AND_THEN } as const);
  const durations = useResource<PastDurations>(path, { keep: true, ...live });
  const choices = (
    <span className="column-choices">
      {accounts.length > 1 && (
        <select className="field" aria-label="Of" value={account ?? ""} onChange={(event) => change({ account: event.target.value || null })}>
          <option value="">All accounts</option>
          {accounts.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      )}
      <select className="field" aria-label="Over" value={span} onChange={(event) => change({ over: event.target.value })}>
        {SPANS.map((one) => (
          <option key={one} value={one}>
            {one} days
          </option>
        ))}
      </select>
    </span>
  );
  return (
    <Panel title="How long it takes" aside={choices}>
      <Answer of={durations}>{(data) => <DurationsChart data={data} />}</Answer>
    </Panel>
  );
}

function DurationsChart({ data }: { readonly data: PastDurations }) {
  const { places, layers, extent, nameOf } = useMemo(() => read(data), [data]);
  const { definition, account, days } = data;
  if (days.length === 0) return <p className="soft">No attempt has ended in these days</p>;
  return (
    <TimeChart
      label={`How long ${definition} took, by day`}
      told={tell(days)}
      places={places}
      layers={layers}
      extent={extent}
      nameOf={nameOf}
      heads={HEADS}
      cellsOf={(index) => cellsOf(days[index])}
      opens="Show the slots of the day"
      onOpen={(index) => days[index] && navigate(toSlotsOfDay(definition, days[index].day, account))}
    />
  );
}

function read({ first_day: firstDay, last_day: lastDay, days }: PastDurations) {
  const zero = Date.parse(firstDay);
  const placeOf = (day: string): number => Math.round((Date.parse(day) - zero) / A_DAY);
  const places = days.map(({ day }) => placeOf(day));
  const last = placeOf(lastDay);
  const [low, high] = [days.map((one) => one.lowest_seconds), days.map((one) => one.percentile_95_seconds)];
  const layers: Layer[] = [{ kind: "line", label: areSingle(days) ? "duration" : "median", values: days.map((one) => one.median_seconds) }];
  if (low.some((seconds, index) => seconds !== high[index])) layers.unshift({ kind: "band", label: "shortest to 95 %", low, high });
  if (days.some((one) => one.failed > 0)) layers.push({ kind: "failures", label: "failed attempts", counts: days.map((one) => one.failed) });
  const extent: [number, number] = [Math.min(places[0] ?? last, last - FEWEST + 1), last];
  const nameOf = (place: number): string => new Date(zero + place * A_DAY).toISOString().slice(0, 10);
  return { places, layers, extent, nameOf };
}

function cellsOf(day: DayDurations | undefined): string[] {
  if (!day) return [];
  const spans = [day.median_seconds, day.lowest_seconds, day.percentile_95_seconds, day.longest_seconds];
  const counts = [day.finished, day.failed];
  return [...spans.map((span) => (span === null ? "–" : duration(span))), ...counts.map((count) => count.toLocaleString("en"))];
}

/** Whether no day has more than one attempt: then there is no median to speak of. */
function areSingle(days: readonly DayDurations[]): boolean {
  return days.every((day) => day.finished <= 1);
}

/** Say how many attempts there were, and how the first and the last day went. */
function tell(days: readonly DayDurations[]): string {
  const [ended, failed] = [sum(days.map((day) => day.finished)), sum(days.map((day) => day.failed))];
  const attempts = ended === 1 ? "1 attempt has" : `${ended.toLocaleString("en")} attempts have`;
  const counted = `${attempts} ended, ${failed === 0 ? "none" : failed.toLocaleString("en")} failed.`;
  const good = days.filter((day) => day.median_seconds !== null);
  const [first, last] = [good[0], good.at(-1)];
  if (!first || !last) return `${counted} None has succeeded.`;
  const [begins, goesOn] = areSingle(days) ? ["It took", ""] : ["Half took", " or less"];
  const then = first === last ? "" : `, ${duration(last.median_seconds ?? 0)} on ${last.day}`;
  return `${counted} ${begins} ${duration(first.median_seconds ?? 0)}${goesOn} on ${first.day}${then}.`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
