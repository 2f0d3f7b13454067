"""Incidents: what happens to an installation from outside, and when. Values alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ostinato.simulation.database import Point


class Kind(StrEnum):
    """What may happen."""

    CRASH = "crash"
    FREEZE = "freeze"
    LOSE_ANSWER = "lose answer"
    STOP = "stop"
    REBOOT = "reboot"
    OUTAGE = "outage"
    CUT_OFF = "cut off"
    SET_CLOCK = "set clock"
    BREAK_SOURCE = "break source"
    LOSE_ROWS = "lose rows"
    MEND_SOURCE = "mend source"
    DECLARE = "declare"
    WITHDRAW = "withdraw"
    CHANGE = "change"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    TRIGGER = "trigger"
    SEND = "send"
    SEND_TWICE = "send twice"
    SEND_LATER = "send later"
    CANCEL = "cancel"
    HALT = "halt"
    RESUME = "resume"
    SKIP = "skip"
    GIVE_UP = "give up"
    RETRY = "retry"
    RERUN = "rerun"
    RERUN_DOWNSTREAM = "rerun downstream"
    ACCEPT = "accept"


POINTED = frozenset({Kind.CRASH, Kind.FREEZE, Kind.LOSE_ANSWER})
"""What happens to a process at one of its transactions."""

FAULTS = frozenset(
    {*POINTED, Kind.STOP, Kind.REBOOT, Kind.OUTAGE, Kind.CUT_OFF, Kind.SET_CLOCK, Kind.BREAK_SOURCE, Kind.LOSE_ROWS}
    | {Kind.SEND_TWICE, Kind.SEND_LATER}
)
"""What is a fault, and not something that anybody might want to do."""

HARMS_PROCESSES = (Kind.CRASH, Kind.CRASH, Kind.CRASH, Kind.FREEZE, Kind.FREEZE, Kind.LOSE_ANSWER, Kind.STOP)
HARMS_MACHINES = (Kind.REBOOT, Kind.CUT_OFF, Kind.SET_CLOCK)
TOUCHES_SOURCES = (Kind.BREAK_SOURCE, Kind.LOSE_ROWS, Kind.MEND_SOURCE, Kind.DECLARE, Kind.WITHDRAW, Kind.CHANGE)
ACTS_OF_PEOPLE = (
    *(Kind.SEND, Kind.SEND, Kind.SEND_TWICE, Kind.SEND_LATER, Kind.RESUME, Kind.RESUME, Kind.CANCEL, Kind.CANCEL),
    *(Kind.HALT, Kind.SKIP, Kind.GIVE_UP, Kind.RETRY, Kind.RERUN, Kind.RERUN_DOWNSTREAM, Kind.ACCEPT),
    *(Kind.PAUSE, Kind.UNPAUSE, Kind.TRIGGER),
)


PERSON_NAME = "person"
"""What the program that a person uses is called, as a target; it is not always there."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happens at a turn. ``target`` is what it happens to, where that is known beforehand.

    ``amount`` is how much of it: seconds, or which of several. What is ``POINTED`` happens at the ``nth`` time that the
    target comes to ``point``.
    """

    turn: int
    kind: Kind
    target: str = ""
    amount: int = 0
    point: Point | None = None
    nth: int = 1

    def __str__(self) -> str:
        at = "" if self.point is None else f" {self.point}, time {self.nth}"
        words = [str(self.kind), self.target, str(self.amount) if self.amount else ""]
        return " ".join(word for word in words if word) + at
