/** What an action touches, what it does not, and how the command line says the same. */

import type { Acted } from "~/api/details";
import { calledTarget } from "~/parts/acting/targets";
import { CopyButton } from "~/parts/CopyButton";
import { Command } from "~/parts/Empty";
import { Told } from "~/parts/Told";

const MOST_LINES = 3;

export function Touched({ acted: { touched } }: { readonly acted: Acted }) {
  if (touched.length === 0) return <p className="act-nothing">Nothing would change.</p>;
  return (
    <section aria-label="What it touches">
      <h3>{touched.length === 1 ? "What it does" : `What it does to ${touched.length}`}</h3>
      <ul className="act-list">
        {touched.map(({ target, does }) => (
          <li key={target}>
            <bdi className="act-target">{calledTarget(target)}</bdi>
            <span className="soft">{does}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Refused({ acted: { refused } }: { readonly acted: Acted }) {
  if (refused.length === 0) return null;
  return (
    <section aria-label="What is refused">
      <h3>{`Refused: ${refused.length}`}</h3>
      <ul className="act-list act-refused">
        {refused.map(({ target, why, hint }) => (
          <li key={target}>
            <bdi className="act-target">{calledTarget(target)}</bdi>
            <span>
              <Told text={why} zone={null} />
              {hint && <span className="soft">{` (${hint})`}</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function CommandLines({ lines }: { readonly lines: readonly string[] }) {
  if (lines.length === 0) return null;
  const more = lines.length - MOST_LINES;
  return (
    <section aria-label="The same on the command line">
      <h3>The same on the command line</h3>
      {lines.slice(0, MOST_LINES).map((line) => (
        <Command key={line} text={line} />
      ))}
      {more > 0 && <CopyButton text={lines.join("\n")} label={`Copy all ${lines.length} lines`} />}
    </section>
  );
}
