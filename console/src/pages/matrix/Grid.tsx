/** The matrix itself: drawn in both directions for what is in view, with heads that stay. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type MouseEvent, type PointerEvent, type RefObject, useEffect } from "react";
import { type Place, reveal } from "~/app/moving";
import { navigate } from "~/app/router";
import { toAccount, toDefinition } from "~/parts/names";
import { Cell, cellId } from "~/pages/matrix/Cell";
import { ColumnHead, RowHead } from "~/pages/matrix/heads";
import { HoverCard, useHover } from "~/pages/matrix/HoverCard";
import { type Filters, isMeant, pathOf } from "~/pages/matrix/filters";
import type { Sizes } from "~/pages/matrix/sizes";
import type { Known, View } from "~/pages/matrix/tiles";

interface GridProps {
  readonly known: Known;
  readonly sizes: Sizes;
  readonly filters: Filters;
  readonly cursor: Place;
  /** The names of the slots that are selected together. */
  readonly picked: ReadonlySet<string>;
  /** Where the cursor was put last, which comes into view: anew with each object. */
  readonly put: Place;
  /** Whether the slot under the cursor is open beside the grid, which leaves less room for this. */
  readonly open: boolean;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly onView: (view: View) => void;
  readonly onPick: (place: Place, further: boolean) => void;
}

export function Grid({ known, sizes, filters, cursor, picked, put, open, scroller, onView, onPick }: GridProps) {
  const hover = useHover();
  const { rows, columns, width, height } = useWindow(scroller, known, sizes, onView);
  useEffect(() => {
    if (scroller.current) reveal(scroller.current, put, sizes);
  }, [put, open, sizes, scroller]);
  const order = pathOf({ ...filters, at: null });
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 }); // another order, or another choice, begins at its beginning
  }, [order, scroller]);

  function pick(event: MouseEvent): void {
    const place = placeOf(event);
    hover.show(null);
    if (place) onPick(place, event.shiftKey);
  }
  function look(event: PointerEvent): void {
    const place = event.pointerType === "mouse" ? placeOf(event) : null;
    const cell = place && known.cell(place.row, place.column);
    const box = (event.target as Element).closest(".cell")?.getBoundingClientRect();
    hover.show(cell && box ? { cell, box, zone: known.row(cell.row)?.time_zone } : null);
  }

  return (
    <div
      ref={scroller}
      className="matrix-scroll"
      role="grid"
      aria-label="Accounts and definitions"
      aria-rowcount={known.rowCount + 1}
      aria-colcount={known.columnCount + 1}
      aria-multiselectable="true"
      aria-activedescendant={cellId(cursor.row, cursor.column)}
      tabIndex={0}
      onClick={pick}
      onPointerOver={look}
      onPointerLeave={() => hover.show(null)}
      onScroll={() => hover.show(null)}
    >
      <div className="matrix-canvas" style={{ width: sizes.head + width + sizes.lean, height: sizes.top + height }}>
        <div className="matrix-heads" role="row" aria-rowindex={1} style={{ height: sizes.top }}>
          <div className="matrix-corner" role="columnheader" style={{ width: sizes.head }}>
            <span>{counted(known.rowCount, "account")}</span>
            <span>{counted(known.columnCount, "definition")}</span>
          </div>
          {columns.map((item) => (
            <ColumnHead
              key={item.index}
              index={item.index}
              column={known.column(item.index)}
              left={sizes.head + item.start}
              width={sizes.cell}
              starts={startsRank(known, item.index)}
              current={cursor.column === item.index}
            />
          ))}
        </div>
        {rows.map((row) => (
          <Row
            key={row.index}
            index={row.index}
            top={sizes.top + row.start}
            first={columns[0]?.index ?? 0}
            last={columns.at(-1)?.index ?? -1}
            known={known}
            sizes={sizes}
            filters={filters}
            picked={picked}
            column={cursor.row === row.index ? cursor.column : null}
          />
        ))}
      </div>
      <HoverCard looked={hover.looked} />
    </div>
  );
}

interface RowProps {
  readonly index: number;
  readonly top: number;
  /** The first and the last column in view. */
  readonly first: number;
  readonly last: number;
  readonly known: Known;
  readonly sizes: Sizes;
  readonly filters: Filters;
  readonly picked: ReadonlySet<string>;
  /** The column of the cursor, if that is in this row. */
  readonly column: number | null;
}

const Row = memo(function Row({ index, top, first, last, known, sizes, filters, picked, column }: RowProps) {
  const { group } = filters;
  const head = known.row(index);
  const before = known.row(index - 1);
  const starts = group !== "" && head !== undefined && (index === 0 || before?.labels[group] !== head.labels[group]);
  return (
    <div
      className={`matrix-row${starts ? " matrix-row-starts" : ""}`}
      role="row"
      aria-rowindex={index + 2}
      style={{ transform: `translateY(${top}px)`, height: sizes.row }}
    >
      <RowHead
        row={head}
        group={starts ? (head.labels[group] ?? "–") : ""}
        width={sizes.head}
        current={column !== null}
      />
      {range(first, last).map((at) => {
        const cell = known.cell(index, at);
        return (
          <Cell
            key={at}
            row={index}
            column={at}
            left={sizes.head + at * sizes.cell}
            cell={cell}
            loaded={known.isLoaded(index, at)}
            current={column === at}
            picked={cell !== undefined && picked.has(cell.slot)}
            faint={cell !== undefined && !isMeant(filters, cell)}
            name={`${known.column(at)?.definition ?? ""} of ${head?.account ?? "no account"}`}
          />
        );
      })}
    </div>
  );
});

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

/** Say which rows and columns are in view, and tell whoever fetches them. */
function useWindow(
  scroller: RefObject<HTMLDivElement | null>,
  known: Known,
  sizes: Sizes,
  onView: (view: View) => void,
) {
  const rowWindow = useVirtualizer({
    count: known.rowCount,
    getScrollElement: () => scroller.current,
    estimateSize: () => sizes.row,
    paddingEnd: 12,
    overscan: 4,
  });
  const columnWindow = useVirtualizer({
    horizontal: true,
    count: known.columnCount,
    getScrollElement: () => scroller.current,
    estimateSize: () => sizes.cell,
    overscan: 0,
  });
  useEffect(() => {
    rowWindow.measure();
    columnWindow.measure();
  }, [sizes, rowWindow, columnWindow]);
  const rows = rowWindow.getVirtualItems();
  const columns = columnWindow.getVirtualItems();
  const view = [rows[0]?.index, rows.at(-1)?.index, columns[0]?.index, columns.at(-1)?.index] as const;
  useEffect(() => {
    const [top = 0, bottom = 0, left = 0, right = 0] = view;
    onView({ rows: [top, bottom], columns: [left, right] });
  }, [onView, ...view]);
  return { rows, columns, width: columnWindow.getTotalSize(), height: rowWindow.getTotalSize() };
}

function startsRank(known: Known, index: number): boolean {
  const before = known.column(index - 1);
  return before !== undefined && before.rank !== known.column(index)?.rank;
}

function placeOf(event: MouseEvent): Place | null {
  const cell = (event.target as Element).closest<HTMLElement>(".cell");
  if (!cell) return null;
  return { row: Number(cell.dataset["row"]), column: Number(cell.dataset["column"]) };
}

/** Go to the page of the column or row that a cell is in. */
export function openColumn(known: Known, place: Place): void {
  const column = known.column(place.column);
  if (column) navigate(toDefinition(column.definition));
}

export function openRow(known: Known, place: Place): void {
  const row = known.row(place.row);
  if (row) navigate(toAccount(row.account));
}

function counted(count: number, of: string): string {
  return `${count.toLocaleString("en")} ${of}${count === 1 ? "" : "s"}`;
}
