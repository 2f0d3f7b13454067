"""Verdicts: what a policy answers. Never a bare yes or no, but every gate that was asked, in order, with its reason.

The engine acts on a verdict and ``ostinato explain`` prints it, so the explanation cannot drift from the behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition: whether it is satisfied, why, what it waits for, and who or what clears it.

    ``earliest`` is the first instant at which it may be satisfied, where that is known; ``None`` means that only an
    event clears it. ``about`` names the definition, account, pool or queue that it is a condition of, where there is
    one: what waits alike has the same ``kind``, and waits for the same if it is ``about`` the same.
    """

    gate: str
    satisfied: bool
    reason: str
    waits_for: tuple[str, ...] = ()
    clears: str = ""
    earliest: datetime | None = None
    about: str = ""

    @property
    def kind(self) -> str:
        """Return which condition it is, without what it is about."""
        return self.gate.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gates of one decision, in the order in which they are asked."""

    gates: tuple[Gate, ...]

    @property
    def ready(self) -> bool:
        """Tell whether every gate is satisfied."""
        return all(gate.satisfied for gate in self.gates)

    @property
    def blocking(self) -> Gate | None:
        """Return the first gate that is not satisfied."""
        return next((gate for gate in self.gates if not gate.satisfied), None)

    @property
    def look_again_at(self) -> datetime | None:
        """Return when the verdict can change by the mere passing of time: the first such instant."""
        return min((gate.earliest for gate in self.gates if not gate.satisfied and gate.earliest), default=None)

    @property
    def earliest_start(self) -> datetime | None:
        """Return before when it cannot start, where every unsatisfied gate knows; ``None`` otherwise."""
        waiting = [gate.earliest for gate in self.gates if not gate.satisfied]
        known = [at for at in waiting if at is not None]
        return max(known) if known and len(known) == len(waiting) else None
