/** How pages are addressed. Every link in the app is made here. */

import { inPath, withQuery } from "~/api/client";
import { sameNight } from "~/app/router";
import { dayOf, serverNow } from "~/app/time";

export const toSlot = (name: string): string => `/slots/${inPath(name)}`;
export const toRun = (run: number): string => `/runs/${run}`;
export const toPlan = (run: number): string => `/runs/${run}/plan`;
export const toStep = (run: number, step: number): string => withQuery(toPlan(run), { step });
/** The plans that a run has started. */
export const toChildren = (run: number): string => withQuery("/plans", { parent: run });
export const toDefinition = (name: string): string => sameNight(`/definitions/${inPath(name)}`);
/** The slots of a definition that start on a day: those of one account if it is named. */
export const toSlotsOfDay = (definition: string, day: string, account: string | null): string =>
  sameNight(withQuery(`/definitions/${inPath(definition)}`, { day, account }));
/** The night of an account; that of the definitions without account where it is null. */
export const toAccount = (name: string | null): string =>
  sameNight(name === null ? "/night" : `/accounts/${inPath(name)}`);
/** The night of an account at the end of a day, or as it is now while the day goes on. */
export const toTheNightAfter = (day: string, account: string | null): string => {
  const path = account === null ? "/night" : `/accounts/${inPath(account)}`;
  return withQuery(path, { at: day < dayOf(serverNow(), "UTC") ? `${day}T23:59:59Z` : null });
};
