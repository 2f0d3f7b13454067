"""What steps give away while they run: chunks of output, which are only ever added to, and their progress."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, tuple_, update

from ostinato.model.statuses import StepStatus
from ostinato.model.steps import Chunk, Json
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.leases import lock_held_runs
from ostinato.store.moves import chunks as cut
from ostinato.store.step_rows import to_present, to_storable

_INSERT = insert(t.chunks)
_KEEP_PROGRESS = update(t.steps).where(
    t.steps.c.run_id == bindparam("of_run"),
    t.steps.c.number == bindparam("of_number"),
    t.steps.c.status == StepStatus.RUNNING,
)


def add_chunks(
    tx: Tx, added: Sequence[tuple[int, int, Json]], *, leases: Mapping[int, int], now: datetime
) -> frozenset[int]:
    """Add chunks, each given as (run, step, data), to the output of their steps, in order.

    ``leases`` are the tokens under which the agent holds the runs. Nothing is added to a run whose lease is gone; the
    ids of these are returned.
    """
    held = _lock(tx, (run_id for run_id, *_ in added), leases)
    last = _find_last(tx, {(run_id, step) for run_id, step, _ in added if run_id in held})
    rows = []
    for run_id, step, data in added:
        if run_id in held:
            last[run_id, step] = number = last.get((run_id, step), 0) + 1
            rows.append({"run_id": run_id, "step": step, "number": number, "at": now, "data": to_present(data)})
    if rows:
        tx.execute(_INSERT, rows)
    return frozenset(run_id for run_id, *_ in added) - held


def list_chunks(
    tx: Tx, run_id: int, step: int | None = None, *, after: int = 0, limit: int | None = None
) -> list[Chunk]:
    """List the chunks of a run, or of one of its steps those numbered above ``after``, in the order they came in."""
    wanted = select(t.chunks).where(t.chunks.c.run_id == run_id).order_by(t.chunks.c.id).limit(limit)
    if step is not None:
        wanted = wanted.where(t.chunks.c.step == step, t.chunks.c.number > after)
    return [Chunk(run_id, row.step, row.number, row.at, row.data) for row in tx.execute(wanted)]


def keep_progress(
    tx: Tx, told: Sequence[tuple[int, int, float | None, str | None]], *, leases: Mapping[int, int]
) -> frozenset[int]:
    """Keep how far running steps have come, each given as (run, step, fraction from 0 to 1, message).

    Nothing is kept of a run whose lease is gone; the ids of these are returned.
    """
    held = _lock(tx, (run_id for run_id, *_ in told), leases)
    rows = [
        {
            "of_run": run_id,
            "of_number": step,
            "progress": fraction,
            "progress_message": message and to_storable(message),
        }
        for run_id, step, fraction, message in told
        if run_id in held
    ]
    if rows:
        tx.execute(_KEEP_PROGRESS, rows)
    return frozenset(run_id for run_id, *_ in told) - held


def _lock(tx: Tx, run_ids: Iterable[int], leases: Mapping[int, int]) -> frozenset[int]:
    """Lock those of the runs that are still held."""
    return lock_held_runs(tx, {run_id: leases[run_id] for run_id in run_ids})


def _find_last(tx: Tx, steps: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Return the highest number of a chunk of each of these steps that has any."""
    chunk = t.chunks.c
    last: dict[tuple[int, int], int] = {}
    for part in cut(sorted(steps)):
        numbers = select(chunk.run_id, chunk.step, func.max(chunk.number)).group_by(chunk.run_id, chunk.step)
        for row in tx.execute(numbers.where(tuple_(chunk.run_id, chunk.step).in_(part))):
            last[row[0], row[1]] = row[2]
    return last
