/** How layers are drawn by uPlot: series for what it knows, and strokes of our own for what it does not. */

import uPlot from "uplot";
import { STEPS, tickOf } from "~/parts/chart/durations";
import { type Layer, type Level, longestAt, valuesOf } from "~/parts/chart/layers";
import type { Palette } from "~/parts/chart/palette";
import { aloneIn, type Spacing, spacingOf } from "~/parts/chart/spacing";

const PLACE_STEPS = [1, 2, 5, 7, 14, 28, 56, 112, 182, 364];
const LABEL_WIDTH = 88;
const SIGN = 3.5;
const EDGE = 6;
const DASHES = [6, 4];
const DOTS = [2, 3];
const BAR = 0.72;
const WIDEST_BAR = 48;

export interface Drawing {
  /** Where each value stands: whole numbers that grow, such as days from some day on. */
  readonly places: readonly number[];
  readonly layers: readonly Layer[];
  /** From which place to which the axis goes. */
  readonly extent: readonly [number, number];
  /** How high the axis goes, in seconds. */
  readonly top: number;
  readonly nameOf: (place: number) => string;
  /** The index that stands out. */
  readonly current: number | undefined;
}

/** Return the numbers of all series, the places first. */
export function dataOf({ places, layers }: Drawing): uPlot.AlignedData {
  return [places, ...layers.flatMap(valuesOf)] as unknown as uPlot.AlignedData;
}

/** Return what uPlot is to be told; `palette` is asked anew each time it draws. */
export function optionsOf(drawing: Drawing, palette: () => Palette, onMove: (index: number | null) => void): Omit<uPlot.Options, "width" | "height"> {
  const { layers, extent, top } = drawing;
  const spacing = spacingOf(drawing.places);
  return {
    legend: { show: false },
    padding: [6, 32, 0, 0],
    cursor: { y: false, drag: { x: false, y: false, click: passOn }, points: { show: false }, move: toPlace },
    scales: { x: { time: false, range: [extent[0] - 0.5, extent[1] + 0.5] }, y: { range: [0, top] } },
    axes: axesOf(drawing.nameOf, palette),
    series: [{}, ...layers.flatMap((layer) => seriesOf(layer, palette, spacing))],
    bands: bandsOf(layers, palette),
    hooks: {
      drawClear: [(plot) => drawCurrent(plot, drawing, palette())],
      draw: [(plot) => drawSigns(plot, drawing, spacing, palette())],
      setCursor: [(plot) => onMove(plot.cursor.idx ?? null)],
    },
  };
}

/** Let clicks through: uPlot takes one for the end of a drag where the cursor has jumped to a place. */
function passOn(): void {
  return undefined;
}

/** Have the line of the cursor jump from place to place. */
function toPlace(plot: uPlot, left: number, top: number): [number, number] {
  if (left < 0) return [left, top];
  const place = plot.data[0][plot.posToIdx(left)];
  return place === undefined ? [-10, -10] : [plot.valToPos(place, "x"), top];
}

function axesOf(nameOf: (place: number) => string, palette: () => Palette): uPlot.Axis[] {
  const font = `11px ${getComputedStyle(document.documentElement).fontFamily}`;
  const ink = (): string => palette()("var(--ink-faint)");
  const line = (): string => palette()("var(--line)");
  return [
    {
      font,
      stroke: ink,
      space: LABEL_WIDTH,
      size: 26,
      gap: 4,
      incrs: PLACE_STEPS,
      values: (_, places) => places.map(nameOf),
      grid: { show: false },
      ticks: { stroke: line, width: 1, size: 4 },
    },
    {
      font,
      stroke: ink,
      space: 32,
      size: 56,
      gap: 4,
      incrs: [...STEPS],
      values: (_, ticks) => ticks.map(tickOf),
      grid: { stroke: line, width: 1 },
      ticks: { show: false },
    },
  ];
}

function seriesOf(layer: Layer, palette: () => Palette, spacing: Spacing): uPlot.Series[] {
  const gaps = gapsOf(spacing);
  if (layer.kind === "band") {
    const edge: uPlot.Series = { width: 0, gaps, points: { show: false } };
    return [edge, { ...edge }];
  }
  if (layer.kind === "line") {
    const stroke = (): string => palette()("var(--accent)");
    const filter = (): number[] => aloneIn(layer.values, spacing);
    return [{ stroke, width: 1.75, gaps, points: { show: true, size: 6, width: 0, fill: stroke, filter } }];
  }
  return layer.kind === "bars" ? [{ paths: () => null, points: { show: false } }] : [];
}

function bandsOf(layers: readonly Layer[], palette: () => Palette): uPlot.Band[] {
  let series = 1;
  return layers.flatMap((layer) => {
    const first = series;
    series += valuesOf(layer).length;
    return layer.kind === "band" ? [{ series: [first + 1, first] as [number, number], fill: () => bandColour(palette()) }] : [];
  });
}

const bandColour = (palette: Palette): string => palette("color-mix(in oklch, var(--accent) 24%, transparent)");

/** Return what breaks lines where places are missing. */
function gapsOf({ places, steps }: Spacing): uPlot.Series.GapsRefiner {
  return (plot, _, from, until, gaps) => {
    const position = (index: number): number => Math.round(plot.valToPos(places[index] as number, "x", true));
    const more = steps.flatMap((far, index): uPlot.Series.Gap[] =>
      far && index >= from && index < until ? [[position(index), position(index + 1)]] : [],
    );
    return [...gaps, ...more].sort(([one], [other]) => one - other);
  };
}

function drawCurrent(plot: uPlot, { places, current }: Drawing, palette: Palette): void {
  const place = current === undefined ? undefined : places[current];
  if (place === undefined) return;
  const [left, right] = [plot.valToPos(place - 0.5, "x", true), plot.valToPos(place + 0.5, "x", true)];
  plot.ctx.fillStyle = palette("var(--chosen)");
  plot.ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
}

/** Draw what uPlot knows nothing of: bars and levels, what stands alone, what failed, and what lies beyond the top. */
function drawSigns(plot: uPlot, { places, layers, top }: Drawing, spacing: Spacing, palette: Palette): void {
  const { ctx, bbox } = plot;
  const [head, foot] = [bbox.top + EDGE * uPlot.pxRatio, bbox.top + bbox.height - EDGE * uPlot.pxRatio];
  ctx.save();
  for (const layer of layers) {
    if (layer.kind === "bars") layer.values.forEach((value, index) => drawBar(plot, places[index], value, palette(`var(--${layer.tones[index]}-solid)`)));
    if (layer.kind === "level" && layer.seconds <= top) drawLevel(plot, layer, palette);
    if (layer.kind === "band") aloneIn(layer.high, spacing).forEach((index) => drawSpan(plot, places[index], layer.low[index], layer.high[index], palette));
    if (layer.kind === "failures") {
      layer.counts.forEach((count, index) => count > 0 && drawSign(plot, places[index], foot, DIAMOND, palette("var(--bad-solid)")));
    }
  }
  places.forEach((place, index) => longestAt(layers, index) > top && drawSign(plot, place, head, TRIANGLE, palette("var(--ink)")));
  ctx.restore();
}

function drawBar(plot: uPlot, place = 0, value: number | null, colour: string): void {
  if (value === null) return;
  const { ctx, bbox } = plot;
  const middle = plot.valToPos(place, "x", true);
  const width = Math.min(WIDEST_BAR * uPlot.pxRatio, 2 * (plot.valToPos(place + BAR / 2, "x", true) - middle));
  const [foot, head] = [bbox.top + bbox.height, Math.max(bbox.top, plot.valToPos(value, "y", true))];
  ctx.fillStyle = colour;
  ctx.fillRect(middle - width / 2, head, width, Math.max(uPlot.pxRatio, foot - head));
}

function drawLevel(plot: uPlot, level: Level, palette: Palette): void {
  const { ctx, bbox } = plot;
  ctx.setLineDash((level.fine ? DOTS : DASHES).map((part) => part * uPlot.pxRatio));
  ctx.lineWidth = 1.5 * uPlot.pxRatio;
  ctx.strokeStyle = palette("var(--ink-soft)");
  ctx.stroke(new Path2D(`M${bbox.left},${plot.valToPos(level.seconds, "y", true)}h${bbox.width}`));
}

function drawSpan(plot: uPlot, place = 0, low: number | null = 0, high: number | null = 0, palette: Palette): void {
  const [left, upper, lower] = [plot.valToPos(place, "x", true), plot.valToPos(high ?? 0, "y", true), plot.valToPos(low ?? 0, "y", true)];
  const top = Math.max(upper, plot.bbox.top);
  plot.ctx.fillStyle = bandColour(palette);
  plot.ctx.fillRect(left - SIGN * uPlot.pxRatio, top, 2 * SIGN * uPlot.pxRatio, lower - top);
}

type Sign = readonly (readonly [number, number])[];
const DIAMOND: Sign = [[0, -1], [1, 0], [0, 1], [-1, 0]];
const TRIANGLE: Sign = [[0, -1], [1, 0.8], [-1, 0.8]];

function drawSign(plot: uPlot, place = 0, height: number, sign: Sign, colour: string): void {
  const size = SIGN * uPlot.pxRatio;
  const middle = plot.valToPos(place, "x", true);
  plot.ctx.fillStyle = colour;
  plot.ctx.fill(new Path2D(`M${sign.map(([x, y]) => `${middle + x * size},${height + y * size}`).join("L")}Z`));
}
