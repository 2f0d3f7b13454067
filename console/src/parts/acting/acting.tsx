/** Acting on one or many: whoever is below the provider asks for the dialog, and hears nothing until a person agreed. */

import { createContext, type ReactNode, useCallback, useContext, useState } from "react";
import type { ActBody, Acted } from "~/api/details";
import { ActDialog } from "~/parts/acting/ActDialog";
import { Toasts, useToasts } from "~/parts/acting/Toasts";
import type { Question } from "~/parts/acting/questions";
import type { Verb } from "~/parts/acting/verbs";
import "~/parts/acting/acting.css";

/** What is to be done to what: to targets by name, or to all that a query finds. */
export interface ActRequest extends Pick<ActBody, "targets" | "query" | "with"> {
  readonly verb: Verb;
  /** What a query is about, in words. */
  readonly about?: string;
  /** What is asked of the person, where the verb is to answer. */
  readonly question?: Question;
}

type Act = (request: ActRequest) => void;

const ActContext = createContext<Act | null>(null);

export function ActingProvider({ children }: { readonly children: ReactNode }) {
  const [asked, setAsked] = useState<{ readonly request: ActRequest; readonly number: number } | null>(null);
  const { toasts, add, drop } = useToasts();
  const act = useCallback<Act>((request) => setAsked((last) => ({ request, number: (last?.number ?? 0) + 1 })), []);
  const close = useCallback(() => setAsked(null), []);
  const finish = (acted: Acted): void => {
    close();
    add(acted);
  };
  return (
    <ActContext value={act}>
      {children}
      {asked && <ActDialog key={asked.number} request={asked.request} onClose={close} onDone={finish} />}
      <Toasts toasts={toasts} onDrop={drop} onUndo={(undo) => act({ ...undo, verb: undo.verb as Verb })} />
    </ActContext>
  );
}

/** Return what opens the dialog for an action. */
export function useAct(): Act {
  const act = useContext(ActContext);
  if (!act) throw new Error("useAct is for components inside the shell");
  return act;
}
