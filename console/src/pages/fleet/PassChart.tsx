/** How long the last passes took, the newest at the right. */

import type { EnginePass } from "~/api/details";
import { Sparkline } from "~/parts/Sparkline";
import { milliseconds } from "~/pages/fleet/Engine";

export function PassChart({ passes }: { readonly passes: readonly EnginePass[] }) {
  const bars = [...passes].reverse().map((pass) => ({
    key: `${pass.engine} ${pass.started_at}`,
    label: `${pass.started_at}: ${milliseconds(pass.seconds)}`,
    status: "running",
    seconds: pass.seconds,
  }));
  return <Sparkline label="How long the last passes took" bars={bars} />;
}
