/** Steps that share a box of the graph, those first that ask for a person. */

import type { Box } from "~/pages/plan/bundles";
import { StepCounts, countByStatus } from "~/pages/plan/StepCounts";
import { loudestFirst, saysOf } from "~/pages/plan/steps";
import { StatusMark } from "~/parts/StatusMark";

const SHOWN = 200;

interface BundlePanelProps {
  readonly box: Box;
  readonly onOpen: (step: number) => void;
  readonly onClose: () => void;
}

export function BundlePanel({ box, onOpen, onClose }: BundlePanelProps) {
  const rest = box.steps.length - SHOWN;
  return (
    <aside className="panel step-panel" aria-label="Steps alike">
      <header className="panel-head">
        <h2>
          {box.steps.length} × <bdi>{box.steps[0]?.name}</bdi>
        </h2>
        <span className="grow" />
        <button type="button" className="button button-plain" aria-label="Close the list" onClick={onClose}>
          ✕
        </button>
      </header>
      <StepCounts steps={countByStatus(box.steps)} />
      <ul className="bundle">
        {loudestFirst(box.steps)
          .slice(0, SHOWN)
          .map((step) => (
            <li key={step.step}>
              <StatusMark status={step.status} as="dot" />
              <button type="button" className="link" onClick={() => onOpen(step.step)}>
                <bdi>{step.name}</bdi>
              </button>
              <span className="soft">{saysOf(step)}</span>
            </li>
          ))}
        {rest > 0 && <li className="soft">{`and ${rest} more, which the tree shows`}</li>}
      </ul>
    </aside>
  );
}
