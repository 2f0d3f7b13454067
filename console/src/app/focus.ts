/** Where the focus goes when what has it leaves the page: it is never lost. */

import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef } from "react";

type Home = RefObject<HTMLElement | null>;

/**
 * Keep the focus when what has it goes from within an element: it goes to `home`, or else to the element itself.
 *
 * It hears the browser itself: a dialog that closes gives the focus back while React hears nothing. While one is open,
 * the focus still counts as where the dialog will give it back to.
 */
export function useFocusKept(home?: Home): RefObject<HTMLDivElement | null> {
  const element = useRef<HTMLDivElement>(null);
  const held = useRef<Element | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    document.addEventListener(
      "focusin",
      ({ target }) => {
        if (!(target instanceof Element) || target.closest("dialog")) return;
        held.current = element.current?.contains(target) ? target : null;
      },
      { signal: controller.signal },
    );
    return () => controller.abort();
  }, []);
  useLayoutEffect(() => {
    if (held.current?.isConnected !== false || document.activeElement !== document.body) return;
    held.current = null;
    (home?.current ?? element.current)?.focus({ preventScroll: true });
  });
  return element;
}

/** Leave a field for the list that it narrows: by Enter, by the arrow down, and by Esc once nothing stands in it. */
export function leaveFor(list: Home): (event: KeyboardEvent<HTMLInputElement>) => void {
  return (event) => {
    const leaves = event.key === "Enter" || event.key === "ArrowDown" || (event.key === "Escape" && event.currentTarget.value === "");
    if (!leaves || !list.current) return;
    event.preventDefault();
    list.current.focus({ preventScroll: true });
  };
}
