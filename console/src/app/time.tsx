/** Instants as people read them: in the zone of the account or in UTC, and how long ago by the server's clock. */

import { useSyncExternalStore } from "react";
import { useSettings } from "~/app/settings";

let ahead = 0;
let second = Date.now();
const watchers = new Set<() => void>();
let ticking: number | undefined;

/** Learn how far the server's clock is ahead of this machine's, so that "3 min ago" is true. */
export function followServerClock(now: string): void {
  ahead = Date.parse(now) - Date.now();
}

export function serverNow(): number {
  return serverTime(Date.now());
}

/** Return an instant of this machine's clock as the server's has it. */
export function serverTime(at: number): number {
  return at + ahead;
}

/** Return the server's time, anew every second while somebody looks. */
export function useNow(): number {
  return useSyncExternalStore(watchSeconds, () => second) + ahead;
}

function watchSeconds(watcher: () => void): () => void {
  watchers.add(watcher);
  ticking ??= window.setInterval(() => {
    if (document.hidden) return;
    second = Date.now();
    for (const one of watchers) one();
  }, 1_000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    window.clearInterval(ticking);
    ticking = undefined;
  };
}

const formats = new Map<string, Intl.DateTimeFormat>();

type Parts = Intl.DateTimeFormatOptions;
const TO_THE_SECOND: Parts = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const TO_THE_MINUTE: Parts = { hour: "2-digit", minute: "2-digit" };
const DAY: Parts = { year: "numeric", month: "2-digit", day: "2-digit" };

function format(at: number, zone: string, parts: Parts): string {
  const key = `${zone} ${Object.keys(parts).join()}`;
  let made = formats.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat("sv-SE", { ...parts, timeZone: zone, hourCycle: "h23" });
    formats.set(key, made);
  }
  return made.format(at);
}

/** Return the day and time of an instant in a zone, as 2024-01-05 06:30:00. */
export function dayAndTime(at: number, zone: string): string {
  return format(at, zone, { ...DAY, ...TO_THE_SECOND });
}

/** Return the day of an instant in a zone, as 2024-01-05. */
export function dayOf(at: number, zone: string): string {
  return format(at, zone, DAY);
}

/** Return an instant as short as it can be: the time today, the day and time otherwise. */
function shortTime(at: number, zone: string): string {
  const time = format(at, zone, TO_THE_MINUTE);
  const day = dayOf(at, zone);
  return day === dayOf(serverNow(), zone) ? time : `${day} ${time}`;
}

/** Return how long a number of seconds is in its two largest units, as `2 h 05 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  if (Math.abs(seconds) < 10 && whole !== seconds) return `${Math.abs(seconds).toFixed(1)} s`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)} h ${pad(Math.floor((whole % 3_600) / 60))} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3_600)} h`;
}

/** Return how long a number of seconds is in one unit and few letters, as `2h`. */
export function shortDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3_600) return `${Math.round(whole / 60)}m`;
  if (whole < 172_800) return `${Math.round(whole / 3_600)}h`;
  return `${Math.round(whole / 86_400)}d`;
}

/** Return how long ago an instant was, or how far ahead it is. */
export function relative(at: number, now: number): string {
  const seconds = (now - at) / 1_000;
  if (Math.abs(seconds) < 5) return "now";
  const long = duration(Math.round(seconds)).split(" ").slice(0, 2).join(" ");
  return seconds > 0 ? `${long} ago` : `in ${long}`;
}

function pad(part: number): string {
  return String(part).padStart(2, "0");
}

/** Return the zone that times are shown in: that of the account where there is one and a person wants it, or UTC. */
export function useZone(accountZone?: string | null): string {
  const [{ zone }] = useSettings();
  return zone === "account" && accountZone ? accountZone : "UTC";
}

interface TimeProps {
  readonly at: string | null | undefined;
  /** The time zone of the account that this belongs to. */
  readonly zone?: string | null | undefined;
  /** `short` leaves today's date out, `ago` says how long ago. */
  readonly as?: "full" | "short" | "ago" | "day";
}

/** An instant, whose title tells it in UTC, in the account's zone and as a distance from now. */
export function Time({ at, zone, as = "short" }: TimeProps) {
  const shown = useZone(zone);
  if (!at) return <span className="faint">–</span>;
  const instant = Date.parse(at);
  return (
    <time dateTime={at} title={everyForm(instant, zone)} className="number">
      {as === "ago" ? <Ago at={instant} /> : inForm(instant, shown, as)}
    </time>
  );
}

function inForm(at: number, zone: string, as: "full" | "short" | "day"): string {
  if (as === "full") return dayAndTime(at, zone);
  return as === "day" ? dayOf(at, zone) : shortTime(at, zone);
}

function Ago({ at }: { readonly at: number }) {
  return <>{relative(at, useNow())}</>;
}

function everyForm(at: number, zone: string | null | undefined): string {
  const lines = [`${dayAndTime(at, "UTC")} UTC`];
  if (zone && zone !== "UTC") lines.push(`${dayAndTime(at, zone)} ${zone}`);
  return [...lines, relative(at, serverNow())].join("\n");
}
