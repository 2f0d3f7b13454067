"""Limits: how much may be carried out at the same time, and the rules by which agents choose among what waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class LimitKind(StrEnum):
    """What has a limit of its own."""

    DEFINITION = "definition"
    ACCOUNT = "account"
    QUEUE = "queue"
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What a project declares about claims: the places of its ``pools`` and ``queues``, by name, and how runs rise.

    A run that waits rises by one step of priority whenever it has waited for ``rises_every``.
    """

    pools: Mapping[str, int] = field(default_factory=dict)
    queues: Mapping[str, int] = field(default_factory=dict)
    rises_every: timedelta = timedelta(minutes=10)


DEFAULT_RULES = ClaimRules()


@dataclass(frozen=True, slots=True)
class LimitUse:
    """A limit, how many of its places are used, and how many runs wait that need one.

    ``waiting_accounts`` are the accounts for which most of these wait, with how many; runs without account are no part
    of it.
    """

    kind: LimitKind
    name: str
    limit: int
    used: int
    waiting: int
    waiting_accounts: tuple[tuple[str, int], ...] = ()
