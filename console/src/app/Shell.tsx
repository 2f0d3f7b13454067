/** What is around every page: the top bar, the palette, the help, and what everybody must know. */

import { type ReactNode, useState } from "react";
import icon from "~/app/icon.svg";
import { KeyHelp } from "~/app/KeyHelp";
import { useKeys } from "~/app/keyboard";
import { useMe } from "~/app/me";
import { NightControl } from "~/app/NightControl";
import { Palette } from "~/app/Palette";
import { Link, navigate, sameNight, usePathname } from "~/app/router";
import { PLACES } from "~/app/routes";
import { ConnectionState, Person, ThemeSwitch, ZoneSwitch } from "~/app/switches";
import { Away, Troubles } from "~/app/Troubles";

type Open = "palette" | "help" | null;

export function Shell({ children }: { readonly children: ReactNode }) {
  const [open, setOpen] = useState<Open>(null);
  return (
    <>
      <a className="skip" href="#page">
        Skip to the page
      </a>
      <EverywhereKeys open={setOpen} />
      <TopBar openPalette={() => setOpen("palette")} />
      <Away />
      <Troubles />
      <main id="page" className="shell-page" tabIndex={-1}>
        {children}
      </main>
      {open === "palette" && <Palette onClose={() => setOpen(null)} />}
      {open === "help" && <KeyHelp onClose={() => setOpen(null)} />}
    </>
  );
}

/** A component of its own, before the page, so that the keys of the page come before these. */
function EverywhereKeys({ open }: { readonly open: (what: Open) => void }) {
  const places = PLACES.map(
    ({ name, path, key }) => [`g ${key}`, { does: `Go to ${name.toLowerCase()}`, run: () => navigate(sameNight(path)) }] as const,
  );
  useKeys("Everywhere", {
    "Ctrl+k": { does: "Find a page, an account, a definition, a slot or an action", run: () => open("palette") },
    "?": { does: "Show the keys that work here", run: () => open("help") },
    ...Object.fromEntries(places),
  });
  return null;
}

function TopBar({ openPalette }: { readonly openPalette: () => void }) {
  const me = useMe();
  const pathname = usePathname();
  return (
    <header className="bar">
      <Link to={sameNight("/")} className="bar-brand" title={`${me.project}\nOstinato ${me.version}`}>
        <img src={icon} alt="" width="22" height="22" />
        <span className="bar-project">{me.project.split("/").at(-1)}</span>
      </Link>
      <nav className="bar-places" aria-label="Pages">
        {PLACES.map(({ name, path }) => (
          <Link key={path} to={sameNight(path)} aria-current={pathname === path ? "page" : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      <button type="button" className="bar-find" onClick={openPalette} aria-label="Find anything">
        <svg className="sign" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M7 2.5a4.5 4.5 0 100 9 4.5 4.5 0 000-9zM10.3 10.3l3.2 3.2" />
        </svg>
        <span>Find anything</span>
        <kbd>Ctrl K</kbd>
      </button>
      <NightControl />
      <div className="bar-switches">
        <ConnectionState />
        <ZoneSwitch />
        <ThemeSwitch />
        <Person />
      </div>
    </header>
  );
}
