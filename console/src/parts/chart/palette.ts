/** The colours of the app as a canvas takes them: custom properties hold pairs of light and dark, a canvas wants one. */

import { useSyncExternalStore } from "react";
import { useSettings } from "~/app/settings";

const DARK = window.matchMedia("(prefers-color-scheme: dark)");

/** Returns the colour of what stylesheets may write for one, such as `var(--ink)`. */
export type Palette = (colour: string) => string;

/** Return the colours that are in force where an element stands; each is looked up once. */
export function readPalette(element: HTMLElement): Palette {
  const known = new Map<string, string>();
  return (colour) => {
    const found = known.get(colour) ?? resolve(element, colour);
    known.set(colour, found);
    return found;
  };
}

/** Return what is another text whenever other colours are in force. */
export function useScheme(): string {
  const [{ theme }] = useSettings();
  const dark = useSyncExternalStore(watchScheme, () => DARK.matches);
  return `${theme} ${dark}`;
}

function watchScheme(watcher: () => void): () => void {
  DARK.addEventListener("change", watcher);
  return () => DARK.removeEventListener("change", watcher);
}

function resolve(element: HTMLElement, colour: string): string {
  const probe = document.createElement("span");
  probe.style.color = colour;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
