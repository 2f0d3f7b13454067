"""The director's language: what it is asked to decide on, and what it answers. Values alone.

An *order* asks for a run to be carried out, a *work item* is handed out for it, an *outcome* comes back. A *decision*
holds changes, to be recorded in one transaction, and work items, to be handed out when that is done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ostinato.model.changes import Change, RunMoved
from ostinato.model.evidence import EndKind
from ostinato.model.runs import RunRules
from ostinato.model.steps import Event, Step
from ostinato.model.work import WorkItem

ABNORMAL = "abnormal termination: its agent ended while it ran"


@dataclass(frozen=True, slots=True)
class Order:
    """A claimed run that is to be carried out.

    ``steps`` is its plan; ``stored`` tells that the store has it already, as it does for all runs but those that are
    planned right now. ``events`` are those that wait for its steps, in the order in which they were sent, with those
    that a step had in hand when it was interrupted. At ``deadline_at`` the run as a whole has taken longer than its
    ``time_limit``. ``cancel`` says why it is to be cancelled, where that was asked for while nobody had it in hand.
    ``rules`` are what the run's action declared when another run made that plan; where ``asked_for``, they were noted
    when somebody asked for the run, and what planning it says of them is not.
    ``under_way`` are those of its running steps that are still being carried out, though the agent which began them has
    ended: what becomes of them is awaited. ``interrupted`` is said of all others that were under way when the run was
    last in hand; where ``begun`` is false it is certain that their work items never reached an executor.
    """

    run_id: int
    queue: str
    steps: tuple[Step, ...]
    stored: bool = True
    events: tuple[Event, ...] = ()
    deadline_at: datetime | None = None
    time_limit: timedelta | None = None
    halted: bool = False
    cancel: str = ""
    rules: RunRules = field(default_factory=RunRules)
    asked_for: bool = False
    under_way: frozenset[int] = frozenset()
    interrupted: str = ABNORMAL
    begun: bool = True


@dataclass(frozen=True, slots=True)
class Stop:
    """Work under way for a step is to be ended: asked first, forced after a while. Its outcome still comes."""

    run_id: int
    step: int
    kind: EndKind
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the director answers about one run.

    ``changes`` are recorded in one transaction; then ``work`` is handed out and ``stops`` are carried out. A request
    that cannot be followed has a ``refusal`` and nothing else, unless there is something to record about it.
    """

    run_id: int
    changes: tuple[Change, ...] = ()
    work: tuple[WorkItem, ...] = ()
    stops: tuple[Stop, ...] = ()
    refusal: str = ""

    @property
    def takes_turn(self) -> bool:
        """Tell whether the run is let go of for nothing but its singleton."""
        return any(isinstance(change, RunMoved) and change.takes_turn for change in self.changes)
