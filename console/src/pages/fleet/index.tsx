/** What makes it all go: the engine and its sources, the agents, what is limited, the database. */

import type { PageProps } from "~/app/routes";
import { AgentsPanel } from "~/pages/fleet/Agents";
import { DoctorPanel } from "~/pages/fleet/Doctor";
import { EnginePanels } from "~/pages/fleet/Engine";
import { LimitsPanel } from "~/pages/fleet/Limits";
import "~/pages/details.css";
import "~/pages/fleet/fleet.css";

export default function FleetPage(_: PageProps) {
  return (
    <div className="page">
      <header className="page-head">
        <h1>Fleet</h1>
      </header>
      <AgentsPanel />
      <div className="columns">
        <LimitsPanel />
        <DoctorPanel />
      </div>
      <EnginePanels />
    </div>
  );
}
