/** A table that holds as many rows as there are and draws those in view. Columns are declared, rows are data. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type RefObject, useEffect, useId, useRef } from "react";

export interface Column<Row> {
  readonly key: string;
  readonly title: ReactNode;
  /** A CSS grid track, such as `8rem` or `minmax(10rem, 2fr)`. */
  readonly width: string;
  readonly align?: "left" | "right";
  readonly cell: (row: Row) => ReactNode;
}

interface Branch {
  /** How deep, from 0. */
  readonly depth: number;
  /** Whether what is below it is shown; undefined where nothing is. */
  readonly isOpen: boolean | undefined;
}

interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  readonly onOpen?: (row: Row) => void;
  /** The row that the keyboard is on. */
  readonly current?: number;
  /** For who brings the focus to the list. */
  readonly list?: RefObject<HTMLDivElement | null>;
  /** Where rows stand in a tree, if they are one. */
  readonly branchOf?: (row: Row) => Branch;
  /** Called when the last rows come into view and there may be more. */
  readonly onEnd?: (() => void) | undefined;
  readonly empty?: ReactNode;
  readonly rowHeight?: number;
}

const HEAD = 32;

export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, keyOf, onOpen, current, onEnd, empty, rowHeight = 32, branchOf } = props;
  const own = useRef<HTMLDivElement>(null);
  const scroller = props.list ?? own;
  const id = useId();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollPaddingEnd: HEAD, // the head lies above the rows, and stays
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  const height = virtual.scrollRect?.height; // what comes above the table later makes it lower
  useEffect(() => {
    if (onEnd && last >= rows.length - 1 && rows.length > 0) onEnd();
  }, [last, rows.length, onEnd]);
  useEffect(() => {
    if (current !== undefined && current >= 0) virtual.scrollToIndex(current);
  }, [current, virtual, height]);
  const gridTemplateColumns = columns.map((column) => column.width).join(" ");
  return (
    <div
      ref={scroller}
      className="table"
      role={branchOf ? "treegrid" : "table"}
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-activedescendant={branchOf && current !== undefined ? `${id}-${current}` : undefined}
      tabIndex={current === undefined ? undefined : 0}
    >
      <div className="table-row table-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns }}>
        {columns.map((column) => (
          <div key={column.key} role="columnheader" className={column.align === "right" ? "align-right" : undefined}>
            {column.title}
          </div>
        ))}
      </div>
      {rows.length === 0 && empty}
      <div role="rowgroup" className="table-body" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index] as Row;
          const branch = branchOf?.(row);
          return (
            <div
              key={keyOf(row)}
              id={`${id}-${item.index}`}
              role="row"
              aria-level={branch && branch.depth + 1}
              aria-expanded={branch?.isOpen}
              aria-rowindex={item.index + 2}
              aria-selected={item.index === current}
              className={`table-row${onOpen ? " table-row-link" : ""}`}
              style={{ gridTemplateColumns, height: rowHeight, transform: `translateY(${item.start}px)` }}
              onClick={onOpen && ((event) => isOwn(event.target) || onOpen(row))}
            >
              {columns.map((column) => (
                <div key={column.key} role="cell" className={column.align === "right" ? "align-right" : undefined}>
                  {column.cell(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Whether a click is for something in a row that goes elsewhere than the row itself. */
function isOwn(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button") !== null;
}
