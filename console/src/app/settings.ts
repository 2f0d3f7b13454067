/** What a person sets for this browser: theme and time zone. Kept in local storage, the same in all tabs. */

import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
type Zone = "account" | "utc";

interface Settings {
  readonly theme: Theme;
  readonly zone: Zone;
}

const KEY = "ostinato.settings";
const DEFAULTS: Settings = { theme: "system", zone: "account" };
const CHOICES = { theme: ["system", "light", "dark"], zone: ["account", "utc"] } as const;

let settings = read();
const watchers = new Set<() => void>();

function read(): Settings {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Settings>;
    return {
      theme: CHOICES.theme.find((choice) => choice === kept.theme) ?? DEFAULTS.theme,
      zone: CHOICES.zone.find((choice) => choice === kept.zone) ?? DEFAULTS.zone,
    };
  } catch {
    return DEFAULTS; // somebody else's text under our key, or a browser that keeps nothing
  }
}

function show(next: Settings): void {
  settings = next;
  if (next.theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = next.theme;
  for (const watcher of watchers) watcher();
}

/** Return the settings and a function that changes some of them. */
export function useSettings(): [Settings, (changes: Partial<Settings>) => void] {
  const current = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => settings,
  );
  return [current, change];
}

function change(changes: Partial<Settings>): void {
  const next = { ...settings, ...changes };
  show(next);
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // a browser that keeps nothing: the settings hold for this page
  }
}

show(settings);
window.addEventListener("storage", (event) => {
  if (event.key === KEY) show(read());
});
