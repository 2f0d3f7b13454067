"""Limits: which places a run needs, and whether they are free. Claims go by it, and explanations say it.

A place is used by a run that is running, and by nothing else. Owns no counting: it is told what is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from ostinato.model.limits import ClaimRules, LimitKind
from ostinato.policies.verdict import Gate

SHOWN = 3
"""How many runs a reason names at most."""


class LimitKey(NamedTuple):
    """Which limit it is."""

    kind: LimitKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


Used: TypeAlias = Mapping[LimitKey, int]
"""How many places of each limit are used; what is not named has none in use."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a run belongs to, and what that declares: the limit of its definition and of its account, and its uses."""

    queue: str
    definition: str | None = None
    definition_limit: int | None = None
    uses: Mapping[str, int] = field(default_factory=dict)
    account: str | None = None
    account_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """How many ``places`` a run needs of a ``limit``."""

    key: LimitKey
    limit: int
    places: int = 1

    def fits(self, used: int) -> bool:
        """Tell whether so many places are free when ``used`` are not."""
        return used + self.places <= self.limit


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How many places of a limit are used that a run needs, and the first of the runs that use them."""

    demand: Demand
    used: int
    holders: tuple[int, ...] = ()


def list_demands(bounds: Bounds, rules: ClaimRules) -> tuple[Demand, ...]:
    """List the limits that concern a run, and what it needs of each.

    A pool that is not declared, or not any more, limits nothing. A run that uses more places than its pool has needs
    all of them: it waits until it is alone, and not for ever.
    """
    return tuple(_demands(bounds, rules))


def _demands(bounds: Bounds, rules: ClaimRules) -> Iterator[Demand]:
    if bounds.definition is not None and bounds.definition_limit is not None:
        yield Demand(LimitKey(LimitKind.DEFINITION, bounds.definition), bounds.definition_limit)
    if bounds.account is not None and bounds.account_limit is not None:
        yield Demand(LimitKey(LimitKind.ACCOUNT, bounds.account), bounds.account_limit)
    if bounds.queue in rules.queues:
        yield Demand(LimitKey(LimitKind.QUEUE, bounds.queue), rules.queues[bounds.queue])
    for pool, places in sorted(bounds.uses.items()):
        if pool in rules.pools:
            limit = rules.pools[pool]
            yield Demand(LimitKey(LimitKind.POOL, pool), limit, min(places, limit))


def have_room(demands: Iterable[Demand], used: Used) -> bool:
    """Tell whether all the places that a run needs are free."""
    return all(demand.fits(used.get(demand.key, 0)) for demand in demands)


def add_places(used: dict[LimitKey, int], demands: Iterable[Demand], *, times: int = 1) -> None:
    """Count the places of so many runs as used."""
    for demand in demands:
        used[demand.key] = used.get(demand.key, 0) + demand.places * times


def limit_gate(occupancy: Occupancy) -> Gate:
    """Say whether a limit has the places that a run needs, and who uses them if it has not."""
    demand, used = occupancy.demand, occupancy.used
    gate = "pool" if demand.key.kind is LimitKind.POOL else f"{demand.key.kind}_limit"
    taken = f"{demand.key}: {used} of {demand.limit} places are used"
    if demand.fits(used):
        return Gate(gate, True, taken, about=demand.key.name)
    needed = f", and it needs {demand.places}" if demand.places > 1 else ""
    by = f", by {_name_runs(occupancy.holders)}" if occupancy.holders else ""
    first = f": ostinato show {occupancy.holders[0]}" if occupancy.holders else ""
    clears = f"the end of one of these runs{first}"
    return Gate(gate, False, f"{taken}{by}{needed}", clears=clears, about=demand.key.name)


def _name_runs(run_ids: Sequence[int]) -> str:
    shown = ", ".join(str(run_id) for run_id in run_ids[:SHOWN])
    return f"{'run' if len(run_ids) == 1 else 'runs'} {shown}{', …' if len(run_ids) > SHOWN else ''}"
