"""What came of a simulation."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from ostinato.simulation.scripts import Script
from ostinato.simulation.witness import Breach


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a simulation: how much happened, what was breached, and the story of it."""

    script: Script
    turns: int
    commits: int
    faults: int
    breaches: tuple[Breach, ...]
    story: tuple[str, ...]

    def breaks(self, invariant: int) -> bool:
        """Tell whether this invariant was breached."""
        return any(breach.invariant == invariant for breach in self.breaches)

    @property
    def digest(self) -> str:
        """Return what is the same for the same story alone."""
        return sha256("\n".join(self.story).encode()).hexdigest()
