/**
 * Every status that the API speaks of: its colour and its sign, in one table, so that nothing is told by colour alone.
 *
 * `tone` names a group of colours in styles/tokens.css; `sign` is a path on a field of 16 by 16, drawn as a line.
 */

type Tone = "good" | "doubt" | "bad" | "busy" | "wait" | "held" | "quiet";

interface StatusFace {
  readonly label: string;
  readonly tone: Tone;
  readonly sign: string;
  /** How loudly it asks for a person, for sorting and for legends: higher is louder. */
  readonly weight: number;
}

const CHECK = "M3.5 8.5l3 3 6-7";
const CROSS = "M4.5 4.5l7 7m0-7l-7 7";
const PLAY = "M5.5 3.5v9l7-4.5z";
const BARS = "M5.5 4v8m5-8v8";
const CLOCK = "M8 2.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM8 5v3.2l2.2 1.4";
const DOTS = "M3.5 8h.01M8 8h.01M12.5 8h.01";
const RING = "M8 4a4 4 0 100 8 4 4 0 000-8z";
const DASH = "M4 8h8";
const LOCK = "M4.5 7.5h7v5h-7zM6 7.5V5.3a2 2 0 014 0v2.2";
const AGAIN = "M12.5 8A4.5 4.5 0 118 3.5h3.5M9.5 1.5l2 2-2 2";
const ALARM = "M8 3.5v5.2M8 12.2h.01";
const HAND = "M8 12.5V3.5M4.5 7L8 3.5 11.5 7";
const SLASH = "M8 2.8a5.2 5.2 0 100 10.4A5.2 5.2 0 008 2.8zM4.4 11.6l7.2-7.2";
const STEP_OVER = "M3.5 9.5a4.5 4.5 0 019 0M12.5 5.5v4h-4";
const MOON = "M12.5 9.6A5 5 0 016.4 3.5a5 5 0 106.1 6.1z";

const FACES = {
  failed: { label: "Failed", tone: "bad", sign: CROSS, weight: 10 },
  timeout: { label: "Timed out", tone: "bad", sign: CLOCK, weight: 9 },
  error: { label: "Error", tone: "bad", sign: CROSS, weight: 9 },
  lost: { label: "Lost", tone: "bad", sign: ALARM, weight: 9 },
  paused: { label: "Paused", tone: "held", sign: BARS, weight: 8 },
  retrying: { label: "Retrying", tone: "doubt", sign: AGAIN, weight: 7 },
  warning: { label: "Warning", tone: "doubt", sign: ALARM, weight: 6 },
  suspended: { label: "Suspended", tone: "held", sign: MOON, weight: 5 },
  blocked: { label: "Blocked", tone: "wait", sign: LOCK, weight: 5 },
  ready: { label: "Ready", tone: "wait", sign: HAND, weight: 4 },
  waiting: { label: "Waiting", tone: "wait", sign: DOTS, weight: 4 },
  running: { label: "Running", tone: "busy", sign: PLAY, weight: 3 },
  draining: { label: "Draining", tone: "held", sign: DOTS, weight: 3 },
  stopping: { label: "Stopping", tone: "held", sign: DOTS, weight: 3 },
  cancelled: { label: "Cancelled", tone: "quiet", sign: SLASH, weight: 2 },
  skipped: { label: "Skipped", tone: "doubt", sign: STEP_OVER, weight: 2 },
  scheduled: { label: "Scheduled", tone: "quiet", sign: CLOCK, weight: 1 },
  pending: { label: "Pending", tone: "quiet", sign: RING, weight: 1 },
  future: { label: "Not due yet", tone: "quiet", sign: RING, weight: 1 },
  stopped: { label: "Stopped", tone: "quiet", sign: DASH, weight: 1 },
  alive: { label: "Alive", tone: "good", sign: CHECK, weight: 0 },
  success: { label: "Success", tone: "good", sign: CHECK, weight: 0 },
} as const satisfies Record<string, StatusFace>;

export type Status = keyof typeof FACES;

const STATUSES = FACES as Readonly<Record<Status, StatusFace>>;

/** Statuses of slots, loudest first: the order of filters and legends. */
export const SLOT_STATUSES = [
  "failed",
  "paused",
  "retrying",
  "warning",
  "suspended",
  "blocked",
  "ready",
  "waiting",
  "running",
  "cancelled",
  "future",
  "success",
] as const satisfies readonly Status[];

/** Statuses of runs, loudest first. */
export const RUN_STATUSES = [
  "failed",
  "timeout",
  "paused",
  "warning",
  "suspended",
  "waiting",
  "running",
  "cancelled",
  "scheduled",
  "success",
] as const satisfies readonly Status[];

const UNKNOWN: StatusFace = { label: "Unknown", tone: "quiet", sign: "M6 6a2 2 0 113 1.8c-.7.4-1 .8-1 1.6M8 12h.01", weight: 0 };

/** The face of a status; one that a newer server sends shows its own name beside a question mark. */
export function faceOf(status: string): StatusFace {
  return status in FACES ? STATUSES[status as Status] : { ...UNKNOWN, label: status };
}

const FINAL: ReadonlySet<string> = new Set(["success", "warning", "failed", "timeout", "cancelled"]);

/** Whether a run, or a slot, of this status has come to its end. */
export function isFinal(status: string): boolean {
  return FINAL.has(status);
}
