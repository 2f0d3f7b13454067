/** What reads and writes what, and how it stands tonight. */

import { lazy, Suspense, useMemo, useRef } from "react";
import { withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { Lineage, LineageNode } from "~/api/details";
import { useKeys } from "~/app/keyboard";
import { useNight } from "~/app/night";
import { Link, navigate, useQuery } from "~/app/router";
import { Answer, Loading } from "~/parts/Answer";
import { Empty } from "~/parts/Empty";
import { toDefinition } from "~/parts/names";
import { faceOf } from "~/parts/statuses";
import { StatusMark } from "~/parts/StatusMark";
import { relativesOf } from "~/pages/lineage/relations";
import { StepCounts, countByStatus } from "~/pages/plan/StepCounts";
import "~/pages/details.css";
import "~/pages/plan/plan.css";
import "~/pages/lineage/lineage.css";

const LineageGraph = lazy(() => import("~/pages/lineage/LineageGraph"));

export default function LineagePage() {
  const { at } = useNight();
  const lineage = useResource<Lineage>(withQuery("/lineage", { at }), {
    topics: at ? [] : ["night"],
    on: ["slots", "status"],
    keep: true,
  });
  return (
    <div className="page lineage-page">
      <Answer of={lineage}>{(data) => <LineageView lineage={data} />}</Answer>
    </div>
  );
}

function LineageView({ lineage }: { readonly lineage: Lineage }) {
  const [query, change] = useQuery();
  const field = useRef<HTMLInputElement>(null);
  const search = query.get("search") ?? "";
  const status = query.get("status");
  const found = useMemo(() => find(lineage.nodes, search, status), [lineage.nodes, search, status]);
  const focused = lineage.nodes.find((node) => node.id === query.get("focus")) ?? null;
  const focus = (id: string | null): void => change({ focus: id });
  const step = (by: number): void => {
    const among = lineage.nodes.filter((node) => found === null || found.has(node.id));
    const index = among.findIndex((node) => node.id === focused?.id);
    const next = among[(index + by + among.length) % Math.max(1, among.length)];
    if (next) focus(next.id);
  };
  useKeys("Lineage", {
    "/": { does: "Search definitions and data", run: () => field.current?.focus() },
    j: { does: "Focus on the next node", run: () => step(1) },
    k: { does: "Focus on the node before", run: () => step(-1) },
    Enter: { does: "Open the definition in focus", run: () => focused?.kind === "definition" && navigate(toDefinition(focused.name)) },
    Escape: { does: "Show all", run: () => change({ focus: null, search: null, status: null }) },
  });
  if (lineage.nodes.length === 0)
    return (
      <Empty title="Nothing is declared yet" command="ostinato validate">
        Definitions show up here with the data that they read and write, as soon as a source declares them.
      </Empty>
    );
  return (
    <>
      <header className="page-head">
        <h1>Lineage</h1>
        <input
          ref={field}
          className="field"
          type="search"
          placeholder="Search definitions and data"
          aria-label="Search definitions and data"
          value={search}
          onChange={(event) => change({ search: event.target.value || null, focus: null })}
          onKeyDown={(event) => event.key === "Enter" && found?.size && focus([...found][0] ?? null)}
        />
        <StatusSwitches nodes={lineage.nodes} chosen={status} onChoose={(one) => change({ status: one, focus: null })} />
        {found && <span className="soft" role="status">{`${found.size} of ${lineage.nodes.length}`}</span>}
        {focused && <Focused lineage={lineage} node={focused} />}
      </header>
      <Suspense fallback={<Loading />}>
        <LineageGraph lineage={lineage} focus={focused?.id ?? null} found={found} onFocus={focus} />
      </Suspense>
    </>
  );
}

function Focused({ lineage, node }: { readonly lineage: Lineage; readonly node: LineageNode }) {
  const relatives = relativesOf(lineage, node.id).size - 1;
  return (
    <div className="lineage-focus" aria-label="In focus">
      {node.status !== null && <StatusMark status={node.status} />}
      <strong>
        {node.kind === "definition" ? <Link to={toDefinition(node.name)}>{node.name}</Link> : <bdi>{node.name}</bdi>}
      </strong>
      <span className="soft">{relatives === 0 ? "stands alone" : `joined to ${relatives}`}</span>
      <StepCounts steps={node.counts} />
    </div>
  );
}

interface StatusSwitchesProps {
  readonly nodes: readonly LineageNode[];
  readonly chosen: string | null;
  readonly onChoose: (status: string | null) => void;
}

/** How many definitions stand where tonight; a click leaves those of one status in the light. */
function StatusSwitches({ nodes, chosen, onChoose }: StatusSwitchesProps) {
  const counts = countByStatus(nodes.flatMap(({ kind, status }) => (kind === "definition" && status !== null ? [{ status }] : [])));
  const sorted = Object.entries(counts).sort(([one], [other]) => faceOf(other).weight - faceOf(one).weight);
  return (
    <div className="lineage-counts" role="group" aria-label="Definitions by status">
      {sorted.map(([status, count]) => (
        <button
          key={status}
          type="button"
          className="button button-small"
          aria-pressed={status === chosen}
          title={`Those that are: ${faceOf(status).label}`}
          onClick={() => onChoose(status === chosen ? null : status)}
        >
          <StatusMark status={status} as="dot" />
          <span className="number">{count}</span>
        </button>
      ))}
    </div>
  );
}

function find(nodes: readonly LineageNode[], search: string, status: string | null): ReadonlySet<string> | null {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && status === null) return null;
  const hits = nodes.filter(
    (node) =>
      (status === null || (node.kind === "definition" && node.status === status)) &&
      words.every((word) => node.name.toLowerCase().includes(word)),
  );
  return new Set(hits.map((node) => node.id));
}
