"""Cohorts: the runs that could be claimed, by what they have in common, found without looking at all that wait.

A walk along the index of waiting runs goes from the first run of one cohort to the first of the next: it costs what
there are cohorts, however many runs wait in each. Only of those that come next are more runs looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import (
    CTE,
    ColumnElement,
    ScalarSelect,
    and_,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)

from ostinato.model.limits import ClaimRules
from ostinato.model.statuses import RunStatus
from ostinato.policies.limits import Bounds, list_demands
from ostinato.policies.turns import Cohort, CohortKey, WaitingRun
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.dialects import is_none_of, try_to_take_singletons

Columns: TypeAlias = Any
"""The columns of the table of runs, or of an alias of it."""

_NEXT, _HERE, _HOLDER, _EARLIER, _WAITING = (
    t.runs.alias(name) for name in ("next", "here", "holder", "earlier", "wants_key")
)


@dataclass(frozen=True, slots=True)
class Search:
    """What runs an agent can take at ``now``: of these queues, not too late, free, and none of ``exclude``.

    ``is_free`` tells of a singleton whether it may take its key. With ``among`` it is to be one of these few.
    """

    queues: Sequence[str]
    now: datetime
    is_free: Callable[[Columns], ColumnElement[bool]]
    exclude: frozenset[int] = frozenset()
    among: frozenset[int] | None = None

    def means(self, tx: Tx, run: Columns) -> ColumnElement[bool]:
        """Tell of a run whether it is one of those that are searched among."""
        few = true() if self.among is None else run.id.in_(self.among)
        return and_(few, is_none_of(tx, run.id, self.exclude))

    def fits(self, tx: Tx, run: Columns) -> ColumnElement[bool]:
        """Tell of a run, by itself, whether it can be taken."""
        return and_(
            t.has_status(run, RunStatus.WAITING),
            or_(run.start_before.is_(None), run.start_before > self.now, run.started_at.is_not(None)),
            self.is_free(run),
            self.means(tx, run),
        )


def list_cohorts(tx: Tx, search: Search, rules: ClaimRules) -> list[Cohort]:
    """List the cohorts of which a run could be taken, each with the one that comes first, or with all that are meant.

    Nothing is taken of definitions and accounts that are inactive, paused or in maintenance.
    """
    run, definition, account, turn = t.runs.c, t.definitions.c, t.accounts.c, t.turns.c
    uses = definition.uses if rules.pools else null()
    same = and_(
        turn.queue == run.queue,
        turn.priority == run.priority,
        _place(turn.account_id) == _place(run.account_id),
        _place(turn.definition_id) == _place(run.definition_id),
    )
    found = (
        select(
            *(run.id, run.queue, run.priority, run.account_id, run.definition_id, run.due_at, run.waits_since),
            *(definition.name, definition.concurrency, uses.label("uses"), turn.taken_at),
            *(account.token, account.concurrency.label("account_concurrency"), account.weight),
        )
        .select_from(t.runs)
        .outerjoin(t.definitions)
        .outerjoin(t.accounts, account.id == run.account_id)
        .outerjoin(t.turns, same)
        .where(may_start(search.now))
    )
    if search.among is None:
        walk = _walk(tx, search)
        found = found.join_from(t.runs, walk, walk.c.id == run.id)
    else:
        few = (run.queue.in_(search.queues), search.fits(tx, run))
        found = found.where(*few).order_by(run.due_at, run.id)
    alike: dict[CohortKey, list[Any]] = {}
    for row in tx.execute(found):
        alike.setdefault(CohortKey(row.queue, row.priority, row.account_id, row.definition_id), []).append(row)
    return [_to_cohort(key, rows, rules, complete=search.among is not None) for key, rows in alike.items()]


def list_runs_of(tx: Tx, search: Search, cohort: CohortKey, *, limit: int) -> tuple[WaitingRun, ...]:
    """List the first runs of a cohort that could be taken, in the order in which they are."""
    run = t.runs.c
    wanted = (
        select(run.id, run.due_at)
        .where(
            run.queue == cohort.queue,
            run.priority == cohort.priority,
            _place(run.account_id) == (cohort.account_id or 0),
            _place(run.definition_id) == (cohort.definition_id or 0),
            search.fits(tx, run),
        )
        .order_by(run.due_at, run.id)
        .limit(limit)
    )
    return tuple(WaitingRun(row.id, row.due_at) for row in tx.execute(wanted))


def may_start(now: datetime) -> ColumnElement[bool]:
    """Tell of a run, joined with its definition and account, whether neither keeps it from starting."""
    definition, account = t.definitions.c, t.accounts.c
    in_maintenance = and_(
        or_(account.maintenance_starts_at.is_not(None), account.maintenance_ends_at.is_not(None)),
        or_(account.maintenance_starts_at.is_(None), account.maintenance_starts_at <= now),
        or_(account.maintenance_ends_at.is_(None), account.maintenance_ends_at > now),
    )
    return and_(
        or_(definition.id.is_(None), and_(definition.active, definition.paused_at.is_(None))),
        or_(account.id.is_(None), and_(account.active, account.paused_at.is_(None), ~in_maintenance)),
    )


def who_is_free(tx: Tx) -> Callable[[Columns], ColumnElement[bool]]:
    """Return what tells of a waiting run whether it is no singleton, holds its key, or is the first to take it.

    Those that have yet to take theirs are left to one claimant at a time, for two could not see each other's.
    """
    waiting, holder, earlier = _WAITING.c, _HOLDER.c, _EARLIER.c
    wants_key = and_(
        t.has_status(waiting, RunStatus.WAITING),
        waiting.singleton_key.is_not(None),
        waiting.singleton_held.is_(None),
    )
    takes = try_to_take_singletons(tx, exists().where(wants_key))

    def is_free(run: Columns) -> ColumnElement[bool]:
        free = or_(run.singleton_key.is_(None), run.singleton_held == run.singleton_key)
        if not takes:
            return free
        held = exists().where(holder.singleton_held == run.singleton_key)
        wanted_before = exists().where(
            earlier.singleton_key == run.singleton_key,
            t.has_status(earlier, RunStatus.WAITING),
            earlier.id < run.id,
        )
        return or_(free, and_(~held, ~wanted_before))

    return is_free


def _walk(tx: Tx, search: Search) -> CTE:
    """Walk from each cohort to the next: of the same account, else of the same priority, else of the queue."""
    starts = (select(_first(tx, search, 1, partial(_is_in, queue)).label("id")) for queue in search.queues)
    walk = select(union_all(*starts).subquery().c.id).cte("walk", recursive=True)
    ways = (_first(tx, search, common, partial(_is_further, _HERE.c, common)) for common in (3, 2, 1))
    step = select(func.coalesce(*ways)).select_from(walk.join(_HERE, _HERE.c.id == walk.c.id))
    return walk.union_all(step)


def _first(tx: Tx, search: Search, common: int, where: Callable[[Columns], ColumnElement[bool]]) -> ScalarSelect[int]:
    """Select the first run that can be taken of those with the same ``common`` first terms of the index.

    Only the terms that follow are asked to be in order: SQLite would sort by the others, though they are all the same.
    """
    run = _NEXT.c
    order = (*_terms(run)[common:], run.due_at, run.id)
    return select(run.id).where(where(run), search.fits(tx, run)).order_by(*order).limit(1).scalar_subquery()


def _is_further(here: Columns, common: int, run: Columns) -> ColumnElement[bool]:
    """Tell of a run whether it comes after ``here`` in the index, the first terms being the same."""
    pairs = list(zip(_terms(run), _terms(here), strict=True))
    further, than = pairs[common]
    return and_(*(term == same for term, same in pairs[:common]), further > than)


def _terms(run: Columns) -> tuple[ColumnElement[Any], ...]:
    """Return what runs of a cohort have in common, in the order of the index of waiting runs."""
    return run.queue, run.priority, _place(run.account_id), _place(run.definition_id)


def _is_in(queue: str, run: Columns) -> ColumnElement[bool]:
    return and_(run.queue == queue)


def _place(key: ColumnElement[Any]) -> ColumnElement[int]:
    """Return what stands for a key in indexes: those without are alike."""
    return func.coalesce(key, literal_column("0"))


def _to_cohort(key: CohortKey, rows: Sequence[Any], rules: ClaimRules, *, complete: bool) -> Cohort:
    row = rows[0]
    bounds = Bounds(row.queue, row.name, row.concurrency, row.uses or {}, row.token, row.account_concurrency)
    return Cohort(
        key=key,
        runs=tuple(WaitingRun(row.id, row.due_at) for row in rows),
        complete=complete,
        waits_since=row.waits_since if row.taken_at is None else max(row.waits_since, row.taken_at),
        weight=1.0 if row.weight is None else row.weight,
        demands=list_demands(bounds, rules),
    )
