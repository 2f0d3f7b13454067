"""The night: how everything stands for one instant, accounts by definitions, and what that is not done waits for.

A night is, for each lane, the slot that was due last at that instant, as it stands now. What is counted over all of it
is counted once for all who ask, and kept for some seconds; the slots in view are read each time.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from ostinato.model.slots import SlotFace, SlotName
from ostinato.model.statuses import RunStatus
from ostinato.operations.counting import FINAL_FACES, Mark, Summary, Tallies, Tally, count_marks
from ostinato.operations.directory import Column, Directory, DirectoryKeeper, Row
from ostinato.operations.waiting import Looker, show_face
from ostinato.policies.risk import late_by
from ostinato.policies.verdict import Gate
from ostinato.store import night
from ostinato.store.database import Tx
from ostinato.store.night import NightSlot
from ostinato.store.past_durations import measure_usual_durations
from ostinato.store.plan_lists import measure_progress
from ostinato.world import World

KEPT_SECONDS = 10.0
"""How long what was counted over a whole night is told to others."""

KEPT_SECONDS_WHEN_OVER = 60.0
"""The same for a night of which every slot is final: only a person changes that."""

KEPT_TIMES = 5
"""It is told for so many times as long as it took to count: of a large night, not all time is spent on counting."""

NIGHTS_KEPT = 8
LAGS_KEPT_SECONDS = 600.0
USUAL_KEPT_TIMES = 500
"""How long runs usually take is told for so many times as long as it took to measure: soon anew where it is cheap."""

_AT_WORK = frozenset({RunStatus.RUNNING, RunStatus.SUSPENDED, RunStatus.PAUSED})


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows and columns of a night are wanted, and in which order.

    Each word of ``search`` is part of names of accounts, of definitions or of both: it means all of these, and where
    some fit accounts, only these accounts; where some fit definitions, only these. ``labels`` are those that accounts
    must have. Of the rows and columns that are left, those are shown that hold a slot in one of ``faces``
    that waits at one of ``gates``, where any are named. A gate is named by its kind, or by that and what it is about.
    Rows with the same value of the label ``group`` stand together, those without it last.
    """

    search: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    faces: frozenset[SlotFace] = frozenset()
    gates: frozenset[str] = frozenset()
    by_risk: bool = False
    group: str = ""

    def means(self, mark: Mark) -> bool:
        """Tell of a slot whether rows and columns are shown for it."""
        if self.faces and mark.face not in self.faces:
            return False
        return not self.gates or mark.gate in self.gates or f"{mark.gate} {mark.about}" in self.gates


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of the rows and columns is in view."""

    row_offset: int = 0
    row_limit: int = 60
    column_offset: int = 0
    column_limit: int = 60


@dataclass(frozen=True, slots=True)
class Cell:
    """A slot of a night with its status, what it waits for, how late it is, and how far its run has come."""

    slot: NightSlot
    name: SlotName
    face: SlotFace
    gate: Gate | None
    late: timedelta | None
    progress: float | None

    @property
    def reason(self) -> str:
        """Return why it is where it is, as far as that needs to be told."""
        return self.gate.reason if self.gate else self.slot.reason or self.slot.run_reason or ""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A window of a night. ``rows`` and ``columns`` are those in view; cells are found by the place of both.

    Cells are as they stand now. All else that is told of rows and columns was counted at ``counted_at``.
    """

    at: datetime
    counted_at: datetime
    total: Tally
    row_count: int
    column_count: int
    window: Window
    rows: tuple[tuple[Row, Tally], ...]
    columns: tuple[tuple[Column, Tally], ...]
    cells: tuple[tuple[int, int, Cell], ...]


class Nights:
    """The nights of one world, for all who ask in one process and from any number of threads."""

    def __init__(
        self,
        world: World,
        *,
        kept_seconds: float = KEPT_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.world = world
        self.monotonic = monotonic
        self._kept_seconds = kept_seconds
        self._keeper = DirectoryKeeper()
        self._lock = Lock()
        self._summaries: OrderedDict[datetime | None, _Kept] = OrderedDict()
        self._lags: tuple[float, Mapping[int, timedelta]] | None = None
        self._usual: tuple[float, Mapping[int, timedelta]] | None = None

    def find_summary(self, at: datetime | None = None, *, counted_within: float | None = None) -> Summary:
        """Return what was counted over the night of ``at``, now if that is ``None``: some seconds ago, or anew.

        Whoever asks while it is counted anew is told what was counted last, or waits if there is nothing yet.
        """
        key = None if at is None else at.replace(microsecond=0)
        with self._lock:
            kept = self._summaries.setdefault(key, _Kept(self.monotonic))
            self._summaries.move_to_end(key)
            while len(self._summaries) > NIGHTS_KEPT:
                self._summaries.popitem(last=False)
        return kept.get(lambda: self._summarize(key), self._kept_seconds if counted_within is None else counted_within)

    def find_matrix(
        self, at: datetime | None, choice: Choice, window: Window, *, counted_within: float | None = None
    ) -> Matrix:
        """Return a window of the night of ``at``, the whole of which was counted within so many seconds."""
        summary = self.find_summary(at, counted_within=counted_within)
        moment = at or self.world.clock.now()
        rows, columns, tallies = _choose(summary, choice)
        in_view = rows[window.row_offset :][: window.row_limit]
        across = columns[window.column_offset :][: window.column_limit]
        row_of = {row.id: window.row_offset + index for index, row in enumerate(in_view)}
        column_of = {column.id: window.column_offset + index for index, column in enumerate(across)}
        with self.world.store.read() as tx:
            found = night.list_window(tx, moment, account_ids=row_of, definition_ids=column_of)
            cells = self._make_cells(tx, found, summary.directory)
        return Matrix(
            at=moment,
            counted_at=summary.now,
            total=tallies.total,
            row_count=len(rows),
            column_count=len(columns),
            window=window,
            rows=tuple((row, tallies.rows.get(row.id, Tally())) for row in in_view),
            columns=tuple((column, tallies.columns.get(column.id, Tally())) for column in across),
            cells=tuple((row_of[one.slot.account_id], column_of[one.slot.definition_id], one) for one in cells),
        )

    def find_cells(self, slot_ids: Collection[int]) -> list[Cell]:
        """Return slots as the matrix shows them, of whichever night they are."""
        with self.world.store.read() as tx:
            return self._make_cells(tx, night.list_night_slots(tx, slot_ids), self._keeper.read(tx))

    def read_directory(self, tx: Tx) -> Directory:
        """Return which accounts and definitions there are, as of this transaction."""
        return self._keeper.read(tx)

    def list_names(
        self,
        at: datetime | None,
        choice: Choice,
        *,
        account: str | None = None,
        definition: str | None = None,
    ) -> list[SlotName]:
        """List the slots of a night that ``choice`` means, by name: those of one account or definition if named."""
        summary = self.find_summary(at)
        accounts, definitions = summary.directory.accounts, summary.directory.definitions
        rows, columns = _search(summary.directory, choice)
        row_ids, column_ids = {row.id for row in rows}, {column.id for column in columns}
        meant = [
            mark.slot_id
            for mark in summary.marks
            if choice.means(mark)
            and mark.account_id in row_ids
            and mark.definition_id in column_ids
            and (account is None or accounts.get(mark.account_id) == account)
            and (definition is None or definitions.get(mark.definition_id) == definition)
        ]
        with self.world.store.read() as tx:
            found = night.list_night_slots(tx, meant)
        return sorted((_name(slot, summary.directory) for slot in found), key=str)

    def _summarize(self, at: datetime | None) -> Summary:
        now = self.world.clock.now()
        with self.world.store.read() as tx:
            directory = self._keeper.read(tx)
            squares = night.list_squares(tx, at or now)
            undone = night.list_night_slots(tx, [one.slot_id for one in squares if one.status not in FINAL_FACES])
            gates = Looker(tx, self.world, now).find_gates(undone)
            lags = self._find_lags(tx, now)
            usual = self._find_usual(tx, now)
        marks = [
            Mark(one.account_id, one.definition_id, one.slot_id, FINAL_FACES[one.status])
            for one in squares
            if one.status in FINAL_FACES
        ]
        marks += [_mark(slot, gates.get(slot.slot_id), lags, now) for slot in undone]
        return Summary(at or now, now, directory, tuple(marks), count_marks(marks), usual)

    def _make_cells(self, tx: Tx, slots: Collection[NightSlot], directory: Directory) -> list[Cell]:
        now = self.world.clock.now()
        gates, lags = Looker(tx, self.world, now).find_gates(slots), self._find_lags(tx, now)
        progress = measure_progress(tx, [one.run_id for one in slots if one.run_id and one.run_status in _AT_WORK])
        return [
            Cell(
                slot=one,
                name=_name(one, directory),
                face=show_face(one, now, gates.get(one.slot_id)),
                gate=gates.get(one.slot_id),
                late=_late(one, lags, now),
                progress=progress.get(one.run_id or 0),
            )
            for one in slots
            if one.definition_id in directory.definitions and one.account_id in directory.accounts
        ]

    def _find_lags(self, tx: Tx, now: datetime) -> Mapping[int, timedelta]:
        """Return how long definitions usually take; measured now and then, for that changes slowly."""
        with self._lock:
            kept = self._lags
        if kept is not None and self.monotonic() - kept[0] < LAGS_KEPT_SECONDS:
            return kept[1]
        lags = night.measure_usual_lags(tx, now)
        with self._lock:
            self._lags = (self.monotonic(), lags)
        return lags

    def _find_usual(self, tx: Tx, now: datetime) -> Mapping[int, timedelta]:
        """Return how long runs of definitions usually take, as was measured at last."""
        with self._lock:
            kept = self._usual
        began = self.monotonic()
        if kept is not None and began < kept[0]:
            return kept[1]
        usual = measure_usual_durations(tx, now)
        ended = self.monotonic()
        with self._lock:
            self._usual = (ended + (ended - began) * USUAL_KEPT_TIMES, usual)
        return usual


class _Kept:
    """One summary: counted by one thread at a time, told to all."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._counting = Lock()
        self._counted: tuple[Summary, float, float] | None = None

    def get(self, make: Callable[[], Summary], seconds: float) -> Summary:
        """Return what was counted within so many seconds, or count anew. ``0`` always counts anew."""
        kept = self._counted
        if kept is not None and self._is_good(kept, seconds):
            return kept[0]
        if kept is not None and seconds and self._counting.locked():
            return kept[0]
        with self._counting:
            kept = self._counted
            if kept is None or not self._is_good(kept, seconds):
                began = self._monotonic()
                made = make()
                ended = self._monotonic()
                self._counted = kept = (made, ended, ended - began)
            return kept[0]

    def _is_good(self, kept: tuple[Summary, float, float], seconds: float) -> bool:
        summary, counted_at, took = kept
        if not seconds:
            return False
        past = summary.at < summary.now and summary.is_over
        return self._monotonic() - counted_at < max(seconds, took * KEPT_TIMES, KEPT_SECONDS_WHEN_OVER if past else 0.0)


def _choose(summary: Summary, choice: Choice) -> tuple[list[Row], list[Column], Tallies]:
    """Return the rows and columns that are wanted, in their order, and what was counted over these."""
    rows, columns = _search(summary.directory, choice)
    marks, tallies = summary.marks, summary.tallies
    if len(rows) < len(summary.directory.rows) or len(columns) < len(summary.directory.columns):
        row_ids, column_ids = {row.id for row in rows}, {column.id for column in columns}
        marks = tuple(mark for mark in marks if mark.account_id in row_ids and mark.definition_id in column_ids)
        tallies = count_marks(marks)
    if choice.faces or choice.gates:
        meant = [mark for mark in marks if choice.means(mark)]
        row_ids, column_ids = {mark.account_id for mark in meant}, {mark.definition_id for mark in meant}
        rows, columns = [row for row in rows if row.id in row_ids], [one for one in columns if one.id in column_ids]
    if choice.by_risk:
        risks = {id: tally.risk for id, tally in tallies.rows.items()}
        rows = sorted(rows, key=lambda row: -risks.get(row.id, 0))
    if choice.group:
        rows = sorted(rows, key=lambda row: (choice.group not in row.labels, row.labels.get(choice.group, "")))
    return rows, columns, tallies


def _search(directory: Directory, choice: Choice) -> tuple[list[Row], list[Column]]:
    """Return the rows and columns that the words of a search name; all of a kind where they name none of it."""
    rows = [row for row in directory.rows if choice.labels.items() <= row.labels.items()]
    columns, words = list(directory.columns), choice.search.casefold().split()
    named = [{row.id for row in rows if word in (row.account or "").casefold()} for word in words]
    defined = [{column.id for column in columns if word in column.definition.casefold()} for word in words]
    if not all(these or those for these, those in zip(named, defined, strict=True)):
        return [], []
    row_ids, column_ids = set[int]().union(*named), set[int]().union(*defined)
    return (
        [row for row in rows if row.id in row_ids or not row_ids],
        [column for column in columns if column.id in column_ids or not column_ids],
    )


def _mark(slot: NightSlot, gate: Gate | None, lags: Mapping[int, timedelta], now: datetime) -> Mark:
    return Mark(
        account_id=slot.account_id,
        definition_id=slot.definition_id,
        slot_id=slot.slot_id,
        face=show_face(slot, now, gate),
        gate=gate.kind if gate else "",
        about=gate.about if gate else "",
        late=_late(slot, lags, now) is not None,
        began_at=slot.run_started_at if slot.run_status in _AT_WORK else None,
    )


def _late(slot: NightSlot, lags: Mapping[int, timedelta], now: datetime) -> timedelta | None:
    if slot.status in FINAL_FACES:
        return None
    return late_by(slot.due_at, now, lags.get(slot.definition_id))


def _name(slot: NightSlot, directory: Directory) -> SlotName:
    return SlotName(directory.definitions[slot.definition_id], directory.accounts[slot.account_id], slot.label)
