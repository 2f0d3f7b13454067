/** How long the last passes took, the newest at the right. */

import { useMemo } from "react";
import { dayAndTime, useZone } from "~/app/time";
import type { EnginePass } from "~/api/details";
import { quantile } from "~/parts/chart/durations";
import type { Layer } from "~/parts/chart/layers";
import { TimeChart } from "~/parts/TimeChart";
import { milliseconds } from "~/pages/fleet/Engine";

const FEWEST = 12;
const HEADS = ["Took", "Failed steps"];

export function PassChart({ passes }: { readonly passes: readonly EnginePass[] }) {
  const zone = useZone();
  const { shown, usual, longest, layers, places, nameOf } = useMemo(() => read(passes, zone), [passes, zone]);
  return (
    <TimeChart
      label="How long the last passes took"
      told={`Of the last ${shown.length} passes, half took ${milliseconds(usual)} or less, the longest ${milliseconds(longest)}.`}
      places={places}
      layers={layers}
      extent={[0, Math.max(shown.length, FEWEST) - 1]}
      nameOf={nameOf}
      heads={HEADS}
      cellsOf={(index) => [milliseconds(shown[index]?.seconds ?? 0), String(failedOf(shown[index]))]}
    />
  );
}

function read(passes: readonly EnginePass[], zone: string) {
  const shown = [...passes].reverse();
  const seconds = shown.map((pass) => pass.seconds);
  const usual = quantile(seconds, 50) ?? 0;
  const layers: Layer[] = [
    { kind: "bars", label: "each pass; red where a step failed", values: seconds, tones: shown.map((pass) => (failedOf(pass) > 0 ? "bad" : "busy")) },
    { kind: "level", label: `median ${milliseconds(usual)}`, seconds: usual, fine: false },
  ];
  const nameOf = (place: number): string => {
    const pass = shown[place];
    return pass ? dayAndTime(Date.parse(pass.started_at), zone).slice(11) : "";
  };
  return { shown, usual, longest: Math.max(0, ...seconds), layers, places: shown.map((_, index) => index), nameOf };
}

function failedOf(pass: EnginePass | undefined): number {
  return pass?.steps.filter((step) => step.error).length ?? 0;
}
