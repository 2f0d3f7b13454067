/** Who changed what, when and why, and how the command line does the same. */

import { useId, useRef, useState } from "react";
import { get, withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import { useEvery } from "~/api/useEvery";
import type { AuditEntry } from "~/api/details";
import type { Page } from "~/api/types";
import { navigate, useQuery } from "~/app/router";
import { Time } from "~/app/time";
import { Answer } from "~/parts/Answer";
import { CopyButton } from "~/parts/CopyButton";
import { Empty } from "~/parts/Empty";
import { NameLink } from "~/parts/Name";
import { useRows } from "~/parts/rows";
import { type Column, Table } from "~/parts/Table";
import { Via } from "~/pages/audit/Via";
import { pathOf } from "~/pages/audit/targets";
import "~/pages/audit/audit.css";
import "~/pages/details.css";

const AT_ONCE = 200;
const FILTERS = ["actor", "action", "target", "since", "until"] as const;

type Change = (changes: Readonly<Record<string, string | null>>) => void;

const COLUMNS: readonly Column<AuditEntry>[] = [
  { key: "at", title: "When", width: "152px", cell: (row) => <Time at={row.at} as="full" /> },
  {
    key: "actor",
    title: "Who",
    width: "minmax(160px, 1fr)",
    cell: (row) => (
      <>
        <bdi title={row.actor}>{row.actor}</bdi> <Via via={row.via} />
      </>
    ),
  },
  { key: "action", title: "Did", width: "104px", cell: (row) => row.action },
  {
    key: "target",
    title: "What",
    width: "minmax(200px, 2fr)",
    cell: (row) => {
      const to = pathOf(row.target);
      return to === null ? <bdi title={row.target}>{row.target}</bdi> : <NameLink text={row.target} to={to} />;
    },
  },
  { key: "reason", title: "Why", width: "minmax(160px, 2fr)", cell: (row) => <bdi title={row.reason}>{row.reason}</bdi> },
  { key: "command", title: "On the command line", width: "minmax(260px, 3fr)", cell: (row) => <CommandCell command={row.command} /> },
];

export default function AuditPage() {
  const [query, change] = useQuery();
  const { actor, action, target, since, until } = Object.fromEntries(FILTERS.map((name) => [name, query.get(name)])) as Chosen;
  const days = { since: since && startOf(since, 0), until: until && startOf(until, 1) };
  const path = withQuery("/audit", { actor, action, target, ...days, limit: AT_ONCE });
  const first = useResource<Page<AuditEntry>>(path, { topics: ["runs", "fleet"], on: ["runs", "fleet"], keep: true });
  useEvery(first.refresh);
  const known = first.data?.items ?? [];
  return (
    <div className="page">
      <header className="page-head audit-head">
        <h1>Audit</h1>
        <ExactFilter name="actor" label="Who" value={actor} known={known.map((row) => row.actor)} onChange={change} />
        <ExactFilter name="action" label="Did" value={action} known={known.map((row) => row.action)} onChange={change} />
        <input
          className="field"
          type="search"
          aria-label="What"
          placeholder="What"
          value={target ?? ""}
          onChange={(event) => change({ target: event.target.value || null })}
        />
        <DayFilter name="since" label="From" value={since} onChange={change} />
        <DayFilter name="until" label="To" value={until} onChange={change} />
      </header>
      <Answer of={first}>
        {(page) => <Entries key={path} first={page} path={path} filtered={FILTERS.some((name) => query.has(name))} />}
      </Answer>
    </div>
  );
}

type Chosen = Readonly<Record<(typeof FILTERS)[number], string | null>>;

/** Return when a day of UTC begins, or one that comes so many days later. */
function startOf(day: string, later: number): string | null {
  const at = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(at) ? null : new Date(at + later * 86_400_000).toISOString();
}

interface FilterProps {
  readonly name: (typeof FILTERS)[number];
  readonly label: string;
  readonly value: string | null;
  readonly onChange: Change;
}

/** A name that must fit as a whole: it counts once it is chosen, or typed and left. */
function ExactFilter({ name, label, value, known, onChange }: FilterProps & { readonly known: readonly string[] }) {
  const list = useId();
  const names = [...new Set(known)].sort();
  function take(text: string): void {
    if (text.trim() !== (value ?? "")) onChange({ [name]: text.trim() || null });
  }
  return (
    <>
      <input
        key={value ?? ""}
        className="field"
        type="search"
        aria-label={label}
        placeholder={label}
        list={list}
        defaultValue={value ?? ""}
        onChange={(event) => (event.target.value === "" || names.includes(event.target.value)) && take(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && take(event.currentTarget.value)}
        onBlur={(event) => take(event.target.value)}
      />
      <datalist id={list}>
        {names.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </>
  );
}

function DayFilter({ name, label, value, onChange }: FilterProps) {
  return (
    <label className="audit-day">
      {label}
      <input
        className="field"
        type="date"
        title="A day of UTC"
        value={value ?? ""}
        onChange={(event) => onChange({ [name]: event.target.value || null })}
      />
    </label>
  );
}

function CommandCell({ command }: { readonly command: string | null }) {
  if (command === null) return <span className="faint">only in Python</span>;
  return (
    <span className="audit-command">
      <code title={command}>{command}</code>
      <CopyButton text={command} />
    </span>
  );
}

/** Return the newest entries, which grow, and behind them those that were there already. */
function joined(newest: readonly AuditEntry[], known: readonly AuditEntry[]): readonly AuditEntry[] {
  const last = newest.at(-1)?.entry ?? 0;
  return [...newest, ...known.filter(({ entry }) => entry < last)];
}

interface EntriesProps {
  readonly first: Page<AuditEntry>;
  readonly path: string;
  readonly filtered: boolean;
}

function Entries({ first, path, filtered }: EntriesProps) {
  const [older, setOlder] = useState<readonly AuditEntry[]>([]);
  const [cursor, setCursor] = useState<string | null | undefined>(undefined);
  const list = useRef<HTMLDivElement>(null);
  const next = cursor === undefined ? first.next : cursor;
  const rows = joined(first.items, older);
  const open = (row: AuditEntry): void => {
    const to = pathOf(row.target);
    if (to) navigate(to);
  };
  const current = useRows("Audit", "entry", rows, open, { list });

  async function loadMore(): Promise<void> {
    if (next === null) return;
    setCursor(null);
    const page = await get<Page<AuditEntry>>(`${path}&cursor=${encodeURIComponent(next)}`);
    setOlder((known) => [...joined(first.items, known), ...page.items]);
    setCursor(page.next);
  }

  if (rows.length === 0)
    return (
      <Empty title={filtered ? "Nobody did that" : "Nobody has changed anything yet"}>
        {filtered ? "Clear a filter to see more." : "Whatever people retry, cancel, pause or skip is kept here with their name and reason."}
      </Empty>
    );
  return (
    <Table
      label="Audit"
      columns={COLUMNS}
      rows={rows}
      keyOf={(row) => row.entry}
      current={current}
      list={list}
      onOpen={open}
      onEnd={next === null ? undefined : () => void loadMore()}
    />
  );
}
