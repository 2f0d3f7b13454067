/** What of a graph is seen at first: all of it, if that can be read; else its beginning, which is on the left. */

import { useReactFlow, useStore } from "@xyflow/react";
import { useEffect, useRef } from "react";

/** A node with its middle. */
export interface Placed {
  readonly x: number;
  readonly y: number;
}

interface StartViewProps {
  readonly nodes: readonly Placed[];
  /** How large nodes are, at most. */
  readonly size: { readonly width: number; readonly height: number };
  /** From which scale on names can be read. */
  readonly readable: number;
}

const MARGIN = 24;

/** Sets the view once, when the graph has its room. Where that is wanted elsewhere at once, leave it out. */
export function StartView({ nodes, size, readable }: StartViewProps) {
  const { setViewport } = useReactFlow();
  const width = useStore((store) => store.width);
  const height = useStore((store) => store.height);
  const isDone = useRef(false);
  useEffect(() => {
    if (isDone.current || width === 0 || nodes.length === 0) return;
    isDone.current = true;
    void setViewport(startOf({ nodes, size, readable }, width, height));
  }, [nodes, size, readable, width, height, setViewport]);
  return null;
}

function startOf({ nodes, size, readable }: StartViewProps, width: number, height: number) {
  const [left, right] = ends(nodes.map(({ x }) => x), size.width);
  const [top, bottom] = ends(nodes.map(({ y }) => y), size.height);
  const [wide, high] = [(width - 2 * MARGIN) / (right - left), (height - 2 * MARGIN) / (bottom - top)];
  const zoom = Math.max(readable, Math.min(1, wide, high));
  const x = wide >= zoom ? (width - (left + right) * zoom) / 2 : MARGIN - left * zoom;
  const seen = nodes.filter((node) => node.x * zoom + x <= width);
  const middle = high >= zoom ? (top + bottom) / 2 : seen.reduce((sum, node) => sum + node.y, 0) / seen.length;
  return { x, y: height / 2 - middle * zoom, zoom };
}

function ends(middles: readonly number[], size: number): readonly [number, number] {
  const from = middles.reduce((least, at) => Math.min(least, at), Infinity);
  const until = middles.reduce((most, at) => Math.max(most, at), -Infinity);
  return [from - size / 2, until + size / 2];
}
