/** Buttons for what can be done about something as it stands, in the palette as well. Who may only look is told so. */

import { useMemo } from "react";
import { type Command, useCommands } from "~/app/commands";
import { useFocusKept } from "~/app/focus";
import { useMayAct, useMe } from "~/app/me";
import { type ActRequest, useAct } from "~/parts/acting/acting";
import { VERBS, type Verb } from "~/parts/acting/verbs";

interface ActButtonsProps extends Omit<ActRequest, "verb"> {
  readonly verbs: readonly Verb[];
  readonly small?: boolean;
}

export function ActButtons({ verbs, small = false, ...request }: ActButtonsProps) {
  const act = useAct();
  const mayAct = useMayAct();
  const offered = mayAct ? verbs : [];
  const buttons = useFocusKept();
  useActCommands(offered.map((verb) => ({ ...request, verb })));
  if (!mayAct) return verbs.length === 0 ? null : <ForOperators verbs={verbs} small={small} about={request.about} />;
  return (
    <div className="act-buttons" ref={buttons} role="group" aria-label="Actions" tabIndex={-1}>
      {offered.map((verb) => (
        <button
          key={verb}
          type="button"
          className={`button${small ? " button-small" : ""}`}
          title={VERBS[verb].means}
          onClick={() => act({ ...request, verb })}
        >
          {labelOf(verb, request.about)}
        </button>
      ))}
    </div>
  );
}

function labelOf(verb: Verb, about: string | undefined): string {
  return [VERBS[verb].label, about, "…"].filter(Boolean).join(" ");
}

interface ForOperatorsProps extends Required<Pick<ActButtonsProps, "verbs" | "small">> {
  readonly about: string | undefined;
}

/** The same buttons for who may only look: they say who may do it. */
function ForOperators({ verbs, small, about }: ForOperatorsProps) {
  const { role } = useMe();
  const why = `You are ${role}: this is for operators and admins`;
  return (
    <div className="act-buttons" role="group" aria-label="Actions">
      {verbs.map((verb) => (
        <button key={verb} type="button" className={`button${small ? " button-small" : ""}`} disabled title={why} aria-description={why}>
          {labelOf(verb, about)}
        </button>
      ))}
    </div>
  );
}

function nameTargets(targets: readonly string[]): string {
  return targets.length > 1 ? `${targets.length} selected` : targets.join();
}

/** Offer actions in the palette, for as long as they are the same. */
export function useActCommands(requests: readonly ActRequest[]): void {
  const act = useAct();
  const written = JSON.stringify(requests);
  const commands = useMemo(
    () =>
      (JSON.parse(written) as readonly ActRequest[]).map<Command>((request) => ({
        name: [VERBS[request.verb].label, nameTargets(request.targets ?? []), request.about, request.with?.["step"]].filter(Boolean).join(" "),
        hint: "action",
        run: () => act(request),
      })),
    [act, written],
  );
  useCommands(commands);
}
