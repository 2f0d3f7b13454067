"""Acting: what the code of a scenario's steps does when it is called, as their scripts say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from tests.conformance.stage import Stage

from ostinato import Action, current_step
from ostinato.testing.factories import NOON

ERRORS: Mapping[str, type[Exception]] = {
    kind.__name__: kind for kind in (RuntimeError, ValueError, OSError, TimeoutError, ConnectionResetError, LookupError)
}


class Colour(Enum):
    """Something to be written as JSON by its value."""

    RED = "red"


@dataclass(frozen=True, slots=True)
class Pair:
    """Something to be written as JSON by its fields."""

    left: int
    right: int


_RETURNS: Mapping[str, Callable[[Action], Any]] = {
    "input": lambda action: dict(action.input),
    "event": lambda action: action.step.event.payload if action.step.event else None,
    "output": lambda action: action.output,
    "context": lambda action: dict(action.step.context),
    "junk": lambda action: {"junk": [1, {2, 3}]},
    "records": lambda action: {
        "day": date(2026, 1, 10),
        "at": NOON,
        "price": Decimal("1.50"),
        "colour": Colour.RED,
        "pair": Pair(1, 2),
    },
}


@dataclass(frozen=True, slots=True)
class Part:
    """What is called: a step of a plan as it is declared, what the journal says behind its name, and which script."""

    plan: str
    name: str
    declared: Mapping[str, Any]
    suffix: str = ""
    kind: str = "script"

    @property
    def scripts(self) -> Mapping[str, Sequence[Any]]:
        """Return its scripts by run, or under no name one for all runs."""
        by_run = self.declared.get("scripts") if self.kind == "script" else None
        return {"": self.declared.get(self.kind, ())} if by_run is None else by_run


class Actor:
    """Does on ``stage`` what scripts say."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def play(self, action: Action | None, part: Part) -> Any:
        """Note a call of a part, and do what the script says for it. A part that plans has no ``action``."""
        step = part.name if action is None else current_step().name.removesuffix(".finalize")
        if not part.declared.get("quiet"):
            given = None if action is None else dict(action.input)
            self._stage.note(f"{step}{part.suffix}", step=part.name, given=given)
        return self._perform(action, step, self._stage.next_acts(part.plan, step, part.kind, part.scripts))

    def _perform(self, action: Action | None, step: str, acts: Sequence[Any]) -> Any:
        """Do one act after the other; those that end the call are the last."""
        for act in acts:
            word, about = _read_act(act)
            match word:
                case "succeed":
                    return about
                case "fail":
                    raise _make_error(about)
                case "hold":
                    self._stage.rest(step, heeds=False)
                case "heed_cancel":
                    self._stage.rest(step, heeds=True)
                    current_step().end_if_cancelled()
                case "return" if action is not None:
                    return _RETURNS[about](action)
                case _ if action is not None:
                    _DEEDS[word](action, about)
                case _:
                    raise ValueError(f"code that plans cannot {word}")
        return None


def _read_act(act: Any) -> tuple[str, Any]:
    if isinstance(act, str):
        return act, None
    ((word, about),) = act.items()
    return word, about


def _suspend(action: Action, about: Mapping[str, Any] | None) -> None:
    given = about or {}
    action.output.update(given.get("output", {}))
    action.step.suspend(until=given.get("for"), timeout=given.get("deadline"))


def _write(action: Action, about: Any) -> None:
    value = action.output if about == "output" else about
    action.step.session.execute("INSERT INTO written VALUES (?)", [value])


_DEEDS: Mapping[str, Callable[[Action, Any], None]] = {
    "suspend": _suspend,
    "progress": lambda action, about: action.step.progress(*about),
    "stream": lambda action, about: action.step.emit(about),
    "write": _write,
}


def _make_error(about: Any) -> Exception:
    return RuntimeError(about) if isinstance(about, str) else ERRORS[about["type"]](about["message"])
