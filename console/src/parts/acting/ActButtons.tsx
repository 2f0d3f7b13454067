/** Buttons for what can be done about something as it stands, in the palette as well. Who may only look sees none. */

import { useMemo } from "react";
import { type Command, useCommands } from "~/app/commands";
import { useMayAct } from "~/app/me";
import { type ActRequest, useAct } from "~/parts/acting/acting";
import { VERBS, type Verb } from "~/parts/acting/verbs";

interface ActButtonsProps extends Omit<ActRequest, "verb"> {
  readonly verbs: readonly Verb[];
  readonly small?: boolean;
}

export function ActButtons({ verbs, small = false, ...request }: ActButtonsProps) {
  const act = useAct();
  const offered = useMayAct() ? verbs : [];
  useActCommands(offered.map((verb) => ({ ...request, verb })));
  if (offered.length === 0) return null;
  return (
    <div className="act-buttons">
      {offered.map((verb) => (
        <button
          key={verb}
          type="button"
          className={`button${small ? " button-small" : ""}`}
          title={VERBS[verb].means}
          onClick={() => act({ ...request, verb })}
        >
          {VERBS[verb].label} …
        </button>
      ))}
    </div>
  );
}

/** Offer actions in the palette, for as long as they are the same. */
function useActCommands(requests: readonly ActRequest[]): void {
  const act = useAct();
  const written = JSON.stringify(requests);
  const commands = useMemo(
    () =>
      (JSON.parse(written) as readonly ActRequest[]).map<Command>((request) => ({
        name: [VERBS[request.verb].label, ...(request.targets ?? []), request.with?.["step"]].filter(Boolean).join(" "),
        hint: "action",
        run: () => act(request),
      })),
    [act, written],
  );
  useCommands(commands);
}
