/**
 * The stream of changes: one connection for the whole page, whatever listens, that comes back by itself.
 *
 * Whoever listens names the topics he needs; the connection carries those of all. Where events may have been missed,
 * at the beginning of each connection and when the server says so, everybody hears `reload`.
 */

import { address, withQuery } from "~/api/client";

export type LiveKind = "slots" | "runs" | "steps" | "status" | "reasons" | "plans" | "fleet" | "log" | "reload";
export type Connection = "idle" | "connecting" | "live" | "away";

const KINDS: readonly LiveKind[] = ["slots", "runs", "steps", "status", "reasons", "plans", "fleet", "log", "reload"];
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 8_000;

export type Listener = (kind: LiveKind, data: unknown) => void;

interface Subscription {
  readonly topics: readonly string[];
  readonly listener: Listener;
}

class LiveStream {
  private readonly subscriptions = new Set<Subscription>();
  private readonly watchers = new Set<() => void>();
  private source: EventSource | null = null;
  private opened = "";
  private wait = FIRST_WAIT;
  private timer: number | undefined;
  private state: Connection = "idle";
  private heardAt = Date.now();

  /** Listen to topics until the function that is returned is called. */
  subscribe(topics: readonly string[], listener: Listener): () => void {
    const subscription = { topics, listener };
    this.subscriptions.add(subscription);
    this.adjust();
    return () => {
      this.subscriptions.delete(subscription);
      this.adjust();
    };
  }

  /** Be told when the state of the connection changes. */
  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  connection = (): Connection => this.state;

  /** When the stream was there last, by this machine's clock. */
  lastHeard = (): number => this.heardAt;

  /** Have everybody ask again at once: this page has just changed something itself. */
  announceChange(): void {
    this.tell("reload", null);
  }

  /** Connect now, rather than when the wait is over: a person asked, or the network came back. */
  retry = (): void => {
    if (this.state === "away" && !this.source) this.open();
  };

  /** Reopen when other topics are wanted, once all that render together have said what they want. */
  private adjust(): void {
    queueMicrotask(() => {
      if (this.topics() !== this.opened) this.open();
    });
  }

  private topics(): string {
    return [...new Set([...this.subscriptions].flatMap((one) => one.topics))].sort().join(",");
  }

  private open(): void {
    window.clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
    this.opened = this.topics();
    if (!this.opened) return this.become("idle");
    if (this.state === "idle") this.become("connecting"); // whoever is away stays so until he is heard again
    const source = new EventSource(address(withQuery("/stream", { topics: this.opened })));
    source.onerror = () => this.lost();
    source.addEventListener("welcome", () => this.arrived());
    source.addEventListener("reload", () => this.become("live"));
    source.addEventListener("away", () => this.become("away"));
    for (const kind of KINDS) source.addEventListener(kind, (event) => this.hear(kind, event as MessageEvent<string>));
    this.source = source;
  }

  private arrived(): void {
    this.wait = FIRST_WAIT;
    this.become("live");
    this.tell("reload", null);
  }

  private lost(): void {
    this.source?.close();
    this.source = null;
    this.become("away");
    this.timer = window.setTimeout(() => this.open(), this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  private hear(kind: LiveKind, event: MessageEvent<string>): void {
    this.tell(kind, event.data ? JSON.parse(event.data) : null);
  }

  private tell(kind: LiveKind, data: unknown): void {
    for (const { listener } of [...this.subscriptions]) listener(kind, data);
  }

  private become(state: Connection): void {
    if (state === this.state) return;
    if (this.state === "live") this.heardAt = Date.now();
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }
}

export const liveStream = new LiveStream();

window.addEventListener("online", liveStream.retry);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) liveStream.retry();
});
