/** What a run carries out, to the letter: its arguments, its environment, and a line that does the same by hand. */

import type { RunCommand } from "~/api/details";
import { withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import { Answer } from "~/parts/Answer";
import { Command } from "~/parts/Empty";
import { Panel } from "~/parts/Panel";

interface CommandPanelProps {
  readonly run: number;
  /** A step by name; null for the only one. */
  readonly step: string | null;
}

export function CommandPanel({ run, step }: CommandPanelProps) {
  const command = useResource<RunCommand>(withQuery(`/runs/${run}/command`, { step }));
  return (
    <Panel title="Command">
      {command.error?.code === "not_possible" ? (
        <p className="soft">{command.error.message}</p>
      ) : (
        <Answer of={command}>{(data) => <CommandFacts command={data} />}</Answer>
      )}
    </Panel>
  );
}

function CommandFacts({ command }: { readonly command: RunCommand }) {
  const names = Object.keys(command.environment).sort();
  return (
    <div className="stack">
      <ol className="argv" aria-label="Arguments">
        {command.argv.map((argument, index) => (
          <li key={index}>
            <code>{argument === "" ? "''" : argument}</code>
          </li>
        ))}
      </ol>
      <dl className="facts">
        <dt>Working directory</dt>
        <dd>
          <code>{command.cwd}</code>
        </dd>
      </dl>
      <details>
        <summary>{`Environment: ${names.length} variables`}</summary>
        <dl className="facts environment">
          {names.map((name) => (
            <div key={name}>
              <dt>
                <code>{name}</code>
              </dt>
              <dd>
                <code>{command.environment[name]}</code>
              </dd>
            </div>
          ))}
        </dl>
      </details>
      <h3>Do the same by hand</h3>
      <Command text={command.reproduce} />
    </div>
  );
}
