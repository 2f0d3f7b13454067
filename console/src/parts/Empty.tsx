/** What a page says where there is nothing to show: what that means, and what to do next. */

import type { ReactNode } from "react";
import { CopyButton } from "~/parts/CopyButton";

interface EmptyProps {
  readonly title: string;
  readonly children?: ReactNode;
  /** A command to type, shown as such. */
  readonly command?: string;
}

export function Empty({ title, children, command }: EmptyProps) {
  return (
    <div className="empty" role="status">
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {command && <Command text={command} />}
    </div>
  );
}

/** A command line to copy. */
export function Command({ text }: { readonly text: string }) {
  return (
    <div className="command">
      <code>{text}</code>
      <CopyButton text={text} />
    </div>
  );
}
