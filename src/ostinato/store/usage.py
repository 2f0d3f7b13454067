"""Usage: how many places of each limit are taken. Counted from the runs that are running, each time anew."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from ostinato.model.limits import ClaimRules, LimitKind, LimitUse
from ostinato.model.statuses import RunStatus
from ostinato.policies.limits import SHOWN, Bounds, Demand, LimitKey, Occupancy, add_places, list_demands
from ostinato.store import schema as t
from ostinato.store.database import Tx

ACCOUNTS_NAMED = 5
"""So many accounts are named of those that wait for a limit."""


def has_limits(tx: Tx, rules: ClaimRules) -> bool:
    """Tell whether anything is limited."""
    if rules.pools or rules.queues:
        return True
    limited = (exists().where(table.c.concurrency.is_not(None)) for table in (t.definitions, t.accounts))
    return bool(tx.execute(select(or_(*limited))).scalar_one())


def count_used(tx: Tx, rules: ClaimRules) -> dict[LimitKey, int]:
    """Count the places that running runs use."""
    used: dict[LimitKey, int] = {}
    for demands, _, runs in _count(tx, RunStatus.RUNNING, rules):
        add_places(used, demands, times=runs)
    return used


def list_limits(tx: Tx, rules: ClaimRules) -> list[LimitUse]:
    """List all limits with the places that are used, and how many runs wait that need one: by kind, then by name."""
    used, waiting = count_used(tx, rules), defaultdict[LimitKey, Counter[str | None]](Counter)
    for demands, account, runs in _count(tx, RunStatus.WAITING, rules):
        for demand in demands:
            waiting[demand.key][account] += runs
    return [
        LimitUse(
            *key,
            limit=limit,
            used=used.get(key, 0),
            waiting=waiting[key].total(),
            waiting_accounts=_most_first(waiting[key]),
        )
        for key, limit in _list_all(tx, rules)
    ]


def _most_first(waiting: Counter[str | None]) -> tuple[tuple[str, int], ...]:
    """Return the accounts for which most runs wait."""
    known = [(account, runs) for account, runs in waiting.items() if account is not None]
    return tuple(sorted(known, key=lambda one: (-one[1], one[0]))[:ACCOUNTS_NAMED])


def list_occupancies(tx: Tx, bounds: Bounds, rules: ClaimRules) -> tuple[Occupancy, ...]:
    """Tell of each limit that concerns a run how many places are used and, where it has none left, by whom."""
    demands = list_demands(bounds, rules)
    used = count_used(tx, rules) if demands else {}
    return tuple(_tell_occupancy(tx, demand, used.get(demand.key, 0)) for demand in demands)


def _tell_occupancy(tx: Tx, demand: Demand, used: int) -> Occupancy:
    return Occupancy(demand, used, () if demand.fits(used) else list_holders(tx, demand))


def list_holders(tx: Tx, demand: Demand) -> tuple[int, ...]:
    """List the first running runs that use places of a limit, and one more than a reason names."""
    kind, name = demand.key
    uses: dict[LimitKind, ColumnElement[bool]] = {
        LimitKind.QUEUE: t.runs.c.queue == name,
        LimitKind.DEFINITION: t.definitions.c.name == name,
        LimitKind.ACCOUNT: t.accounts.c.token == name,
        LimitKind.POOL: t.definitions.c.uses[name].as_integer() > 0,
    }
    holders = _runs(t.runs.c.id).where(t.has_status(t.runs.c, RunStatus.RUNNING), uses[kind])
    return tuple(tx.execute(holders.order_by(t.runs.c.id).limit(SHOWN + 1)).scalars())


def _count(tx: Tx, status: RunStatus, rules: ClaimRules) -> Iterator[tuple[tuple[Demand, ...], str | None, int]]:
    """Yield what runs of a status need, for which account, and how many of them need the same."""
    definition, account = t.definitions.c, t.accounts.c
    counted = (
        _runs(
            *(t.runs.c.queue, definition.name, definition.concurrency, definition.uses, account.token),
            account.concurrency.label("account_concurrency"),
            func.count().label("runs"),
        )
        .where(t.has_status(t.runs.c, status))
        .group_by(t.runs.c.queue, definition.id, account.id)
    )
    for row in tx.execute(counted):
        bounds = Bounds(row.queue, row.name, row.concurrency, row.uses or {}, row.token, row.account_concurrency)
        yield list_demands(bounds, rules), row.token, row.runs


def _list_all(tx: Tx, rules: ClaimRules) -> Iterator[tuple[LimitKey, int]]:
    for pool, places in sorted(rules.pools.items()):
        yield LimitKey(LimitKind.POOL, pool), places
    for queue, places in sorted(rules.queues.items()):
        yield LimitKey(LimitKind.QUEUE, queue), places
    definition, account = t.definitions.c, t.accounts.c
    named = ((LimitKind.DEFINITION, definition.name, definition), (LimitKind.ACCOUNT, account.token, account))
    for kind, name, columns in named:
        limited = select(name, columns.concurrency).where(columns.concurrency.is_not(None)).order_by(name)
        yield from ((LimitKey(kind, row[0]), row[1]) for row in tx.execute(limited))


def _runs(*columns: Any) -> Select[Any]:
    return select(*columns).select_from(t.runs).outerjoin(t.definitions).outerjoin(t.accounts)
