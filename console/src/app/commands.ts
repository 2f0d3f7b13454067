/** What the palette offers besides pages and names: the actions that the page in view has put there. */

import { useEffect, useSyncExternalStore } from "react";

export interface Command {
  readonly name: string;
  readonly hint?: string;
  readonly run: () => void;
}

let groups: readonly (readonly Command[])[] = [];
let offered: readonly Command[] = [];
const watchers = new Set<() => void>();

function change(next: readonly (readonly Command[])[]): void {
  groups = next;
  offered = next.flat();
  for (const watcher of watchers) watcher();
}

/** Offer commands in the palette while the component is there. Give the same list for as long as it is the same. */
export function useCommands(commands: readonly Command[]): void {
  useEffect(() => {
    change([...groups, commands]);
    return () => change(groups.filter((group) => group !== commands));
  }, [commands]);
}

export function useOfferedCommands(): readonly Command[] {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => offered,
  );
}
