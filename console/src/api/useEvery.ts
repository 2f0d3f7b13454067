/** What goes stale though nothing has happened: heartbeats and passes are no news, and are read anew now and then. */

import { useEffect } from "react";

const EVERY = 5_000;

/** Call `refresh` now and then, as long as somebody looks. */
export function useEvery(refresh: () => void): void {
  useEffect(() => {
    const timer = window.setInterval(() => {
      if (!document.hidden) refresh();
    }, EVERY);
    return () => window.clearInterval(timer);
  }, [refresh]);
}
