/** What is declared otherwise than when the lane last succeeded: the first thing to look at where it fails now. */

import type { SlotDetails } from "~/api/types";
import { Panel } from "~/parts/Panel";

interface ChangesProps {
  readonly version: string | number;
  readonly changes: SlotDetails["definition"]["changed_since_success"];
}

export function ChangesPanel({ version, changes }: ChangesProps) {
  return (
    <Panel
      title="Definition"
      aside={
        <span className="soft">
          version <code>{version}</code>
        </span>
      }
    >
      {changes === null && <p className="soft">It has not succeeded yet, so there is nothing to compare it with.</p>}
      {changes?.length === 0 && <p className="soft">Nothing has changed since it last succeeded.</p>}
      {changes !== null && changes.length > 0 && (
        <div className="changes">
          <p className="soft">Changed since it last succeeded:</p>
          {changes.map(({ key, before, after }) => (
            <div key={key} className="change">
              <h3>
                <code>{key}</code>
              </h3>
              <pre className="change-before">{`− ${show(before)}`}</pre>
              <pre className="change-after">{`+ ${show(after)}`}</pre>
            </div>
          ))}
        </div>
      )}
    </Panel>
  );
}

function show(value: unknown): string {
  if (value === null || value === undefined) return "not declared";
  return typeof value === "string" ? value : JSON.stringify(value);
}
