"""Turns: which of the runs that wait an agent takes next. By priority, then fairly between accounts, within limits.

The highest level comes first. Runs that wait alike, a *cohort*, have the level of their priority, and rise by one for
each while that passes without one of them being taken: so none starves, and one that is served does not rise. On one
level the agent's queues come in their order, and in a queue what has risen furthest.

Then accounts take turns in virtual time. A run moves its account on by one divided by the account's weight, and the
account that is least far on comes next. One that had nothing to run, or was not allowed to, starts from where the
others are: nobody saves turns up. Within an account the run that has been due longest comes first.

What is blocked by a limit is passed over, and keeps nobody else from a place. Nothing here knows a database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import NamedTuple, TypeAlias

from ostinato.policies.limits import Demand, LimitKey, Used, add_places, have_room


class ShareKey(NamedTuple):
    """Among whom an account takes its turns: the accounts with runs of that priority in that queue."""

    queue: str
    priority: int
    account_id: int | None


class CohortKey(NamedTuple):
    """What runs have in common that wait alike: the same limits hold for all of them."""

    queue: str
    priority: int
    account_id: int | None
    definition_id: int | None

    @property
    def share(self) -> ShareKey:
        return ShareKey(self.queue, self.priority, self.account_id)


Positions: TypeAlias = Mapping[ShareKey, float]
"""Where in virtual time the last run of each account began."""


@dataclass(frozen=True, slots=True)
class WaitingRun:
    """A run that could be taken."""

    id: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Cohort:
    """Runs that wait alike, the one that is to be taken first at the head; at least that one is known.

    ``complete`` tells that all of them are, or more than anybody asks for. ``waits_since`` is since when the head waits
    and none of them was taken. ``weight`` is that of the account; ``demands`` are the places that each run needs.
    """

    key: CohortKey
    runs: tuple[WaitingRun, ...]
    complete: bool
    waits_since: datetime
    weight: float = 1.0
    demands: tuple[Demand, ...] = ()


@dataclass(slots=True)
class Pick:
    """What was chosen: the runs in their order, each with its cohort, and where accounts stand that had a turn.

    With ``wanted`` the choice is not made: of these cohorts more runs must be known.
    """

    runs: dict[int, CohortKey] = field(default_factory=dict)
    positions: dict[ShareKey, float] = field(default_factory=dict)
    wanted: set[CohortKey] = field(default_factory=set)


def pick_runs(
    cohorts: Iterable[Cohort],
    positions: Positions,
    used: Used,
    *,
    queues: Sequence[str],
    room: int,
    rises_every: timedelta,
    now: datetime,
) -> Pick:
    """Choose at most ``room`` runs. A run is left out only if a limit has no place for it, or there is no room.

    ``queues`` are those of the agent, the most urgent first.
    """
    lines = _make_lines(cohorts, positions, queues, rises_every, now)
    places, pick = dict(used), Pick()
    while room > 0 and lines:
        line = min(lines, key=_Line.rank)
        if _serve(line, places, pick):
            room -= 1
        if not line.accounts:
            lines.remove(line)
    return pick


class _Rank(NamedTuple):
    """Who comes first in a line is the least: the highest level, then the least virtual time, then the longest due."""

    depth: int
    begins: float
    due_at: datetime
    run_id: int


@dataclass(slots=True)
class _Turn:
    """A cohort in its line: how deep it stands (less is sooner), and the run that is next.

    ``taken`` are the runs that it has given. Once all that are known have gone, the last stands for the next.
    """

    cohort: Cohort
    depth: int
    taken: int = 0

    @property
    def next(self) -> WaitingRun:
        return self.cohort.runs[min(self.taken, len(self.cohort.runs) - 1)]

    @property
    def is_known(self) -> bool:
        return self.taken < len(self.cohort.runs)

    @property
    def is_over(self) -> bool:
        return self.cohort.complete and not self.is_known


@dataclass(slots=True)
class _Account:
    """The cohorts of one account in a line, the soonest first, and where it begins in virtual time."""

    key: ShareKey
    begins: float
    step: float
    turns: list[tuple[int, datetime, int, _Turn]] = field(default_factory=list)

    def add(self, turn: _Turn) -> None:
        run = turn.next
        heappush(self.turns, (turn.depth, run.due_at, run.id, turn))


@dataclass(slots=True)
class _Line:
    """The accounts with runs of one priority in one queue, and how far the foremost has come: ``front``.

    ``queue`` is the place of the queue among those of the agent.
    """

    queue: int
    priority: int
    front: float
    accounts: list[tuple[_Rank, _Account]] = field(default_factory=list)

    def add(self, account: _Account) -> None:
        """Let an account stand in line, unless it has nothing more to be taken."""
        if account.turns:
            depth, due_at, run_id, _ = account.turns[0]
            heappush(self.accounts, (_Rank(depth, max(account.begins, self.front), due_at, run_id), account))

    def rank(self) -> tuple[int, int, int]:
        """Return where the first of this line stands among the first of all: the least comes first."""
        return self.accounts[0][0].depth, self.queue, self.priority


def find_level(priority: int, waits_since: datetime, now: datetime, rises_every: timedelta) -> int:
    """Return the level of runs that wait alike: their priority, and how often they have risen."""
    return priority + max((now - waits_since) // rises_every, 0)


def _make_lines(
    cohorts: Iterable[Cohort], positions: Positions, queues: Sequence[str], rises_every: timedelta, now: datetime
) -> list[_Line]:
    accounts: dict[ShareKey, _Account] = {}
    for cohort in cohorts:
        share = cohort.key.share
        account = accounts.get(share)
        if account is None:
            step = 1.0 / cohort.weight
            begins = positions[share] + step if share in positions else 0.0
            account = accounts[share] = _Account(share, begins, step)
        level = find_level(share.priority, cohort.waits_since, now, rises_every)
        account.add(_Turn(cohort, depth=-level))
    lines = {share[:2]: _Line(queues.index(share.queue), share.priority, front=0.0) for share in accounts}
    for share, position in positions.items():
        if line := lines.get(share[:2]):
            line.front = max(line.front, position)
    for share, account in accounts.items():
        lines[share[:2]].add(account)
    return list(lines.values())


def _serve(line: _Line, places: dict[LimitKey, int], pick: Pick) -> bool:
    """Give the first account of the line its turn; ``False`` when its run is blocked, and with that its cohort."""
    rank, account = heappop(line.accounts)
    turn = heappop(account.turns)[-1]
    served = have_room(turn.cohort.demands, places)
    if served:
        _take(turn, places, pick)
        begins = max(rank.begins, line.front)
        line.front = pick.positions[account.key] = begins
        account.begins = begins + account.step
        if not turn.is_over:
            account.add(turn)
    line.add(account)
    return served


def _take(turn: _Turn, places: dict[LimitKey, int], pick: Pick) -> None:
    """Take the next run of a cohort. With that it has risen no more."""
    cohort = turn.cohort
    if turn.is_known:
        pick.runs[turn.next.id] = cohort.key
    else:
        pick.wanted.add(cohort.key)
    turn.taken += 1
    turn.depth = -cohort.key.priority
    add_places(places, cohort.demands)
