/** A part of a page with a heading of its own. */

import { type ReactNode, useId } from "react";

interface PanelProps {
  readonly title: string;
  readonly children: ReactNode;
  /** What stands at the right of the heading. */
  readonly aside?: ReactNode;
}

export function Panel({ title, children, aside }: PanelProps) {
  const heading = useId();
  return (
    <section className="panel" aria-labelledby={heading}>
      <header className="panel-head">
        <h2 id={heading}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
