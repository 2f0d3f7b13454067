/** How pages are addressed. Every link in the app is made here. */

import { inPath, withQuery } from "~/api/client";
import { sameNight } from "~/app/router";

export const toSlot = (name: string): string => `/slots/${inPath(name)}`;
export const toRun = (run: number): string => `/runs/${run}`;
export const toPlan = (run: number): string => `/runs/${run}/plan`;
export const toDefinition = (name: string): string => sameNight(`/definitions/${inPath(name)}`);
/** The night of an account; that of the definitions without account where it is null. */
export const toAccount = (name: string | null): string =>
  sameNight(name === null ? "/night" : `/accounts/${inPath(name)}`);
/** The matrix at the end of a day, narrowed to one account and one definition. */
export const toNightOf = (day: string, account: string | null, definition: string): string =>
  withQuery("/", { at: `${day}T23:59:59Z`, search: [account, definition].filter(Boolean).join(" ") });
