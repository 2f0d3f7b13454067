/** The steps of a plan as a graph: solid lines carry data, dashed ones order alone. */

import {
  Background,
  BaseEdge,
  Controls,
  type Edge,
  type EdgeProps,
  Handle,
  MiniMap,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import { createContext, type RefObject, useContext, useEffect, useMemo } from "react";
import type { PlanStep } from "~/api/details";
import type { Box } from "~/pages/plan/bundles";
import { type Drawing, layOut, type Point, WIDTH } from "~/pages/plan/graph";
import { StepCounts, countByStatus } from "~/pages/plan/StepCounts";
import { loudest, saysOf } from "~/pages/plan/steps";
import { ProgressBar } from "~/parts/ProgressBar";
import { StartView } from "~/parts/StartView";
import { Sign } from "~/parts/StatusMark";
import { faceOf } from "~/parts/statuses";
import "~/parts/graph.css";

type BoxNode = Node<{ readonly box: Box; readonly status: string }, "box">;
type LineEdge = Edge<{ readonly passes: readonly Point[] }, "line">;

const NODE_TYPES = { box: StepBox };
const EDGE_TYPES = { line: PlanLine };
const HEIGHT = 46;
const MANY = 40;
/** Names can be read from this scale on. */
const READABLE = 0.55;

/** Which box is chosen, or dimmed: told apart from the boxes, so that a key pressed draws anew what it changes alone. */
interface Looks {
  readonly here: number | null;
  readonly isOpen: boolean;
  readonly bundle: number | null;
  readonly lit: ReadonlySet<number> | null;
}

const LooksContext = createContext<Looks>({ here: null, isOpen: false, bundle: null, lit: null });

interface GraphProps {
  readonly steps: readonly PlanStep[];
  /** The step that is open, or that the keyboard is on. */
  readonly current: number | null;
  readonly isOpen: boolean;
  /** The first step of the box whose steps are listed beside it. */
  readonly bundle: number | null;
  /** The steps that were chosen by name or status; the rest is dimmed. */
  readonly lit: ReadonlySet<number> | null;
  readonly list: RefObject<HTMLDivElement | null>;
  readonly onOpen: (box: Box) => void;
}

export default function Graph({ steps, current, isOpen, bundle, lit, list, onOpen }: GraphProps) {
  const shape = steps.map((step) => `${step.step}:${step.needs.join()}:${step.after.join()}:${step.parent}`).join(";");
  // eslint-disable-next-line react-hooks/exhaustive-deps -- where steps stand depends on the shape of the plan alone
  const drawing = useMemo(() => layOut(steps), [shape]);
  const nodes = useMemo(() => nodesOf(drawing, steps), [drawing, steps]);
  const edges = useMemo(() => edgesOf(drawing), [drawing]);
  const homes = useMemo(() => new Map(nodes.flatMap((node) => node.data.box.steps.map(({ step }) => [step, node] as const))), [nodes]);
  const here = (current === null ? null : homes.get(current)) ?? null;
  const looks = useMemo(
    () => ({ here: here?.data.box.id ?? null, isOpen, bundle, lit: lit && new Set([...lit].map((step) => homes.get(step)?.data.box.id ?? step)) }),
    [here, isOpen, bundle, lit, homes],
  );
  return (
    <div className="graph" ref={list} role="group" aria-label="Graph of the steps" tabIndex={0}>
      <LooksContext value={looks}>
        <ReactFlow<BoxNode, LineEdge>
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          nodeOrigin={NODE_ORIGIN}
          onNodeClick={(_, node) => onOpen(node.data.box)}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          onlyRenderVisibleElements
          minZoom={0.05}
        >
          <Background />
          <Controls showInteractive={false} />
          {nodes.length > MANY && <MiniMap<BoxNode> pannable zoomable nodeClassName={miniLook} />}
          <StartView nodes={drawing.placed.map(({ x, y }) => ({ x: x + WIDTH / 2, y }))} size={SIZE} readable={READABLE} />
          {here && <KeepInView x={here.position.x} y={here.position.y} moves={`${current} ${isOpen}`} />}
        </ReactFlow>
      </LooksContext>
    </div>
  );
}

const NODE_ORIGIN: [number, number] = [0, 0.5];
const SIZE = { width: WIDTH, height: HEIGHT };

function miniLook({ data }: BoxNode): string {
  return `mini tone-${faceOf(data.status).tone}`;
}

function nodesOf({ placed }: Drawing, steps: readonly PlanStep[]): BoxNode[] {
  const byNumber = new Map(steps.map((step) => [step.step, step]));
  return placed.map(({ box, x, y }) => {
    const members = box.steps.map((step) => byNumber.get(step.step) ?? step);
    const status = loudest(members);
    return {
      id: String(box.id),
      type: "box",
      position: { x, y },
      width: WIDTH,
      height: HEIGHT,
      data: { box: { ...box, steps: members }, status },
      ariaRole: "group",
      ariaLabel: members.length > 1 ? `${members.length} steps like ${nameOf(members)}` : `${nameOf(members)}: ${faceOf(status).label}`,
    };
  });
}

function edgesOf({ lines }: Drawing): LineEdge[] {
  return lines.map(({ from, to, order, passes }) => ({
    id: `${from} ${to}`,
    type: "line",
    source: String(from),
    target: String(to),
    className: order ? "plan-order" : "plan-data",
    data: { passes },
  }));
}

/** Bring the step that the keyboard is on into view, where it is not; nothing moves that can be seen. */
function KeepInView({ x, y, moves }: { readonly x: number; readonly y: number; readonly moves: string }) {
  const { setCenter, getViewport } = useReactFlow();
  const width = useStore((store) => store.width);
  const height = useStore((store) => store.height);
  useEffect(() => {
    if (width === 0) return;
    const { x: left, y: top, zoom } = getViewport();
    const [begin, end, middle] = [x * zoom + left, (x + WIDTH) * zoom + left, y * zoom + top];
    if (begin >= 0 && end <= width && middle >= 20 && middle <= height - 20) return;
    void setCenter(x + WIDTH / 2, y, { zoom, duration: 150 });
  }, [x, y, moves, width, height, setCenter, getViewport]);
  return null;
}

function PlanLine({ sourceX, sourceY, targetX, targetY, data }: EdgeProps<LineEdge>) {
  let path = `M ${sourceX} ${sourceY}`;
  let at: Point = { x: sourceX, y: sourceY };
  const bend = (to: Point): void => {
    const half = (to.x - at.x) / 2;
    path += ` C ${at.x + half} ${at.y} ${to.x - half} ${to.y} ${to.x} ${to.y}`;
    at = to;
  };
  for (const pass of data?.passes ?? []) {
    bend(pass);
    at = { x: pass.x + WIDTH, y: pass.y };
    path += ` L ${at.x} ${at.y}`;
  }
  bend({ x: targetX, y: targetY });
  return <BaseEdge path={path} />;
}

function StepBox({ data: { box, status } }: NodeProps<BoxNode>) {
  const look = lookOf(box, status, useContext(LooksContext));
  const [step, ...others] = box.steps;
  if (!step) return null;
  const says = others.length > 0 ? null : saysOf(step) || (step.phase === "run" ? faceOf(step.status).label : step.phase);
  return (
    <div className={`graph-node ${look}${others.length > 0 ? " graph-bundle" : ""}`} title={others.length > 0 ? undefined : saysOf(step) || step.name}>
      <Handle type="target" position={Position.Left} />
      <div className="graph-title">
        {others.length === 0 && <Sign status={step.status} />}
        <bdi>{others.length > 0 ? `${box.steps.length} × ${nameOf(box.steps)}` : step.name}</bdi>
      </div>
      {says === null ? <StepCounts steps={countByStatus(box.steps)} /> : <div className="graph-note">{says}</div>}
      {step.status === "running" && others.length === 0 && step.progress !== null && <ProgressBar value={step.progress} status={step.status} />}
      <Handle type="source" position={Position.Right} />
    </div>
  );
}

function lookOf({ id }: Box, status: string, { here, isOpen, bundle, lit }: Looks): string {
  const isChosen = id === bundle || (id === here && isOpen);
  return [`tone-${faceOf(status).tone}`, isChosen ? "graph-chosen" : id === here && "graph-current", lit && !lit.has(id) && "graph-dim"]
    .filter(Boolean)
    .join(" ");
}

function nameOf(steps: readonly PlanStep[]): string {
  return steps[0]?.name ?? "";
}
