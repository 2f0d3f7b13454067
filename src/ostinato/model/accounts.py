"""Accounts: for whom the work is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from ostinato.model.versions import content_version


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A window, half-open and in UTC, in which nothing of an account starts; an open end is ``None``."""

    starts_at: datetime | None
    ends_at: datetime | None

    def covers(self, at: datetime) -> bool:
        """Tell whether ``at`` lies in the window."""
        return (self.starts_at is None or self.starts_at <= at) and (self.ends_at is None or at < self.ends_at)


@dataclass(frozen=True, slots=True)
class DeclaredAccount:
    """An account as its source declares it.

    At most ``concurrency`` of its runs are carried out at a time. ``weight`` is its share of what accounts compete for.
    """

    token: str
    time_zone: str = "UTC"
    starts_on: date | None = None
    active: bool = True
    maintenance: Maintenance | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    weight: float = 1.0
    concurrency: int | None = None

    @property
    def version(self) -> str:
        """Return the hash of all that is declared."""
        return content_version(self)


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the store knows it."""

    id: int
    declared: DeclaredAccount
    source: str
    paused_at: datetime | None = None
    paused_by: str | None = None
    pause_reason: str | None = None

    @property
    def token(self) -> str:
        return self.declared.token
