/** A small table of which every row is shown. It scrolls sideways where the page is narrow. */

import type { ReactNode } from "react";

export interface GridColumn<Row> {
  readonly title: string;
  readonly align?: "right";
  readonly cell: (row: Row) => ReactNode;
}

interface GridProps<Row> {
  readonly label: string;
  readonly columns: readonly GridColumn<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
}

export function Grid<Row>({ label, columns, rows, keyOf }: GridProps<Row>) {
  return (
    <div className="grid">
      <table aria-label={label}>
        <thead>
          <tr>
            {columns.map(({ title, align }) => (
              <th key={title} scope="col" className={align && "align-right"}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ title, align, cell }) => (
                <td key={title} className={align && "align-right number"}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
