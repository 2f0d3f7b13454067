/** Who changed what, when and why. */

import { useState } from "react";
import { get, withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { AuditEntry } from "~/api/details";
import type { Page } from "~/api/types";
import { useKeys } from "~/app/keyboard";
import { navigate, useQuery } from "~/app/router";
import { Time } from "~/app/time";
import { Answer } from "~/parts/Answer";
import { Empty } from "~/parts/Empty";
import { NameLink } from "~/parts/Name";
import { type Column, Table } from "~/parts/Table";
import { Via } from "~/pages/audit/Via";
import { pathOf } from "~/pages/audit/targets";
import "~/pages/details.css";

const AT_ONCE = 200;
const FILTERS = ["actor", "action", "target"] as const;

const COLUMNS: readonly Column<AuditEntry>[] = [
  { key: "at", title: "When", width: "152px", cell: (row) => <Time at={row.at} as="full" /> },
  {
    key: "actor",
    title: "Who",
    width: "minmax(110px, 1fr)",
    cell: (row) => (
      <>
        <bdi title={row.actor}>{row.actor}</bdi> <Via via={row.via} />
      </>
    ),
  },
  { key: "action", title: "Did", width: "96px", cell: (row) => row.action },
  {
    key: "target",
    title: "What",
    width: "minmax(220px, 3fr)",
    cell: (row) => {
      const to = pathOf(row.target);
      return to === null ? <bdi title={row.target}>{row.target}</bdi> : <NameLink text={row.target} to={to} />;
    },
  },
  { key: "reason", title: "Why", width: "minmax(200px, 3fr)", cell: (row) => <bdi title={row.reason}>{row.reason}</bdi> },
];

export default function AuditPage() {
  const [query, change] = useQuery();
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name)]));
  const path = withQuery("/audit", { ...filter, limit: AT_ONCE });
  const first = useResource<Page<AuditEntry>>(path, { topics: ["runs", "fleet"], on: ["runs", "fleet"], keep: true });
  return (
    <div className="page">
      <header className="page-head">
        <h1>Audit</h1>
        <TextFilter name="actor" label="Who" value={query.get("actor")} onChange={change} />
        <TextFilter name="action" label="Did" value={query.get("action")} onChange={change} />
        <TextFilter name="target" label="What" value={query.get("target")} onChange={change} />
      </header>
      <Answer of={first}>
        {(page) => <Entries key={path} first={page} path={path} filtered={FILTERS.some((name) => query.has(name))} />}
      </Answer>
    </div>
  );
}

interface TextFilterProps {
  readonly name: (typeof FILTERS)[number];
  readonly label: string;
  readonly value: string | null;
  readonly onChange: (changes: Readonly<Record<string, string | null>>) => void;
}

function TextFilter({ name, label, value, onChange }: TextFilterProps) {
  return (
    <input
      className="field"
      type="search"
      aria-label={label}
      placeholder={label}
      value={value ?? ""}
      onChange={(event) => onChange({ [name]: event.target.value || null })}
    />
  );
}

interface EntriesProps {
  readonly first: Page<AuditEntry>;
  readonly path: string;
  readonly filtered: boolean;
}

function Entries({ first, path, filtered }: EntriesProps) {
  const [older, setOlder] = useState<readonly AuditEntry[]>([]);
  const [cursor, setCursor] = useState<string | null | undefined>(undefined);
  const [current, setCurrent] = useState(0);
  const next = cursor === undefined ? first.next : cursor;
  const rows = [...first.items, ...older];
  const at = Math.min(current, rows.length - 1);
  const move = (by: number): void => setCurrent(Math.min(rows.length - 1, Math.max(0, at + by)));
  const open = (row: AuditEntry | undefined): void => {
    const to = row && pathOf(row.target);
    if (to) navigate(to);
  };
  useKeys("Audit", {
    j: { does: "Next entry", run: () => move(1) },
    k: { does: "Entry before", run: () => move(-1) },
    Enter: { does: "Open what was changed", run: () => open(rows[at]) },
  });

  async function loadMore(): Promise<void> {
    if (next === null) return;
    setCursor(null);
    const page = await get<Page<AuditEntry>>(`${path}&cursor=${encodeURIComponent(next)}`);
    setOlder((known) => [...known, ...page.items]);
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
      current={at}
      onOpen={open}
      onEnd={next === null ? undefined : () => void loadMore()}
    />
  );
}
