/** Which address shows which page. The page that is wanted is loaded first, the others while nobody waits. */

import { type ComponentType, type LazyExoticComponent, lazy } from "react";

/** What the address says beside the page: decoded, by name. */
export interface PageProps {
  readonly params: Readonly<Record<string, string>>;
}

interface Route {
  readonly pattern: RegExp;
  readonly title: (params: Readonly<Record<string, string>>) => string;
  readonly Page: LazyExoticComponent<ComponentType<PageProps>>;
}

const LOADERS: (() => Promise<unknown>)[] = [];

function page(load: () => Promise<{ default: ComponentType<PageProps> }>): LazyExoticComponent<ComponentType<PageProps>> {
  LOADERS.push(load);
  return lazy(load);
}

const matrix = page(() => import("~/pages/matrix"));
const column = page(() => import("~/pages/column"));
const timeline = page(() => import("~/pages/timeline"));
const slot = page(() => import("~/pages/slot"));
const run = page(() => import("~/pages/run"));
const plan = page(() => import("~/pages/plan"));
const plans = page(() => import("~/pages/plans"));
const lineage = page(() => import("~/pages/lineage"));
const fleet = page(() => import("~/pages/fleet"));
const audit = page(() => import("~/pages/audit"));

/** Load every page that is not there yet, so that one can be gone to while the server is away. */
export async function loadAllPages(): Promise<void> {
  await Promise.allSettled(LOADERS.map((load) => load()));
}

const ROUTES: readonly Route[] = [
  { pattern: /^\/$/, title: () => "Matrix", Page: matrix },
  { pattern: /^\/definitions\/(?<definition>.+)$/, title: ({ definition }) => definition ?? "", Page: column },
  { pattern: /^\/accounts\/(?<account>.+)$/, title: ({ account }) => account ?? "", Page: timeline },
  { pattern: /^\/night$/, title: () => "Without account", Page: timeline },
  { pattern: /^\/slots\/(?<slot>.+)$/, title: ({ slot: name }) => name ?? "", Page: slot },
  { pattern: /^\/runs\/(?<run>\d+)$/, title: ({ run: id }) => `Run ${id}`, Page: run },
  { pattern: /^\/runs\/(?<run>\d+)\/plan$/, title: ({ run: id }) => `Plan of run ${id}`, Page: plan },
  { pattern: /^\/plans$/, title: () => "Plans", Page: plans },
  { pattern: /^\/lineage$/, title: () => "Lineage", Page: lineage },
  { pattern: /^\/fleet$/, title: () => "Fleet", Page: fleet },
  { pattern: /^\/audit$/, title: () => "Audit", Page: audit },
];

/** What the top bar and the palette list, with the second key of `g …`. */
export const PLACES = [
  { name: "Matrix", path: "/", key: "m" },
  { name: "Lineage", path: "/lineage", key: "l" },
  { name: "Plans", path: "/plans", key: "p" },
  { name: "Fleet", path: "/fleet", key: "f" },
  { name: "Audit", path: "/audit", key: "a" },
] as const;

/** Return the page of an address and what the address says, or null. */
export function routeOf(pathname: string): { route: Route; params: Record<string, string> } | null {
  for (const route of ROUTES) {
    const found = route.pattern.exec(pathname);
    if (!found) continue;
    const params = Object.entries(found.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]);
    return { route, params: Object.fromEntries(params) as Record<string, string> };
  }
  return null;
}
