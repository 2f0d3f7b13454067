"""One call: what is to be done, where it stands, what it answers, and what is made of that."""

from __future__ import annotations

import math
import threading
import traceback
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import TypeAlias

from ostinato.errors import ActionNotFound
from ostinato.executors.commands import Key
from ostinato.executors.executor import Call, CancelFlag, Ended
from ostinato.model.evidence import EndKind
from ostinato.model.steps import StepError
from ostinato.model.work import Cancelled, Failed, Outcome, Succeeded, Suspended

Answer: TypeAlias = Outcome | ActionNotFound
"""What comes of carrying a call out: an outcome, or that this cannot be done here."""


class Stage(Enum):
    """Where a call stands: not begun, in the hands of a thread, over, or in the hands of a thread nobody waits for."""

    WAITING = auto()
    UNDER_WAY = auto()
    OVER = auto()
    ABANDONED = auto()


@dataclass(slots=True, eq=False)
class CallInHand:
    """A call that an executor has taken. ``due_at`` is when it has taken too long, or has been patient enough."""

    key: Key
    call: Call
    timeout: timedelta | None
    on_cancel: Callable[[], None] | None
    flag: CancelFlag = field(default_factory=threading.Event)
    stage: Stage = Stage.WAITING
    ending: tuple[EndKind, str] | None = None
    due_at: float = math.inf


def carry_out(call: CallInHand) -> Answer:
    """Carry a call out, here and now. Whatever it raises is a failure, and so is an answer that is no outcome."""
    try:
        outcome: object = Context().run(call.call, call.flag)  # what it sets in its context stays its own
    except ActionNotFound as error:
        return error
    except BaseException as error:  # noqa: BLE001  not even SystemExit may end a thread of ours
        return Failed(_describe(error))
    if isinstance(outcome, Succeeded | Failed | Suspended | Cancelled):
        return outcome
    return Failed(StepError(EndKind.RAISED, f"it answered with {type(outcome).__qualname__}, which is no outcome"))


def judge(call: CallInHand, answer: Answer) -> Ended:
    """Return what became of a call that has answered, though perhaps only after it was asked to end.

    What is done is done: success stands, and so does having suspended itself unless it was cancelled. Any other answer
    is put down to being ended. A call that took too long has failed, whatever it answers.
    """
    if call.ending is None:
        if isinstance(answer, ActionNotFound):
            reason = answer.message
            return Ended(call.key, Failed(StepError(EndKind.NOT_STARTED, reason)), unfit=reason)
        return Ended(call.key, answer)
    kind, why = call.ending
    stands = {EndKind.TIME_LIMIT: (), EndKind.CANCELLED: (Succeeded,)}.get(kind, (Succeeded, Suspended))
    return Ended(call.key, answer) if isinstance(answer, stands) else Ended(call.key, forced_outcome(kind, why))


def forced_outcome(kind: EndKind, why: str) -> Outcome:
    """Return what became of a call that was made to end."""
    return Cancelled(why) if kind is EndKind.CANCELLED else Failed(StepError(kind, why))


def _describe(error: BaseException) -> StepError:
    sentence = traceback.format_exception_only(error)[-1].strip()
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return StepError(EndKind.RAISED, sentence, type=name, traceback="".join(traceback.format_exception(error)))
