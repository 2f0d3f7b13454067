/** Which night is looked at: now, or how things stood at the end of a day. It is kept in the address. */

import { useQuery } from "~/app/router";
import { dayOf, serverNow } from "~/app/time";

const DAY = 86_400_000;

export interface Night {
  /** The instant as the API takes it, null for now. */
  readonly at: string | null;
  /** Its day in UTC; today's for now. */
  readonly day: string;
  readonly showDay: (day: string) => void;
  readonly step: (days: number) => void;
  readonly showNow: () => void;
}

export function useNight(): Night {
  const [query, change] = useQuery();
  const at = query.get("at");
  const day = dayOf(at ? Date.parse(at) : serverNow(), "UTC");
  function showDay(chosen: string): void {
    change({ at: chosen && chosen < dayOf(serverNow(), "UTC") ? `${chosen}T23:59:59Z` : null });
  }
  return {
    at,
    day,
    showDay,
    step: (days) => showDay(dayOf(Date.parse(`${day}T12:00:00Z`) + days * DAY, "UTC")),
    showNow: () => change({ at: null }),
  };
}
