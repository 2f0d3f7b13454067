/** Find anything by typing: pages, accounts, definitions, slots by name, and what the page in view can do. */

import { type KeyboardEvent, useDeferredValue, useId, useState } from "react";
import { withQuery } from "~/api/client";
import { useResource } from "~/api/hooks";
import type { Matrix } from "~/api/types";
import { type Command, useOfferedCommands } from "~/app/commands";
import { navigate, sameNight } from "~/app/router";
import { PLACES } from "~/app/routes";
import { Dialog } from "~/parts/Dialog";
import { toAccount, toDefinition, toRun, toSlot } from "~/parts/names";

const MOST = 40;

export function Palette({ onClose }: { readonly onClose: () => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const found = useFound(text.trim());
  const list = useId();
  const current = Math.min(chosen, found.length - 1);

  function take(command: Command | undefined): void {
    if (!command) return;
    onClose();
    command.run();
  }
  function onKeyDown(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setChosen((current + step + found.length) % Math.max(1, found.length));
    else if (event.key === "Enter") take(found[current]);
    else return;
    event.preventDefault();
  }

  return (
    <Dialog title="Find anything" onClose={onClose}>
      <input
        className="field palette-field"
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={found[current] ? `${list}-${current}` : undefined}
        aria-label="Find"
        placeholder="A page, an account, a definition, a slot, a run number …"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id={list} role="listbox" className="palette-list" aria-label="Found">
        {found.map((command, index) => (
          <li
            key={keyOf(command)}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === current}
            ref={(element) => {
              if (index === current) element?.scrollIntoView({ block: "nearest" });
            }}
            onMouseMove={() => setChosen(index)}
            onClick={() => take(command)}
          >
            <span>{command.name}</span>
            <span className="faint">{command.hint}</span>
          </li>
        ))}
        {found.length === 0 && <li className="soft">Nothing is called that</li>}
      </ul>
    </Dialog>
  );
}

/** Return what a text names: at once, for Enter may follow it at once; what the server knows of comes a little later. */
function useFound(text: string): readonly Command[] {
  const path = withQuery("/matrix", { search: useDeferredValue(text), sort: "name", row_limit: MOST, column_limit: MOST });
  const { data } = useResource<Matrix>(path, { keep: true });
  const offered = useOfferedCommands();
  const named = [
    ...offered,
    ...PLACES.map(({ name, path }) => goTo(name, "page", () => sameNight(path))),
    ...(data?.columns.items ?? []).map(({ definition }) => goTo(definition, "definition", () => toDefinition(definition))),
    ...(data?.rows.items ?? []).map(({ account }) => goTo(account ?? "Without account", "account", () => toAccount(account))),
  ];
  const found = [...exact(text), ...named.filter((command) => matches(command.name, text))];
  return [...new Map(found.map((command) => [keyOf(command), command])).values()].slice(0, MOST);
}

/** Return what the text is the very name of: a slot has slashes, a run is a number. */
function exact(text: string): readonly Command[] {
  if (/^#?\d+$/.test(text)) return [goTo(`Run ${text.replace("#", "")}`, "run", () => toRun(Number(text.replace("#", ""))))];
  return text.includes("/") ? [goTo(text, "slot", () => toSlot(text))] : [];
}

function goTo(name: string, hint: string, path: () => string): Command {
  return { name, hint, run: () => navigate(path()) };
}

/** What is offered in several places of a page is one command. */
function keyOf({ hint, name }: Command): string {
  return `${hint} ${name}`;
}

/** Whether all words of the text occur in a name, in any order. */
function matches(name: string, text: string): boolean {
  const lower = name.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}
