/** What is wrong with the installation as a whole, in one line however much it is: that no engine runs, say. */

import { useState } from "react";
import { useResource } from "~/api/hooks";
import type { SystemStatus } from "~/api/types";

export function Troubles() {
  const { data } = useResource<SystemStatus>("/status", { topics: ["fleet"], on: ["fleet", "status"] });
  const [all, setAll] = useState(false);
  const troubles = data?.troubles ?? [];
  if (troubles.length === 0) return null;
  return (
    <div className="troubles tone-doubt" role="status">
      <ul>
        {(all ? troubles : troubles.slice(0, 1)).map((trouble) => (
          <li key={trouble.message}>
            <strong>{trouble.message}</strong> <span className="soft">{trouble.hint}</span>
          </li>
        ))}
      </ul>
      {troubles.length > 1 && (
        <button type="button" className="button button-small" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? "Less" : `${troubles.length - 1} more`}
        </button>
      )}
    </div>
  );
}
