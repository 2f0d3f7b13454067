/** The time zone of an account, for pages that know it by name alone. */

import { inPath } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { Account } from "~/api/types";

/** Return the zone of an account as soon as it is known; null for none. */
export function useZoneOf(account: string | null): string | null {
  const { data } = useResource<Account>(account === null ? null : `/accounts/${inPath(account)}`);
  return data?.time_zone ?? null;
}
