/** Who is there, and what he may do. */

import { createContext, useContext } from "react";
import type { Me } from "~/api/types";

const MeContext = createContext<Me | null>(null);

export const MeProvider = MeContext.Provider;

/** Return who is there. Works below the shell, which shows no page before it knows. */
export function useMe(): Me {
  const me = useContext(MeContext);
  if (!me) throw new Error("useMe is for components inside the shell");
  return me;
}

/** Return whether the person may act on slots, runs and agents. */
export function useMayAct(): boolean {
  return useMe().role !== "viewer";
}
