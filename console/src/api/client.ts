/** The one place that talks HTTP: JSON in, JSON out, and errors as the API words them. */

import type { Problem } from "~/api/types";

const ROOT = "/api/v1";

/** What went wrong, in the API's own words; status 0 where the server could not be reached at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string | null,
    readonly problems: readonly Problem[],
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** Whether trying again later may help without anything else being changed. */
  get isAway(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

let csrf: string | null = null;
let onLoginNeeded: () => void = () => undefined;

/** Remember what every change must carry as proof that it comes from this page. */
export function rememberCsrf(token: string | null): void {
  csrf = token;
}

/** Say what happens when the server wants to know who is there. */
export function whenLoginNeeded(handle: () => void): void {
  onLoginNeeded = handle;
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>("GET", path, undefined, signal);
}

interface PostOptions {
  readonly signal?: AbortSignal;
  /** What the request is known by when it is sent again, so that nothing is done twice. */
  readonly key?: string;
}

export function post<T>(path: string, body: unknown, { signal, key }: PostOptions = {}): Promise<T> {
  return request<T>("POST", path, body, signal, key);
}

export function remove<T>(path: string): Promise<T> {
  return request<T>("DELETE", path);
}

/** Return the address of an API path, for what the browser asks by itself (streams, downloads). */
export function address(path: string): string {
  return ROOT + path;
}

type Value = string | number | boolean | null | undefined;

/** Return a path with its query; what is null, undefined or empty is left out, lists are repeated. */
export function withQuery(path: string, query: Readonly<Record<string, Value | readonly Value[]>>): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? (value as readonly Value[]) : [value as Value]) {
      if (one !== null && one !== undefined && one !== "") parts.append(name, String(one));
    }
  }
  const text = parts.toString();
  return text ? `${path}?${text}` : path;
}

/** Return a name as the rest of a path: its slashes stay, all else is escaped. */
export function inPath(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}

async function request<T>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  key?: string,
): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key !== undefined) headers["Idempotency-Key"] = key;
  if (method !== "GET" && csrf) headers["X-Ostinato-CSRF"] = csrf;
  let response: Response;
  try {
    response = await fetch(address(path), {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The server does not answer", "Is it running? Start it with: ostinato up", []);
  }
  if (response.ok) return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
  if (response.status === 401) onLoginNeeded();
  throw await errorOf(response);
}

interface ErrorBody {
  error?: { code?: string; message?: string; hint?: string | null; problems?: Problem[] };
}

async function errorOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as ErrorBody;
  const { code = "unknown", message = response.statusText, hint = null, problems = [] } = body.error ?? {};
  return new ApiError(response.status, code, message || `The server answered ${response.status}`, hint, problems);
}
