/** What the doctor finds, when a person asks: it looks at everything, so it takes its time. */

import { useState } from "react";
import type { Check } from "~/api/details";
import { ApiError, get } from "~/api/client";
import { Loading } from "~/parts/Answer";
import { ErrorNotice } from "~/parts/Notice";
import { Panel } from "~/parts/Panel";
import { StatusMark } from "~/parts/StatusMark";

type State =
  | { readonly is: "idle" }
  | { readonly is: "asking" }
  | { readonly is: "answered"; readonly checks: readonly Check[] }
  | { readonly is: "failed"; readonly error: ApiError };

export function DoctorPanel() {
  const [state, setState] = useState<State>({ is: "idle" });
  async function ask(): Promise<void> {
    setState({ is: "asking" });
    try {
      setState({ is: "answered", checks: await get<Check[]>("/doctor") });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setState({ is: "failed", error });
    }
  }
  return (
    <Panel
      title="Doctor"
      aside={
        <button type="button" className="button" disabled={state.is === "asking"} onClick={() => void ask()}>
          {state.is === "answered" ? "Examine again" : "Examine"}
        </button>
      }
    >
      {state.is === "idle" && <p className="soft">Looks for what is wrong with the installation. Nothing is changed.</p>}
      {state.is === "asking" && <Loading />}
      {state.is === "failed" && <ErrorNotice error={state.error} />}
      {state.is === "answered" && <Checks checks={state.checks} />}
    </Panel>
  );
}

const FACES: Readonly<Record<string, string>> = { ok: "success", warning: "warning" };

function Checks({ checks }: { readonly checks: readonly Check[] }) {
  const troubles = checks.filter((check) => faceOfHealth(check) !== "success");
  const well = checks.filter((check) => faceOfHealth(check) === "success");
  return (
    <div className="stack">
      <p>{troubles.length === 0 ? `All ${checks.length} checks are well.` : `${troubles.length} of ${checks.length} checks found something.`}</p>
      <ul className="checks">
        {[...troubles, ...well].map((check) => (
          <li key={check.check}>
            <StatusMark status={faceOfHealth(check)} as="dot" />
            <div>
              <strong>{check.check.replaceAll("_", " ")}</strong> {check.found}
              {check.means && <p className="soft">{check.means}</p>}
              {check.hint && <p className="soft">{check.hint}</p>}
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}

function faceOfHealth({ health }: Check): string {
  return FACES[health] ?? "failed";
}
