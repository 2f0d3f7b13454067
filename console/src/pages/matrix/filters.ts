/** What part of the night is asked for, kept in the address so that it can be sent to somebody. */

import { useMemo } from "react";
import { withQuery } from "~/api/client";
import type { ActQuery } from "~/api/details";
import type { MatrixCell } from "~/api/types";
import { useQuery } from "~/app/router";
import { readSearch } from "~/pages/matrix/search";

export type Sort = "risk" | "name";

export interface Filters {
  readonly at: string | null;
  /** As typed: words are searched in names, `key:value` asks for a label; see `search`. */
  readonly search: string;
  readonly sort: Sort;
  readonly group: string;
  readonly statuses: readonly string[];
  readonly gate: string;
}

export interface FilterChanges {
  readonly search?: string;
  readonly sort?: Sort;
  readonly group?: string;
  readonly statuses?: readonly string[];
  readonly gate?: string;
}

export function useFilters(): [Filters, (changes: FilterChanges) => void] {
  const [query, change] = useQuery();
  const text = query.toString();
  const filters = useMemo(() => read(new URLSearchParams(text)), [text]);
  return [filters, (changes) => change(write(changes))];
}

function read(query: URLSearchParams): Filters {
  return {
    at: query.get("at"),
    search: query.get("search") ?? "",
    sort: query.get("sort") === "name" ? "name" : "risk",
    group: query.get("group") ?? "",
    statuses: (query.get("status") ?? "").split(",").filter(Boolean),
    gate: query.get("gate") ?? "",
  };
}

function write(changes: FilterChanges): Record<string, string | null> {
  const { statuses, sort, ...plain } = changes;
  return {
    ...plain,
    ...(statuses && { status: statuses.join(",") }),
    ...(sort && { sort: sort === "risk" ? null : sort }),
  };
}

/** Whether rows or cells are left out. */
export function isNarrowed(filters: Filters): boolean {
  return filters.search !== "" || filters.statuses.length > 0 || filters.gate !== "";
}

/** Whether a cell is one that was asked for; the others in its row and column are shown beside it, faintly. */
export function isMeant(filters: Filters, cell: MatrixCell): boolean {
  if (filters.statuses.length > 0 && !filters.statuses.includes(cell.status)) return false;
  return filters.gate === "" || filters.gate.split(" ")[0] === cell.gate;
}

/** Return what the API is asked, without the window. */
export function pathOf(filters: Filters): string {
  const { words, labels } = readSearch(filters.search);
  return withQuery("/matrix", {
    at: filters.at,
    search: words.join(" "),
    label: labels.map(({ key, value }) => `${key}:${value}`),
    sort: filters.sort,
    group: filters.group,
    status: filters.statuses,
    gate: filters.gate,
  });
}

/** Return what finds all slots that are meant: those of one status; null where several are asked for, or all. */
export function queryOf({ at, search, statuses: [status, ...others], gate }: Filters): ActQuery | null {
  if (status === undefined || others.length > 0) return null;
  const { words, labels } = readSearch(search);
  return {
    status: status as MatrixCell["status"],
    search: words.join(" "),
    labels: Object.fromEntries(labels.map(({ key, value }) => [key, value] as const)),
    ...(gate && { gate }),
    ...(at && { at }),
  };
}
