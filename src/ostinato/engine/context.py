"""What every step is given: the instant, who acts, the settings, and what is declared."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ostinato.model.accounts import DeclaredAccount
from ostinato.model.definitions import DeclaredDefinition
from ostinato.model.engine import Changes
from ostinato.policies.alignment import Load, RemovalLimit

BEFORE_ALL_TIME = datetime.min.replace(tzinfo=UTC)

BATCH = 1_000
"""How many rows a step takes on in one transaction."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What the steps may be set to."""

    create_ahead: timedelta = timedelta(days=10)
    heartbeat_timeout: timedelta = timedelta(seconds=60)
    retention: timedelta = timedelta(days=400)
    passes_kept: timedelta = timedelta(days=1)
    removals: RemovalLimit = field(default_factory=RemovalLimit)


@dataclass(frozen=True, slots=True)
class Desired:
    """What the sources declare, as last loaded."""

    accounts: tuple[Load[DeclaredAccount], ...] = ()
    definitions: tuple[Load[DeclaredDefinition], ...] = ()


@dataclass(slots=True)
class ChangeLog:
    """What the steps of a pass add, change and remove, by kind of row: for ``ostinato diff``.

    ``removed_slots`` and ``removed_runs`` count what goes with removed rows; ``held_back`` names what waits for a
    confirmation, ``errors`` what could not be followed.
    """

    rows: dict[str, Changes] = field(default_factory=dict)
    added_slots: int = 0
    removed_slots: int = 0
    removed_runs: int = 0
    held_back: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Context:
    """The circumstances of one pass. ``now`` is read once; ``actor`` is who stands in the history.

    ``listening_since`` is when the engine began to listen to its agents, without a break until now; ``None`` where they
    are taken at the word of their rows.
    """

    now: datetime
    actor: str
    settings: EngineSettings = field(default_factory=EngineSettings)
    listening_since: datetime | None = None
    changes: ChangeLog = field(default_factory=ChangeLog)

    def silent_since(self, span: timedelta) -> datetime:
        """Return the instant since which an agent has said nothing that is silent for ``span``.

        It is before all time while the engine has not listened for so long: who could not be heard is not silent.
        """
        since = self.now - span
        has_listened = self.listening_since is None or self.listening_since <= since
        return since if has_listened else BEFORE_ALL_TIME
