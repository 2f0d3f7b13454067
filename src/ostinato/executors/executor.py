"""What an executor is: it takes work, carries it out at the side, and tells what became of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeAlias

from ostinato.executors.commands import Command, Key
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.work import Outcome

CancelFlag: TypeAlias = threading.Event
"""How a call learns that it is to end: it asks the flag now and then, or waits for it instead of sleeping."""

Call: TypeAlias = Callable[[CancelFlag], Outcome]
"""Work that is carried out in a thread."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Work that is over. Nothing of a command lives any more and its log is closed; a thread may be abandoned.

    ``evidence`` is there for commands. ``unfit`` is a sentence, not empty when the work cannot be carried out here
    though it might be elsewhere: then it has not begun, whatever ``outcome`` says.
    """

    key: Key
    outcome: Outcome
    evidence: Evidence | None = None
    unfit: str = ""


class Executor(Protocol):
    """Carries out commands and calls. To be used by one thread; only ``wake`` is for all.

    Work goes on at any time, but what became of it is taken in by ``wait`` alone. Only ``open``, ``list_left``,
    ``wait``, ``leave`` and ``close`` take time.

    A command outlives whoever began it: killed, or gone by ``leave``. What has become of it is kept for a successor,
    until somebody has it on record and says so by ``forget``.
    """

    def open(self, agent: str) -> None:
        """Serve the agent of this name, which holds it by a lock. To be called once, before all else."""
        ...

    def list_left(self) -> dict[Key, int]:
        """List the commands that predecessors of this agent left here and that are not adopted, with their try numbers.

        They are under way, or have ended and nobody has said that this is on record.
        """
        ...

    def adopt(self, key: Key) -> bool:
        """Go on with a command that a predecessor left, as if this agent had begun it: its end is told by ``wait``.

        ``False`` when nothing is known of it.
        """
        ...

    def forget(self, key: Key) -> None:
        """Throw away what is kept of a command whose end was told: it is on record. Does nothing for other work."""
        ...

    def __len__(self) -> int:
        """Return how much work it has not yet told the end of."""
        ...

    @property
    def abandoned(self) -> int:
        """Return how many threads still carry out a call that nobody waits for any more."""
        ...

    def start_command(self, command: Command) -> None:
        """Begin a command. One that cannot be started ends like any other, with evidence that says why."""
        ...

    def start_call(
        self,
        key: Key,
        call: Call,
        *,
        timeout: timedelta | None = None,
        on_cancel: Callable[[], None] | None = None,
    ) -> None:
        """Have ``call`` carried out in a thread. It begins when one is free; from then on it has ``timeout``.

        ``on_cancel`` is called, once and in another thread, when the call is to end before it has done so by itself.
        """
        ...

    def end(self, key: Key, kind: EndKind, why: str) -> None:
        """Ask work to end, and make it after a while; what has ended, was asked before or is not known is left alone.

        ``kind`` and ``why`` are then what became of it, whatever exit code a command has. A call that comes to its
        end all the same has done so, unless it had taken too long.
        """
        ...

    def kill(self, key: Key, kind: EndKind, why: str) -> None:
        """End work at once: kill a command, abandon a call. A command that a predecessor left is adopted thereby."""
        ...

    def wake_on(self, descriptor: int) -> None:
        """Have ``wait`` come back early whenever ``descriptor`` is readable; its contents are thrown away."""
        ...

    def wake(self) -> None:
        """Have ``wait`` come back early, now or the next time it is called. Any thread may ask, at any time."""
        ...

    def wait(self, seconds: float) -> list[Ended]:
        """Look after the work until some has ended, something woke it, or ``seconds`` have passed."""
        ...

    def leave(self) -> None:
        """Let go of everything: commands go on for a successor to adopt, calls are abandoned. Then as ``close``."""
        ...

    def close(self) -> None:
        """Kill and abandon what is still under way, without a word about it, and give everything back."""
        ...
