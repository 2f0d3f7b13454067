/** What a run wrote: filter, search, jump to the first error, follow while it is written. */

import { useDeferredValue, useState } from "react";
import { useKeys } from "~/app/keyboard";
import { LogLines } from "~/parts/log/LogLines";
import "~/parts/log/log.css";

interface LogViewProps {
  readonly run: number;
  /** Whose output: a step by name; null where the run has but one. */
  readonly step: string | null;
  /** Whether more may be written. */
  readonly live: boolean;
}

export function LogView({ run, step, live }: LogViewProps) {
  const [level, setLevel] = useState("");
  const [search, setSearch] = useState("");
  const [wrap, setWrap] = useState(true);
  const [at, setAt] = useState<{ readonly number: number; readonly asked: number } | null>(null);
  const sought = useDeferredValue(search.trim());
  useKeys("Log", { w: { does: "Wrap long lines of the log, or not", run: () => setWrap(!wrap) } });

  function showInContext(number: number): void {
    setLevel("");
    setSearch("");
    setAt({ number, asked: (at?.asked ?? 0) + 1 });
  }

  return (
    <LogLines
      key={`${run} ${step ?? ""} ${level} ${sought} ${at?.asked ?? 0}`}
      run={run}
      filter={{ step, level, search: sought }}
      live={live}
      wrap={wrap}
      at={level || sought ? null : (at?.number ?? null)}
      onContext={showInContext}
      controls={
        <>
          <select className="field" aria-label="Level" value={level} onChange={(event) => setLevel(event.target.value)}>
            <option value="">All lines</option>
            <option value="warning">Warnings</option>
            <option value="error">Errors</option>
          </select>
          <input
            className="field log-search"
            type="search"
            placeholder="Search the log"
            aria-label="Search the log"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
          <button type="button" className="button" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>
            Wrap
          </button>
        </>
      }
    />
  );
}
