/** The steps of a plan as a graph: solid lines carry data, dashed ones order alone. */

import { Background, Controls, Handle, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import { useMemo } from "react";
import type { PlanStep } from "~/api/details";
import { layOut } from "~/pages/plan/graph";
import { saysOf } from "~/pages/plan/Tree";
import { ProgressBar } from "~/parts/ProgressBar";
import { Sign } from "~/parts/StatusMark";
import { faceOf } from "~/parts/statuses";
import "~/parts/graph.css";

type StepNode = Node<{ readonly step: PlanStep; readonly chosen: boolean }, "step">;

const NODE_TYPES = { step: StepBox };

interface GraphProps {
  readonly steps: readonly PlanStep[];
  readonly chosen: number | null;
  readonly onOpen: (step: PlanStep) => void;
}

export default function Graph({ steps, chosen, onOpen }: GraphProps) {
  const shape = steps.map((step) => `${step.step}:${step.needs.join()}:${step.after.join()}:${step.parent}`).join(";");
  // eslint-disable-next-line react-hooks/exhaustive-deps -- where steps stand depends on the shape of the plan alone
  const drawing = useMemo(() => layOut(steps), [shape]);
  const byNumber = new Map(steps.map((step) => [step.step, step]));
  const nodes = drawing.placed.map<StepNode>(({ step, x, y }) => ({
    id: String(step.step),
    type: "step",
    position: { x, y },
    data: { step: byNumber.get(step.step) ?? step, chosen: step.step === chosen },
    ariaLabel: `${step.name}: ${faceOf(step.status).label}`,
  }));
  const edges = drawing.edges.map(({ from, to, order }) => ({
    id: `${from} ${to}`,
    source: String(from),
    target: String(to),
    className: order ? "plan-order" : "plan-data",
  }));
  return (
    <div className="graph">
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        onNodeClick={(_, node) => onOpen(node.data.step)}
        nodesDraggable={false}
        nodesConnectable={false}
        elementsSelectable={false}
        onlyRenderVisibleElements
        fitView
        fitViewOptions={{ maxZoom: 1 }}
        minZoom={0.1}
      >
        <Background />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

function StepBox({ data: { step, chosen } }: NodeProps<StepNode>) {
  return (
    <div className={`graph-node tone-${faceOf(step.status).tone}${chosen ? " graph-chosen" : ""}`} title={saysOf(step) || step.name}>
      <Handle type="target" position={Position.Left} />
      <div className="graph-title">
        <Sign status={step.status} />
        <bdi>{step.name}</bdi>
      </div>
      <div className="graph-note">{step.phase === "run" ? saysOf(step) || faceOf(step.status).label : step.phase}</div>
      {step.status === "running" && step.progress !== null && <ProgressBar value={step.progress} status={step.status} />}
      <Handle type="source" position={Position.Right} />
    </div>
  );
}
