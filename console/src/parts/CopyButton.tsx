/** A button that copies a text and says that it has. */

import { useEffect, useState } from "react";

const SAID_FOR = 2_000;

interface CopyButtonProps {
  readonly text: string;
  readonly label?: string;
}

export function CopyButton({ text, label = "Copy" }: CopyButtonProps) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = window.setTimeout(() => setSaid(""), SAID_FOR);
    return () => window.clearTimeout(timer);
  }, [said]);
  async function press(): Promise<void> {
    setSaid((await copy(text)) ? "Copied" : "Not copied");
  }
  return (
    <button type="button" className="button button-small" onClick={() => void press()}>
      <span aria-live="polite">{said || label}</span>
    </button>
  );
}

/** Copy a text; say whether that worked. Browsers lend the clipboard to pages of https and of this machine alone. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelecting(text);
  }
}

function copyBySelecting(text: string): boolean {
  const field = document.createElement("textarea");
  const before = document.activeElement;
  field.value = text;
  field.className = "copied";
  (before?.closest("dialog") ?? document.body).append(field);
  field.select();
  try {
    return document.execCommand("copy"); // what every browser has where it has no clipboard
  } finally {
    field.remove();
    if (before instanceof HTMLElement) before.focus();
  }
}
