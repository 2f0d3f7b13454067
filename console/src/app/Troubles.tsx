/** What is wrong with the installation as a whole, in one line however much it is: that no engine runs, say. */

import { useState } from "react";
import { useConnection, useResource } from "~/api/hooks";
import { liveStream } from "~/api/live";
import type { SystemStatus } from "~/api/types";
import { relative, serverTime, useNow } from "~/app/time";

/** That the server does not answer, and how old all is that is shown. */
export function Away() {
  const connection = useConnection();
  const now = useNow();
  if (connection !== "away") return null;
  return (
    <div className="troubles troubles-short tone-bad" role="alert">
      <span>
        <strong>The server, or its database, does not answer.</strong> What you see is as it was {relative(serverTime(liveStream.lastHeard()), now)}; it
        is shown anew as soon as the server is back.
      </span>
      <button type="button" className="button button-small" onClick={liveStream.retry}>
        Try now
      </button>
    </div>
  );
}

export function Troubles() {
  const { data } = useResource<SystemStatus>("/status", { topics: ["fleet"], on: ["fleet", "status"] });
  const [all, setAll] = useState(false);
  const troubles = data?.troubles ?? [];
  if (troubles.length === 0) return null;
  return (
    <div className={`troubles tone-doubt${all ? "" : " troubles-short"}`} role="status">
      <ul>
        {(all ? troubles : troubles.slice(0, 1)).map(({ message, hint }) => (
          <li key={message}>
            <strong>{message}</strong> <span className="soft">{hint}</span>
          </li>
        ))}
      </ul>
      <button type="button" className="button button-small" aria-expanded={all} onClick={() => setAll(!all)}>
        {all ? "Less" : troubles.length > 1 ? `All ${troubles.length}` : "More"}
      </button>
    </div>
  );
}
