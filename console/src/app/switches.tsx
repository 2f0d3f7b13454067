/** The small things at the right of the top bar: connection, zone, theme, person. */

import { remove } from "~/api/client";
import { useConnection } from "~/api/hooks";
import { type Connection, liveStream } from "~/api/live";
import { useMe } from "~/app/me";
import { type Theme, useSettings } from "~/app/settings";

const CONNECTIONS: Readonly<Record<Connection, { label: string; tone: string; title: string }>> = {
  idle: { label: "Still", tone: "quiet", title: "Nothing on this page changes by itself" },
  connecting: { label: "Connecting", tone: "wait", title: "Asking the server for its stream of changes" },
  live: { label: "Live", tone: "good", title: "Changes are shown as they happen" },
  away: { label: "Away", tone: "bad", title: "The server does not answer. Tried again by itself; click to try now" },
};

export function ConnectionState() {
  const { label, tone, title } = CONNECTIONS[useConnection()];
  return (
    <button type="button" className={`connection tone-${tone}`} title={title} onClick={liveStream.retry}>
      <span className="connection-light" />
      <span className="connection-name" aria-live="polite">
        {label}
      </span>
    </button>
  );
}

export function ZoneSwitch() {
  const [{ zone }, change] = useSettings();
  const other = zone === "utc" ? "account" : "utc";
  return (
    <button
      type="button"
      className="button button-plain button-small"
      title="Times in the zone of each account, or all in UTC"
      onClick={() => change({ zone: other })}
    >
      {zone === "utc" ? "UTC" : "Local"}
    </button>
  );
}

const THEMES: Readonly<Record<Theme, { next: Theme; label: string; icon: string }>> = {
  system: { next: "light", label: "Theme: as the system", icon: "M8 2.5a5.5 5.5 0 100 11zM8 2.5a5.5 5.5 0 010 11" },
  light: { next: "dark", label: "Theme: light", icon: "M8 5a3 3 0 100 6 3 3 0 000-6zM8 1v1.4M8 13.6V15M1 8h1.4M13.6 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1" },
  dark: { next: "system", label: "Theme: dark", icon: "M12.5 9.6A5 5 0 016.4 3.5a5 5 0 106.1 6.1z" },
};

export function ThemeSwitch() {
  const [{ theme }, change] = useSettings();
  const { next, label, icon } = THEMES[theme];
  return (
    <button
      type="button"
      className="button button-plain button-small"
      title={label}
      aria-label={label}
      onClick={() => change({ theme: next })}
    >
      <svg className="sign" viewBox="0 0 16 16" aria-hidden="true">
        <path d={icon} />
      </svg>
    </button>
  );
}

export function Person() {
  const me = useMe();
  if (!me.login_required) return null;
  async function leave(): Promise<void> {
    await remove("/session");
    location.assign("/login");
  }
  return (
    <span className="bar-person">
      <bdi title={`You are ${me.name}, ${me.role}`}>{me.name}</bdi> <span className="faint">{me.role}</span>
      <button type="button" className="button button-small" onClick={() => void leave()}>
        Log out
      </button>
    </span>
  );
}
