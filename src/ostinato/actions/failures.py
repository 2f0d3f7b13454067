"""Failures: what is kept of an exception in the code of users, as the error of a step."""

from __future__ import annotations

from pathlib import Path
from traceback import TracebackException

from ostinato.actions.names import name_type
from ostinato.errors import OstinatoError
from ostinato.model.evidence import EndKind
from ostinato.model.steps import StepError

_OURS = str(Path(__file__).parents[1])
_THEIRS = str(Path(_OURS) / "examples")
"""Code of users that travels with the package."""
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
    """Say in one sentence what went wrong. A missing key alone says nothing: it comes with the name of its error."""
    if isinstance(error, OstinatoError):
        return f"{error.message}; {error.hint}" if error.hint else error.message
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an exception that cannot even say what it is
        text = ""
    name = type(error).__name__
    return f"{name}: {text}" if text and isinstance(error, KeyError) else text or name


def _drop_our_frames(story: TracebackException) -> None:
    story.stack[:] = [frame for frame in story.stack if not _is_ours(frame.filename)]
    for other in (story.__cause__, story.__context__, *(story.exceptions or ())):
        if other is not None:
            _drop_our_frames(other)


def _is_ours(filename: str) -> bool:
    return filename.startswith(_OURS) and not filename.startswith(_THEIRS)
