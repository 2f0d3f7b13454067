/** What part of the night is shown, and in which order. */

import { type KeyboardEvent, type RefObject, useId } from "react";
import { type FilterChanges, type Filters, queryOf, type Sort } from "~/pages/matrix/filters";
import { readSearch } from "~/pages/matrix/search";
import { ActButtons } from "~/parts/acting/ActButtons";
import { verbsFor } from "~/parts/acting/verbs";
import { Sign } from "~/parts/StatusMark";
import { faceOf, SLOT_STATUSES } from "~/parts/statuses";

interface ToolbarProps {
  readonly filters: Filters;
  readonly change: (changes: FilterChanges) => void;
  readonly search: RefObject<HTMLInputElement | null>;
  /** Keys of labels to group by. */
  readonly labels: readonly string[];
  /** How many slots of the night are in which status. */
  readonly counts: Readonly<Record<string, number>>;
  /** Bring the focus to the matrix. */
  readonly toGrid: () => void;
}

export function Toolbar({ filters, change, search, labels, counts, toGrid }: ToolbarProps) {
  const { problem } = readSearch(filters.search);
  const says = useId();
  function leaveSearch(event: KeyboardEvent): void {
    if (event.key === "Escape" && filters.search !== "") change({ search: "" });
    else if (event.key === "Enter" || event.key === "ArrowDown") toGrid();
    else return;
    event.preventDefault();
  }
  return (
    <div className="matrix-tools" role="search">
      <input
        ref={search}
        type="search"
        className="field matrix-search"
        placeholder='Search names, or tier:"very gold"'
        aria-label="Search accounts and definitions by name, accounts by label as key:value"
        title="Search  /"
        value={filters.search}
        onChange={(event) => change({ search: event.target.value })}
        onKeyDown={leaveSearch}
        aria-invalid={problem !== null}
        aria-describedby={problem === null ? undefined : says}
      />
      {problem && (
        <span id={says} className="matrix-problem" role="status">
          {problem}
        </span>
      )}
      <label className="matrix-choice">
        <span>Sort</span>
        <select className="field" value={filters.sort} onChange={(event) => change({ sort: event.target.value as Sort })}>
          <option value="risk">Most at risk</option>
          <option value="name">Name</option>
        </select>
      </label>
      {labels.length > 0 && (
        <label className="matrix-choice">
          <span>Group</span>
          <select className="field" value={filters.group} onChange={(event) => change({ group: event.target.value })}>
            <option value="">Nothing</option>
            {labels.map((label) => (
              <option key={label}>{label}</option>
            ))}
          </select>
        </label>
      )}
      <StatusFilter counts={counts} chosen={filters.statuses} onChange={(statuses) => change({ statuses })} />
      <ActOnAll filters={filters} />
    </div>
  );
}

/** What can be done to all slots that are left when one status is chosen, whether they are in view or not. */
function ActOnAll({ filters }: { readonly filters: Filters }) {
  const query = queryOf(filters);
  const [status] = filters.statuses;
  const verbs = query && status ? verbsFor("slot", status) : [];
  if (!query || !status || verbs.length === 0) return null;
  return <ActButtons verbs={verbs} query={query} about={`all ${faceOf(status).label.toLowerCase()}`} small />;
}

interface StatusFilterProps {
  readonly counts: Readonly<Record<string, number>>;
  readonly chosen: readonly string[];
  readonly onChange: (statuses: readonly string[]) => void;
}

/** The legend of the matrix, and a filter at once. */
function StatusFilter({ counts, chosen, onChange }: StatusFilterProps) {
  return (
    <div className="status-filter" role="group" aria-label="Statuses">
      {SLOT_STATUSES.filter((status) => counts[status] || chosen.includes(status)).map((status) => {
        const face = faceOf(status);
        const on = chosen.includes(status);
        return (
          <button
            key={status}
            type="button"
            className={`status-choice tone-${face.tone}`}
            aria-pressed={on}
            onClick={() => onChange(on ? chosen.filter((one) => one !== status) : [...chosen, status])}
          >
            <Sign status={status} />
            {face.label} <span className="number">{(counts[status] ?? 0).toLocaleString("en")}</span>
          </button>
        );
      })}
      {chosen.length > 0 && (
        <button type="button" className="button button-plain button-small" onClick={() => onChange([])}>
          All
        </button>
      )}
    </div>
  );
}
