/** Home: accounts by definitions, for now or for a night that is over. */

import { useCallback, useDeferredValue, useMemo, useRef, useState } from "react";
import { useResource } from "~/api/hooks";
import type { SystemStatus } from "~/api/types";
import { afterEach, useKeys } from "~/app/keyboard";
import type { Place } from "~/app/moving";
import { useCursor } from "~/pages/matrix/cursor";
import { Welcome } from "~/pages/matrix/Welcome";
import { isNarrowed, pathOf, useFilters } from "~/pages/matrix/filters";
import { Grid, openColumn, openRow } from "~/pages/matrix/Grid";
import { ReasonsBar } from "~/pages/matrix/ReasonsBar";
import { NoSlot, PickedSlots, SidePanel } from "~/pages/matrix/SidePanel";
import { useSizes } from "~/pages/matrix/sizes";
import { type Known, useTiles, type View } from "~/pages/matrix/tiles";
import { Toolbar } from "~/pages/matrix/Toolbar";
import { Loading } from "~/parts/Answer";
import { Empty } from "~/parts/Empty";
import { ErrorNotice } from "~/parts/Notice";
import "~/pages/matrix/matrix.css";

const FIRST_VIEW: View = { rows: [0, 0], columns: [0, 0] };

export default function MatrixPage() {
  const [filters, change] = useFilters();
  const [view, setView] = useState<View>(FIRST_VIEW);
  const { known, error, refresh } = useTiles(useDeferredValue(pathOf(filters)), view, filters.at === null);
  const sizes = useSizes();
  const search = useRef<HTMLInputElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const { place, put, slot, picked, choose, extend, keys } = useCursor(known);
  const pickedNames = useMemo(() => new Set(picked.map((one) => one.slot)), [picked]);
  const [open, setOpen] = useState(false);
  const pick = useCallback(
    (next: Place, further = false) => {
      if (further) extend(next);
      else choose(next);
      setOpen(true);
    },
    [choose, extend],
  );
  const toGrid = (): void => grid.current?.focus({ preventScroll: true });
  function close(): void {
    setOpen(false);
    if (picked.length > 0) choose(place);
    toGrid();
  }
  useKeys("Matrix", {
    ...afterEach(keys, toGrid),
    Enter: { does: "Open the slot beside the matrix", run: () => pick(place) },
    Escape: { does: "Close it again, and come back to the matrix", run: close },
    c: { does: "All accounts by dates, of this definition", run: () => known && openColumn(known, place) },
    a: { does: "The night of this account", run: () => known && openRow(known, place) },
    "/": { does: "Search", run: () => search.current?.focus() },
  });
  const labels = useLabels(known);

  return (
    <div className="matrix">
      <ReasonsBar at={filters.at} gate={filters.gate} onGate={(gate) => change({ gate })} />
      <Toolbar filters={filters} change={change} search={search} labels={labels} counts={known?.counts ?? {}} toGrid={toGrid} />
      {error && <ErrorNotice error={error} old={known !== null} onRetry={refresh} />}
      <div className="matrix-body">
        {known && known.rowCount > 0 && known.columnCount > 0 ? (
          <Grid known={known} sizes={sizes} filters={filters} cursor={place} picked={pickedNames} put={put} open={open || picked.length > 0} scroller={grid} onView={setView} onPick={pick} />
        ) : (
          known && <NothingThere narrowed={isNarrowed(filters)} clear={() => change({ search: "", statuses: [], gate: "" })} />
        )}
        {!known && !error && <Loading />}
        {picked.length > 0 && <PickedSlots picked={picked} onClose={close} />}
        {open && picked.length === 0 && slot && <SidePanel slot={slot} onClose={close} />}
        {open && picked.length === 0 && known && !slot && <NoSlot onClose={close} />}
      </div>
    </div>
  );
}

/** The keys of labels that the accounts in view have. */
function useLabels(known: Known | null): readonly string[] {
  return useMemo(() => {
    const keys = new Set<string>();
    for (let row = 0; row < Math.min(known?.rowCount ?? 0, 200); row += 1) {
      for (const key of Object.keys(known?.row(row)?.labels ?? {})) keys.add(key);
    }
    return [...keys].sort();
  }, [known]);
}

interface NothingThereProps {
  readonly narrowed: boolean;
  readonly clear: () => void;
}

function NothingThere({ narrowed, clear }: NothingThereProps) {
  const status = useResource<SystemStatus>("/status", { topics: ["fleet"], on: ["status", "fleet"] });
  if (narrowed) {
    return (
      <Empty title="Nothing matches">
        No account and definition of this night has what you filter by.{" "}
        <button type="button" className="button button-small" onClick={clear}>
          Show all
        </button>
      </Empty>
    );
  }
  return status.data ? <Welcome status={status.data} /> : null;
}
