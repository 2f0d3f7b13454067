/** A tiny router on the history API: where we are, how to go elsewhere, and links that do it. */

import { type AnchorHTMLAttributes, type MouseEvent, type ReactNode, useSyncExternalStore } from "react";

const watchers = new Set<() => void>();
window.addEventListener("popstate", announce);

function announce(): void {
  for (const watcher of watchers) watcher();
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Go to a path of the app; `replace` leaves no entry to come back to. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (options.replace) history.replaceState(null, "", to);
  else {
    history.pushState(null, "", to);
    window.scrollTo(0, 0);
  }
  announce();
}

export function usePathname(): string {
  return useSyncExternalStore(watch, () => location.pathname);
}

/** Return the query of the address and a function that changes some of it; null removes a name. */
export function useQuery(): [URLSearchParams, (changes: Readonly<Record<string, string | null>>) => void] {
  const search = useSyncExternalStore(watch, () => location.search);
  return [new URLSearchParams(search), changeQuery];
}

function changeQuery(changes: Readonly<Record<string, string | null>>): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  navigate(location.pathname + (text ? `?${text}` : ""), { replace: true });
}

/** Return a path that looks at the same night as the page we are on. */
export function sameNight(path: string): string {
  const at = new URLSearchParams(location.search).get("at");
  return at ? `${path}${path.includes("?") ? "&" : "?"}at=${encodeURIComponent(at)}` : path;
}

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly to: string;
  readonly children: ReactNode;
}

/** A link within the app. Opening it in a new tab works as everywhere. */
export function Link({ to, children, onClick, ...rest }: LinkProps) {
  function follow(event: MouseEvent<HTMLAnchorElement>): void {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate(to);
  }
  return (
    <a {...rest} href={to} onClick={follow}>
      {children}
    </a>
  );
}
