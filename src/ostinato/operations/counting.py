"""Counting: what is counted over all slots of a night, by account, by definition, and by what they wait for.

It is given what was found, and reads nothing itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import NamedTuple

from ostinato.model.slots import SlotFace
from ostinato.model.statuses import FINAL_SLOT_STATUSES
from ostinato.operations.directory import NO_ACCOUNT, Directory
from ostinato.policies.risk import measure_risk

FINAL_FACES = {status.value: SlotFace(status.value) for status in FINAL_SLOT_STATUSES}
"""The statuses of slots that have ended, as faces show them, by what is stored."""

FOR_A_PERSON = frozenset(
    {
        "account_active",
        "account_not_paused",
        "agent",
        "answered",
        "by_hand",
        "definition_active",
        "definition_not_paused",
        "maintenance",
        "not_paused",
        "waits_for",
    }
)
"""Gates that stay closed until somebody does something."""

_NOT_UNDER_WAY = frozenset({*FINAL_FACES.values(), SlotFace.FUTURE})
_ENDED_BADLY = frozenset({SlotFace.FAILED, SlotFace.CANCELLED})
_ROW_AND_FACE, _COLUMN_AND_FACE = itemgetter(0, 3), itemgetter(1, 3)


class Mark(NamedTuple):
    """What is kept of one slot of a night. ``gate`` and ``about`` are empty where it waits for nothing.

    ``began_at`` is when the run began that it has, if that is not over.
    """

    account_id: int
    definition_id: int
    slot_id: int
    face: SlotFace
    gate: str = ""
    about: str = ""
    late: bool = False
    began_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many slots of a row, a column or a night are in each status, and how many of them are late."""

    counts: Mapping[SlotFace, int] = field(default_factory=dict)
    late: int = 0

    @property
    def risk(self) -> int:
        """Return by what number rows are put in order."""
        return measure_risk(self.counts, self.late)


@dataclass(frozen=True, slots=True)
class Tallies:
    """What is counted of slots: of all, by account, and by definition."""

    total: Tally
    rows: Mapping[int, Tally]
    columns: Mapping[int, Tally]


@dataclass(frozen=True, slots=True)
class Reason:
    """How many slots wait at one kind of gate, and how many for each of what it is ``about``, most first."""

    gate: str
    count: int
    detail: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """How many slots go on by themselves, and how long that will take at least, as far as anything tells.

    ``untold`` of them are not in ``left``: their definitions have no history, or they have run for longer than usual.
    ``left`` is ``None`` where nothing tells of any, or none is carried out at present.
    """

    going_on: int
    untold: int
    left: timedelta | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What was counted over a whole night: that of ``at``, as it stood at ``now``.

    ``usual`` is how long a run of each definition usually takes, by id; one without history is absent.
    """

    at: datetime
    now: datetime
    directory: Directory
    marks: tuple[Mark, ...]
    tallies: Tallies
    usual: Mapping[int, timedelta] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Tell whether nothing of it is left to be done."""
        return all(mark.face.value in FINAL_FACES for mark in self.marks)

    @property
    def waiting(self) -> int:
        """Return how many slots are due, not done and not under way."""
        return sum(bool(mark.gate) for mark in self.marks)

    @property
    def under_way(self) -> int:
        """Return how many slots are not done and wait for nothing, for they are carried out."""
        going_on = (mark for mark in self.marks if not mark.gate and mark.face not in _NOT_UNDER_WAY)
        return sum(1 for _ in going_on)

    def list_going_on(self) -> list[Mark]:
        """List the slots that are due and not done, and end without anybody doing anything.

        What waits for a slot that has failed, or for one that waits for a person, does not.
        """
        columns = self.directory.columns
        ranks, ids = {one.id: one.rank for one in columns}, {one.definition: one.id for one in columns}
        stuck = _Stuck()
        for mark in self.marks:
            if mark.face in _ENDED_BADLY:
                stuck.add(mark)
        undone = [mark for mark in self.marks if mark.face not in _NOT_UNDER_WAY]
        going_on = []
        for mark in sorted(undone, key=lambda mark: ranks.get(mark.definition_id, 0)):
            if mark.gate in FOR_A_PERSON or (mark.gate == "upstream" and stuck.holds(mark, ids.get(mark.about))):
                stuck.add(mark)
            else:
                going_on.append(mark)
        return going_on

    def look_ahead(self) -> Outlook:
        """Estimate how long what goes on by itself takes: each as long as usual, as many at once as run now.

        And no less than the longest of them. It takes nothing into account of what waits for what.
        """
        going_on = self.list_going_on()
        rests = [rest for mark in going_on if (rest := self._find_rest(mark)) is not None]
        at_once = self.under_way
        left = max([sum(rests, timedelta()) / at_once, *rests]) if at_once and rests else None
        return Outlook(len(going_on), len(going_on) - len(rests), left)

    def _find_rest(self, mark: Mark) -> timedelta | None:
        """Return how long a slot takes from now on, once it runs; ``None`` where nothing tells."""
        usual = self.usual.get(mark.definition_id)
        if usual is None or mark.began_at is None:
            return usual
        rest = usual - (self.now - mark.began_at)
        return rest if rest > timedelta() else None

    def count_reasons(self) -> list[Reason]:
        """Count what is due and not done by what it waits for, most first."""
        counts: dict[str, Counter[str]] = {}
        for mark in self.marks:
            if mark.gate:
                counts.setdefault(mark.gate, Counter())[mark.about] += 1
        reasons = [Reason(gate, about.total(), _detail(about)) for gate, about in counts.items()]
        return sorted(reasons, key=lambda reason: (-reason.count, reason.gate))


class _Stuck:
    """Slots that do not go on by themselves, as far as they are known: those of upstream definitions first."""

    def __init__(self) -> None:
        self._places: set[tuple[int, int]] = set()
        self._definitions: set[int] = set()

    def add(self, mark: Mark) -> None:
        self._places.add((mark.account_id, mark.definition_id))
        self._definitions.add(mark.definition_id)

    def holds(self, mark: Mark, above: int | None) -> bool:
        """Tell whether a slot waits for one of these: one without account waits for those of all."""
        if above is None:
            return False
        if mark.account_id == NO_ACCOUNT:
            return above in self._definitions
        return (mark.account_id, above) in self._places or (NO_ACCOUNT, above) in self._places


def count_marks(marks: Collection[Mark]) -> Tallies:
    """Count slots: all, by account, and by definition."""
    late = [mark for mark in marks if mark.late]
    return Tallies(
        total=Tally(Counter(mark.face for mark in marks), len(late)),
        rows=_tally(Counter(map(_ROW_AND_FACE, marks)), Counter(mark.account_id for mark in late)),
        columns=_tally(Counter(map(_COLUMN_AND_FACE, marks)), Counter(mark.definition_id for mark in late)),
    )


def _tally(counted: Mapping[tuple[int, SlotFace], int], late: Mapping[int, int]) -> dict[int, Tally]:
    counts: dict[int, dict[SlotFace, int]] = {}
    for (id, face), count in counted.items():
        counts.setdefault(id, {})[face] = count
    return {id: Tally(faces, late.get(id, 0)) for id, faces in counts.items()}


def _detail(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    named: Iterable[tuple[str, int]] = ((what, count) for what, count in counts.items() if what)
    ordered: Sequence[tuple[str, int]] = sorted(named, key=lambda one: (-one[1], one[0]))
    return tuple(ordered)
