"""Risk: how late a slot is, and which rows of a night need a look first. Pure functions; they know no slot's story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from ostinato.model.slots import SlotFace

PATIENCE = timedelta(minutes=10)
"""Nothing is late sooner than that after its due time."""

PATIENCE_WITHOUT_HISTORY = timedelta(hours=1)
"""Nor sooner than that, where nobody knows how long it usually takes."""

USUAL_TIMES = 2
"""So many times as long as usual is late."""

_TROUBLE = (
    SlotFace.FAILED,
    SlotFace.RETRYING,
    SlotFace.PAUSED,
    SlotFace.BLOCKED,
    SlotFace.CANCELLED,
    SlotFace.SUSPENDED,
    SlotFace.RUNNING,
    SlotFace.WAITING,
    SlotFace.READY,
    SlotFace.WARNING,
    SlotFace.SUCCESS,
    SlotFace.FUTURE,
)
_STUCK = frozenset({SlotFace.RETRYING, SlotFace.BLOCKED, SlotFace.PAUSED})
_MOST = 9_999


def late_by(due_at: datetime | None, now: datetime, usual: timedelta | None) -> timedelta | None:
    """Return how long ago a slot that is not done was due, if that is late; ``None`` if it is not.

    It is late when it takes twice as long as ``usual``, which is how long after its due time slots of its definition
    usually end. What is started by hand alone has no due time, and is never late.
    """
    if due_at is None:
        return None
    patience = PATIENCE_WITHOUT_HISTORY if usual is None else max(PATIENCE, usual * USUAL_TIMES)
    return now - due_at if now - due_at > patience else None


def find_worst(faces: Iterable[SlotFace]) -> SlotFace | None:
    """Return the status that stands for all of several; ``None`` where there is none."""
    return min(faces, key=_TROUBLE.index, default=None)


def measure_risk(counts: Mapping[SlotFace, int], late: int) -> int:
    """Return by what number rows are put in order, the greatest first: 0 where nothing is amiss.

    More failed slots weigh more than any number of late ones, and more late ones more than any number of those that
    are retrying, blocked or paused.
    """
    failed, stuck = counts.get(SlotFace.FAILED, 0), sum(counts.get(face, 0) for face in _STUCK)
    risk = 0
    for count in (failed, late, stuck):
        risk = risk * (_MOST + 1) + min(count, _MOST)
    return risk
