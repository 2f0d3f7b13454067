/** Durations over time: drawn, told in words, and as a table; the cursor says what there was at each place. */

import { type ReactNode, useCallback, useEffect, useId, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { useKeys } from "~/app/keyboard";
import { durationsOf, type Layer, longestAt } from "~/parts/chart/layers";
import { topOf } from "~/parts/chart/durations";
import { type Palette, readPalette, useScheme } from "~/parts/chart/palette";
import { dataOf, type Drawing, optionsOf } from "~/parts/chart/plot";
import "~/parts/chart/chart.css";

export interface TimeChartProps {
  /** What is drawn, for those who do not see it. */
  readonly label: string;
  /** What there is to be seen, in words. */
  readonly told: ReactNode;
  /** Where each value stands: whole numbers that grow, such as days from some day on. */
  readonly places: readonly number[];
  readonly layers: readonly Layer[];
  /** From which place to which the axis goes; left out: where there are values. */
  readonly extent?: readonly [number, number];
  readonly nameOf: (place: number) => string;
  /** The index that stands out. */
  readonly current?: number;
  /** What is shown of each place: the heads of the table, and a cell for each of them. */
  readonly heads: readonly string[];
  readonly cellsOf: (index: number) => readonly string[];
  /** What a click or Enter does, and how that is said. */
  readonly onOpen?: (index: number) => void;
  readonly opens?: string;
}

const HEIGHT = 176;

export function TimeChart(props: TimeChartProps) {
  const { label, told, places, layers, nameOf, heads, cellsOf, onOpen, opens = "Open" } = props;
  const [from, until] = props.extent ?? [places[0] ?? 0, places.at(-1) ?? 0];
  const drawing = useMemo(
    (): Drawing => ({ places, layers, extent: [from, until], top: topOf(durationsOf(layers)), nameOf, current: props.current }),
    [places, layers, from, until, nameOf, props.current],
  );
  const [index, setIndex] = useState<number | null>(null);
  const { host, put, where } = usePlot(drawing, setIndex);
  const [focused, setFocused] = useState(false);
  const caption = useId();
  const last = places.length - 1;
  const at = Math.min(index ?? props.current ?? last, last);
  const open = (): void => onOpen?.(where() ?? at);
  useKeys(
    "Chart",
    {
      ArrowLeft: { does: "One back", run: () => put(Math.max(0, at - 1)) },
      ArrowRight: { does: "One on", run: () => put(Math.min(last, at + 1)) },
      Home: { does: "The first", run: () => put(0) },
      End: { does: "The last", run: () => put(last) },
      ...(onOpen && { Enter: { does: opens, run: open } }),
    },
    focused,
  );
  const say = (one: number): string => [nameOf(places[one] ?? 0), ...cellsOf(one).map((cell, head) => `${heads[head]} ${cell}`)].join(", ");
  return (
    <figure className="chart">
      <figcaption id={caption}>{told}</figcaption>
      <Legend layers={layers} beyond={places.filter((_, one) => longestAt(layers, one) > drawing.top).length} />
      <div
        ref={host}
        className={onOpen ? "chart-plot chart-opens" : "chart-plot"}
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-describedby={caption}
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={at}
        aria-valuetext={say(at)}
        onClick={open}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
      />
      <div className="chart-foot">
        <p className="chart-said number" aria-hidden="true">
          {index === null ? <span className="faint">{onOpen && `${opens}: a click, or Enter`}</span> : say(at)}
        </p>
        <AsTable {...props} />
      </div>
    </figure>
  );
}

/** Draw into the element that takes `host`; `put` moves the cursor to an index, and `where` tells at which it is. */
function usePlot(drawing: Drawing, onMove: (index: number | null) => void) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const palette = useRef<Palette | null>(null);
  const scheme = useScheme();
  const put = useCallback((index: number): void => {
    const place = plot.current?.data[0][index];
    if (place !== undefined) plot.current?.setCursor({ left: plot.current.valToPos(place, "x"), top: 0 });
  }, []);
  const where = useCallback((): number | null => plot.current?.cursor.idx ?? null, []);
  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    palette.current = readPalette(element);
    const read = (): Palette => palette.current ?? readPalette(element);
    const before = where();
    const options = optionsOf(drawing, read, onMove);
    const ready = [(): void => (before === null ? undefined : put(before))]; // new values came in under the cursor
    const made = new uPlot({ ...options, hooks: { ...options.hooks, ready }, width: element.clientWidth, height: HEIGHT }, dataOf(drawing), element);
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      made.destroy();
    };
  }, [drawing, onMove, put, where]);
  useEffect(() => {
    if (!host.current) return;
    palette.current = readPalette(host.current);
    plot.current?.redraw();
  }, [scheme]);
  return { host, put, where };
}

function Legend({ layers, beyond }: { readonly layers: readonly Layer[]; readonly beyond: number }) {
  return (
    <ul className="chart-legend">
      {layers.map((layer) => (
        <li key={layer.label} className={`chart-key chart-${layer.kind}${layer.kind === "level" && layer.fine ? " chart-level-fine" : ""}`}>
          {layer.label}
        </li>
      ))}
      {beyond > 0 && <li className="chart-key chart-beyond">{`${beyond} beyond the top`}</li>}
    </ul>
  );
}

function AsTable({ label, places, nameOf, heads, cellsOf, onOpen, opens }: TimeChartProps) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {open && (
        <div className="chart-table">
          <table aria-label={label}>
            <thead>
              <tr>
                {["", ...heads].map((head) => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {places.map((place, index) => (
                <tr key={place}>
                  <th scope="row" className="number">
                    {onOpen ? (
                      <button type="button" className="chart-link" title={opens} onClick={() => onOpen(index)}>
                        {nameOf(place)}
                      </button>
                    ) : (
                      nameOf(place)
                    )}
                  </th>
                  {cellsOf(index).map((cell, column) => (
                    <td key={heads[column]} className="number">
                      {cell}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
