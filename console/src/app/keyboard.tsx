/** Keys: who listens to which, in one stack, so that `?` can show all that work here and now. */

import { useEffect, useRef, useSyncExternalStore } from "react";

/** What a key does. Keys are written as `j`, `Shift+R`, `Ctrl+k`, `Enter`, `ArrowUp`, or two in a row: `g m`. */
export interface KeyAction {
  readonly does: string;
  readonly run: (event: KeyboardEvent) => void;
}

export type KeyMap = Readonly<Record<string, KeyAction>>;

interface KeyGroup {
  readonly name: string;
  readonly keys: readonly { readonly key: string; readonly does: string }[];
}

interface Layer {
  readonly name: string;
  map: KeyMap;
}

const SECOND_KEY_WITHIN = 1_200;
const WHILE_TYPING = /^(Escape|Ctrl\+[a-z])$/;
const SCROLLS = /^(Arrow|Page|Home$|End$)/;

let layers: readonly Layer[] = [];
let groups: readonly KeyGroup[] = [];
const watchers = new Set<() => void>();
let first = { key: "", at: 0 };

/**
 * Have keys work while the component is there; the newest layer is asked first.
 *
 * While one types, only those work that mean nothing to a text. Enter on a button or a link presses that, and what
 * scrolls by itself is scrolled by the keys that do so.
 */
export function useKeys(name: string, map: KeyMap, active = true): void {
  const layer = useRef<Layer | null>(null);
  useEffect(() => {
    if (!active) return undefined;
    const mine: Layer = { name, map: {} };
    layer.current = mine;
    changeLayers([...layers, mine]);
    return () => changeLayers(layers.filter((one) => one !== mine));
  }, [name, active]);
  useEffect(() => {
    if (!layer.current) return;
    const known = Object.keys(layer.current.map).join();
    layer.current.map = map;
    if (known !== Object.keys(map).join()) changeLayers([...layers]);
  });
}

/** Return what every key does that works now, the newest layer first. */
export function useKeyGroups(): readonly KeyGroup[] {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => groups,
  );
}

function changeLayers(next: readonly Layer[]): void {
  layers = next;
  groups = [...next].reverse().map(({ name, map }) => ({
    name,
    keys: Object.entries(map).map(([key, { does }]) => ({ key, does })),
  }));
  for (const watcher of watchers) watcher();
}

/** Have something done after each key: the focus brought to a list, say, so that Tab goes on from there. */
export function afterEach(keys: KeyMap, act: () => void): KeyMap {
  const both = ({ does, run }: KeyAction): KeyAction => ({
    does,
    run: (event) => {
      run(event);
      act();
    },
  });
  return Object.fromEntries(Object.entries(keys).map(([key, action]) => [key, both(action)]));
}

window.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const key = nameOf(event);
  if (isTyping(event.target) && !WHILE_TYPING.test(key)) return;
  if (isScroller(event.target) && SCROLLS.test(key)) return;
  if (isPressable(event.target) && (key === "Enter" || key === " ")) return;
  if (document.querySelector("dialog[open]") && !key.startsWith("Ctrl+")) return;
  const action = find(key);
  first = { key, at: event.timeStamp };
  if (!action) return;
  event.preventDefault();
  action.run(event);
  first = { key: "", at: 0 };
  function find(last: string): KeyAction | undefined {
    const both = event.timeStamp - first.at < SECOND_KEY_WITHIN ? `${first.key} ${last}` : last;
    return lookUp(both) ?? lookUp(last);
  }
});

function lookUp(key: string): KeyAction | undefined {
  for (const { map } of [...layers].reverse()) if (map[key]) return map[key];
  return undefined;
}

function nameOf(event: KeyboardEvent): string {
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const shift = event.shiftKey && event.key.length > 1 ? "Shift+" : "";
  const alt = event.altKey ? "Alt+" : "";
  return control + alt + shift + event.key;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
}

/** Whether the keys that scroll are for something that has them to itself: an output, a traceback. */
function isScroller(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches("[role=log], [role=region][tabindex]");
}

function isPressable(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches("a[href], button, summary, input");
}
