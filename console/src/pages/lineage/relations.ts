/** Who is upstream and downstream of a node, however far. */

import type { Lineage } from "~/api/details";

/** Return the ids of a node, of all that it comes from and of all that comes of it. */
export function relativesOf(lineage: Lineage, id: string): ReadonlySet<string> {
  const upstream = reach(lineage.edges, id, "to", "from");
  const downstream = reach(lineage.edges, id, "from", "to");
  return new Set([...upstream, ...downstream]);
}

/** Return the ids of a node and of those that it is joined to at once. */
export function nearTo({ edges }: Lineage, id: string): ReadonlySet<string> {
  return new Set([id, ...edges.flatMap(({ from, to }) => (from === id ? [to] : to === id ? [from] : []))]);
}

function reach(edges: Lineage["edges"], start: string, here: "from" | "to", there: "from" | "to"): ReadonlySet<string> {
  const next = new Map<string, string[]>();
  for (const edge of edges) next.set(edge[here], [...(next.get(edge[here]) ?? []), edge[there]]);
  const found = new Set([start]);
  const rest = [start];
  for (let id = rest.pop(); id !== undefined; id = rest.pop()) {
    for (const other of next.get(id) ?? []) {
      if (found.has(other)) continue;
      found.add(other);
      rest.push(other);
    }
  }
  return found;
}
