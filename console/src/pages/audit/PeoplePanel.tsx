/** What people did to one slot or run, and noted about it, the last first. */

import { withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { AuditEntry } from "~/api/details";
import type { Page } from "~/api/types";
import { Link } from "~/app/router";
import { Time } from "~/app/time";
import { ActButtons } from "~/parts/acting/ActButtons";
import { faceOfVerb } from "~/parts/acting/verbs";
import { Answer } from "~/parts/Answer";
import { Panel } from "~/parts/Panel";
import { Via } from "~/pages/audit/Via";
import "~/pages/audit/audit.css";

const MOST = 50;
const SHOWN = 8;

interface PeoplePanelProps {
  /** As the audit log names it. */
  readonly about: string;
  /** As actions name it. */
  readonly target: string;
  readonly zone: string | null;
}

export function PeoplePanel({ about, target, zone }: PeoplePanelProps) {
  const entries = useResource<Page<AuditEntry>>(withQuery("/audit", { target: about, limit: MOST }), {
    topics: ["runs"],
    on: ["runs"],
    keep: true,
  });
  return (
    <Panel title="What people did" aside={<ActButtons verbs={["note"]} targets={[target]} small />}>
      <Answer of={entries}>
        {(page) => <Deeds entries={page.items.filter((entry) => isAbout(entry.target, about))} about={about} zone={zone} />}
      </Answer>
    </Panel>
  );
}

/** Longer names may have this one in them. */
function isAbout(target: string, about: string): boolean {
  return target === about || target.endsWith(` of ${about}`) || target.startsWith(`${about}: `);
}

interface DeedsProps extends Pick<PeoplePanelProps, "about" | "zone"> {
  readonly entries: readonly AuditEntry[];
}

function Deeds({ entries, about, zone }: DeedsProps) {
  if (entries.length === 0) return <p className="soft">Nobody has done anything to it. Leave a note for whoever looks next.</p>;
  const more = entries.length - SHOWN;
  return (
    <>
      <ol className="deeds">
        {entries.slice(0, SHOWN).map((entry) => (
          <li key={entry.entry}>
            <span className="deeds-did">
              <strong>{faceOfVerb(entry.action).done}</strong> by <bdi>{entry.actor}</bdi> <Via via={entry.via} />
            </span>
            <span className="faint">
              <Time at={entry.at} zone={zone} as="ago" />
            </span>
            {entry.reason && <bdi className="deeds-why">{entry.reason}</bdi>}
          </li>
        ))}
      </ol>
      {more > 0 && <Link to={withQuery("/audit", { target: about })}>{`${more === MOST - SHOWN ? "More" : `${more} more`} in the audit log`}</Link>}
    </>
  );
}
