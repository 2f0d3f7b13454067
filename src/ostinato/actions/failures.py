"""Failures: what is kept of an exception in the code of users, as the error of a step."""

from __future__ import annotations

from pathlib import Path
from traceback import TracebackException

from ostinato.actions.names import name_type
from ostinato.model.runs import EndKind
from ostinato.model.steps import StepError

_OURS = str(Path(__file__).parent)
_LONGEST = 20_000


def make_error(error: BaseException) -> StepError:
    """Make a step's error of an exception; its traceback is without our own frames."""
    story = TracebackException.from_exception(error)
    _drop_our_frames(story)
    traceback = "".join(story.format())
    if len(traceback) > _LONGEST:
        traceback = f"…{traceback[-_LONGEST:]}"
    names = [name_type(kind) for kind in type(error).__mro__]
    return StepError(
        kind=EndKind.RAISED,
        message=_describe(error),
        type=names[0],
        traceback=traceback,
        bases=tuple(names[1:]),
    )


def _describe(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an exception that cannot even say what it is
        text = ""
    return text or type(error).__name__


def _drop_our_frames(story: TracebackException) -> None:
    story.stack[:] = [frame for frame in story.stack if not frame.filename.startswith(_OURS)]
    for other in (story.__cause__, story.__context__, *(story.exceptions or ())):
        if other is not None:
            _drop_our_frames(other)
