/** Time as the third axis of the matrix: now, or any past day, a day at a time. */

import { useKeys } from "~/app/keyboard";
import { useNight } from "~/app/night";
import { usePathname } from "~/app/router";
import { dayOf, serverNow } from "~/app/time";

const PLACES_WITH_A_NIGHT = /^\/($|definitions\/|accounts\/|night$|lineage$)/;

export function NightControl() {
  const has = PLACES_WITH_A_NIGHT.test(usePathname());
  return has ? <Control /> : <div className="bar-space" />;
}

function Control() {
  const night = useNight();
  useKeys("Time", {
    "[": { does: "One day back", run: () => night.step(-1) },
    "]": { does: "One day on", run: () => night.step(1) },
    t: { does: "Back to now", run: night.showNow },
  });
  return (
    <div className={`night${night.at ? " night-past" : ""}`} role="group" aria-label="Which night">
      <button type="button" className="button button-plain" onClick={() => night.step(-1)} aria-label="One day back" title="One day back  [">
        ‹
      </button>
      <input
        type="date"
        className="night-day number"
        aria-label="Day"
        value={night.day}
        max={dayOf(serverNow(), "UTC")}
        onChange={(event) => night.showDay(event.target.value)}
      />
      <button
        type="button"
        className="button button-plain"
        onClick={() => night.step(1)}
        disabled={!night.at}
        aria-label="One day on"
        title="One day on  ]"
      >
        ›
      </button>
      <button type="button" className="button button-small" aria-pressed={!night.at} onClick={night.showNow} title="Back to now  t">
        Now
      </button>
    </div>
  );
}
