/** How components read the API: a resource with a cache behind it, kept fresh by the stream. */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { ApiError, get } from "~/api/client";
import { liveStream, type Connection, type Listener, type LiveKind } from "~/api/live";

const KEPT = 200;
const GATHER = 400;
const POLL_WHILE_AWAY = 10_000;

const cache = new Map<string, unknown>();

/** Keep the last good answer for a path, to be shown at once when somebody comes back. */
export function remember(path: string, data: unknown): void {
  cache.delete(path);
  cache.set(path, data);
  const oldest = cache.keys().next();
  if (cache.size > KEPT && !oldest.done) cache.delete(oldest.value);
}

/** Return the last good answer for a path, if it is still kept. */
export function recall<T>(path: string): T | undefined {
  return cache.get(path) as T | undefined;
}

export interface Resource<T> {
  /** The last good answer for this path, or for the path before it while `keep` is set and the new one loads. */
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
  readonly loading: boolean;
  readonly refresh: () => void;
}

interface ResourceOptions {
  /** Topics of the stream to hold open, such as `night` or `run:17`. */
  readonly topics?: readonly string[];
  /** Events that mean that this resource may have changed. `reload` always does. */
  readonly on?: readonly LiveKind[];
  /** For how many milliseconds what may have changed is gathered before it is read again; more for what is large. */
  readonly gather?: number;
  /** Go on showing the answer for the last path until the new one is there. */
  readonly keep?: boolean;
}

interface Answer<T> {
  readonly path: string | null;
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
}

/** Read a path of the API, null for nothing, and again when the stream says that it may have changed. */
export function useResource<T>(path: string | null, options: ResourceOptions = {}): Resource<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ path: null, data: undefined, error: undefined });
  const [round, setRound] = useState(0);
  const refresh = useCallback(() => setRound((count) => count + 1), []);

  useEffect(() => {
    if (path === null) return undefined;
    const controller = new AbortController();
    get<T>(path, controller.signal).then(
      (data) => {
        remember(path, data);
        setAnswer({ path, data, error: undefined });
      },
      (error: unknown) => {
        if (!controller.signal.aborted) setAnswer((last) => failed(last, path, error));
      },
    );
    return () => controller.abort();
  }, [path, round]);

  const { topics = [], on = [], gather = GATHER } = options;
  useLiveRefresh({ topics: path === null ? [] : topics, hear: (kind) => on.includes(kind), within: gather, refresh });
  const current = answer.path === path;
  const cached = path === null ? undefined : recall<T>(path);
  const data = current ? answer.data : (cached ?? (options.keep ? answer.data : undefined));
  return { data, error: current ? answer.error : undefined, loading: path !== null && !current, refresh };
}

function failed<T>(last: Answer<T>, path: string, error: unknown): Answer<T> {
  if (!(error instanceof ApiError)) throw error;
  const data = last.path === path ? last.data : recall<T>(path);
  return { path, data: error.isAway ? data : undefined, error };
}

interface LiveRefresh {
  /** Topics of the stream; none for nothing to be heard. */
  readonly topics: readonly string[];
  /** Take an event in; say whether it calls for a refresh. */
  readonly hear: (kind: LiveKind, data: unknown) => boolean;
  /** How soon after such an event to refresh, in milliseconds: once for all that come until then. */
  readonly within: number;
  /** Is told whether something may have been missed that was not heard. */
  readonly refresh: (missed: boolean) => void;
}

/** Refresh after events, at once where some may have been missed, and now and then while the stream is away. */
export function useLiveRefresh({ topics, hear, within, refresh }: LiveRefresh): void {
  const connection = useConnection();
  const timer = useRef<number | undefined>(undefined);
  const wanted = topics.length > 0;
  const latest = useRef(refresh);
  useEffect(() => {
    latest.current = refresh;
  });
  function refreshNow(missed: boolean): void {
    window.clearTimeout(timer.current);
    timer.current = undefined;
    latest.current(missed);
  }
  useLive(topics, (kind, data) => {
    if (kind === "reload") refreshNow(true);
    else if (hear(kind, data)) timer.current ??= window.setTimeout(() => refreshNow(false), within);
  });
  useEffect(() => () => window.clearTimeout(timer.current), []);
  useEffect(() => {
    if (!wanted || connection !== "away") return undefined;
    const poll = window.setInterval(() => latest.current(true), POLL_WHILE_AWAY);
    return () => window.clearInterval(poll);
  }, [wanted, connection]);
}

/** Hear the stream while the component is there; the newest `listener` is called. */
export function useLive(topics: readonly string[], listener: Listener): void {
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  const wanted = topics.join(",");
  useEffect(() => {
    if (!wanted) return undefined;
    return liveStream.subscribe(wanted.split(","), (kind, data) => latest.current(kind, data));
  }, [wanted]);
}

export function useConnection(): Connection {
  return useSyncExternalStore(liveStream.watch, liveStream.connection);
}
