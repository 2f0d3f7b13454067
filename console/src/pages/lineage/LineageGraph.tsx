/** Definitions and data as a graph, where the server has put them; one in focus dims all that has nothing to do with it. */

import { Background, Controls, Handle, MiniMap, type Node, type NodeProps, Position, ReactFlow, useReactFlow, useStore } from "@xyflow/react";
import { useEffect, useMemo } from "react";
import type { Lineage, LineageNode } from "~/api/details";
import { StartView } from "~/parts/StartView";
import { Sign } from "~/parts/StatusMark";
import { faceOf } from "~/parts/statuses";
import { nearTo, relativesOf } from "~/pages/lineage/relations";
import "~/parts/graph.css";

type Drawn = Node<{ readonly node: LineageNode; readonly look: string }, "definition" | "data">;

const NODE_TYPES = { definition: DefinitionBox, data: DataBox };
const MANY = 60;
const SIZES = { definition: { width: 216, height: 32 }, data: { width: 150, height: 28 } } as const;
/** Names can be read from this scale on; below the next one nodes are but spots of colour. */
const READABLE = 0.62;
const FAR = 0.4;

interface LineageGraphProps {
  readonly lineage: Lineage;
  readonly focus: string | null;
  /** What a search has found; the rest is dimmed. */
  readonly found: ReadonlySet<string> | null;
  readonly onFocus: (id: string | null) => void;
}

export default function LineageGraph({ lineage, focus, found, onFocus }: LineageGraphProps) {
  const relatives = useMemo(() => (focus === null ? null : relativesOf(lineage, focus)), [lineage, focus]);
  const lit = relatives ?? found;
  const nodes = useMemo(() => lineage.nodes.map((node) => draw(node, focus, lit)), [lineage.nodes, focus, lit]);
  const edges = useMemo(
    () =>
      lineage.edges.map(({ from, to }) => ({
        id: `${from} ${to}`,
        source: from,
        target: to,
        className: edgeLook(relatives, lit, from, to),
      })),
    [lineage.edges, relatives, lit],
  );
  return (
    <div className="graph lineage-graph">
      <ReactFlow<Drawn>
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        nodeOrigin={[0.5, 0.5]}
        onNodeClick={(_, { id }) => onFocus(id === focus ? null : id)}
        onPaneClick={() => onFocus(null)}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable
        elementsSelectable={false}
        onlyRenderVisibleElements
        minZoom={0.05}
      >
        <Background />
        <Controls showInteractive={false} />
        {lineage.nodes.length > MANY && <MiniMap<Drawn> pannable zoomable nodeClassName={({ data }) => `mini ${data.look}`} />}
        {lit === null && <StartView nodes={lineage.nodes} size={SIZES.definition} readable={READABLE} />}
        <Follow ids={focus === null ? found : nearTo(lineage, focus)} />
        <FromAfar />
      </ReactFlow>
    </div>
  );
}

/** Bring nodes into view, once: what comes live afterwards moves nothing. */
function Follow({ ids }: { readonly ids: ReadonlySet<string> | null }) {
  const { fitView } = useReactFlow();
  const wanted = JSON.stringify([...(ids ?? [])].sort());
  useEffect(() => {
    const nodes = (JSON.parse(wanted) as string[]).map((id) => ({ id }));
    if (nodes.length > 0) void fitView({ nodes, maxZoom: 1, minZoom: READABLE, duration: 250, padding: 0.1 });
  }, [wanted, fitView]);
  return null;
}

/** Where names are too small to be read, have nodes show their colour alone. */
function FromAfar() {
  const isFar = useStore(({ transform }) => transform[2] < FAR);
  const flow = useStore(({ domNode }) => domNode);
  useEffect(() => {
    flow?.classList.toggle("from-afar", isFar);
  }, [flow, isFar]);
  return null;
}

function draw(node: LineageNode, focus: string | null, lit: ReadonlySet<string> | null): Drawn {
  const tone = node.status === null ? "tone-quiet" : `tone-${faceOf(node.status).tone}`;
  const dimmed = lit !== null && !lit.has(node.id) ? " graph-dim" : "";
  const chosen = node.id === focus ? " graph-chosen" : "";
  return {
    id: node.id,
    type: node.kind,
    position: { x: node.x, y: node.y },
    ...SIZES[node.kind],
    data: { node, look: `${tone}${dimmed}${chosen}` },
    ariaLabel: `${node.kind} ${node.name}: ${node.status === null ? "nothing due" : faceOf(node.status).label}`,
  };
}

function edgeLook(relatives: ReadonlySet<string> | null, lit: ReadonlySet<string> | null, from: string, to: string): string {
  if (lit === null) return "";
  if (!lit.has(from) || !lit.has(to)) return "edge-dim";
  return relatives === null ? "" : "edge-lit";
}

function DefinitionBox({ data: { node, look } }: NodeProps<Drawn>) {
  return (
    <div className={`graph-node ${look}`} title={titleOf(node)}>
      <Handle type="target" position={Position.Left} />
      <div className="graph-title">
        {node.status !== null && <Sign status={node.status} />}
        <bdi>{node.name}</bdi>
        {node.reads_itself && <span className="faint" title="It reads what it writes: its slots run one after another">↻</span>}
      </div>
      <Handle type="source" position={Position.Right} />
    </div>
  );
}

function DataBox({ data: { node, look } }: NodeProps<Drawn>) {
  return (
    <div className={`data-node ${look}`} title={titleOf(node)}>
      <Handle type="target" position={Position.Left} />
      <bdi>{node.name}</bdi>
      <Handle type="source" position={Position.Right} />
    </div>
  );
}

function titleOf(node: LineageNode): string {
  const counts = Object.entries(node.counts).map(([status, count]) => `${count} ${faceOf(status).label.toLowerCase()}`);
  return [node.name, ...counts].join("\n");
}
