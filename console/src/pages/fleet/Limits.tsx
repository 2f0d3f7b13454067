/** What is limited: queues, pools, definitions and accounts; how much of each is used, and who waits for it. */

import { useResource } from "~/api/hooks";
import type { Limit } from "~/api/details";
import type { Page } from "~/api/types";
import { Link } from "~/app/router";
import { Answer } from "~/parts/Answer";
import { Grid, type GridColumn } from "~/parts/Grid";
import { toAccount } from "~/parts/names";
import { Panel } from "~/parts/Panel";
import { Usage } from "~/pages/fleet/Usage";
import "~/parts/progress.css";

const MOST = 1_000;
const SHOWN = 12;

const COLUMNS: readonly GridColumn<Limit>[] = [
  { title: "Kind", cell: (row) => row.kind },
  { title: "Name", cell: (row) => <bdi>{row.name}</bdi> },
  { title: "Used", cell: (row) => <Usage used={row.used} limit={row.limit} /> },
  { title: "Wait", align: "right", cell: (row) => (row.waiting > 0 ? <strong>{row.waiting}</strong> : "0") },
  { title: "For whom", cell: (row) => <Accounts row={row} /> },
];

export function LimitsPanel() {
  const limits = useResource<Page<Limit>>(`/limits?limit=${MOST}`, { topics: ["fleet"], on: ["fleet"] });
  return (
    <Panel title="Queues, pools and other limits">
      <Answer of={limits}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="soft">Nothing is limited but the agents themselves. Limits are declared in ostinato.yaml.</p>
          ) : (
            <>
              <Grid label="Limits" columns={COLUMNS} rows={scarcestFirst(items).slice(0, SHOWN)} keyOf={(row) => `${row.kind} ${row.name}`} />
              {items.length > SHOWN && <p className="soft">{`and ${items.length - SHOWN} more that are less used`}</p>}
            </>
          )
        }
      </Answer>
    </Panel>
  );
}

function Accounts({ row }: { readonly row: Limit }) {
  if (row.waiting_accounts.length === 0) return null;
  const named = row.waiting_accounts.reduce((sum, { waiting }) => sum + waiting, 0);
  return (
    <span className="limit-accounts">
      {row.waiting_accounts.map(({ account, waiting }) => (
        <span key={account}>
          <Link to={toAccount(account)}>
            <bdi>{account}</bdi>
          </Link>{" "}
          <span className="number">{waiting}</span>
        </span>
      ))}
      {named < row.waiting && <span className="soft">{`and ${row.waiting - named} more`}</span>}
    </span>
  );
}

function scarcestFirst(limits: readonly Limit[]): readonly Limit[] {
  const share = ({ used, limit }: Limit): number => (limit === 0 ? 1 : used / limit);
  return [...limits].sort((one, other) => other.waiting - one.waiting || share(other) - share(one));
}
