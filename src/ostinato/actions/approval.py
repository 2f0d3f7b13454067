"""Approval: ask a person, and wait without holding anything until one answers or the deadline comes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ostinato.actions.action import Action
from ostinato.actions.encoding import encode
from ostinato.actions.retries import read_duration
from ostinato.documents.forms import nearest
from ostinato.errors import InvalidValue, PlanningError, StepFailed
from ostinato.model.steps import TIMER, Event, Json

ANSWER = "answer"
"""The name of the event that answers, and of the key in it that says yes or no."""
BY = "by"

_TYPES: Mapping[str, type] = {
    "text": str,
    "integer": int,
    "number": float,
    "decimal": Decimal,
    "boolean": bool,
    "date": date,
    "datetime": datetime,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}
_YES_OR_NO: Mapping[Any, str] = {"yes": "yes", "no": "no", True: "yes", False: "no"}


class Approval(Action):
    """Ask a person a question: ``Approval(question="Pay?", fields={"amount": Decimal}, deadline="2d", default="no")``.

    It waits for an event ``answer`` with ``{"answer": "yes" or "no", "by": …}`` and the values of the fields, which
    may be left out with a no. An answer that does not fit is refused, and told in the output. At the deadline the
    default is the answer; without one the step fails. The output says what was answered, by whom and when.
    """

    idempotent = True

    @classmethod
    def prepare_input(cls, given: dict[str, Any]) -> dict[str, Any]:
        prepared = dict(given)
        fields = {name: _name_type(name, kind) for name, kind in (given.get("fields") or {}).items()}
        if fields:
            prepared["fields"] = fields
        if given.get("deadline") is not None:
            prepared["deadline"] = read_duration(given["deadline"])
        if given.get("default") is not None:
            default = given["default"]
            try:
                prepared["default"] = read_answer(
                    default if isinstance(default, Mapping) else {ANSWER: default}, fields
                )
            except InvalidValue as error:
                raise PlanningError(f"the default of an approval: {error.message}", hint=error.hint) from None
        return prepared

    def run(
        self,
        question: str,
        fields: dict[str, str] | None = None,
        deadline: timedelta | None = None,
        default: dict[str, Any] | None = None,
    ) -> Any:
        deadline_at = None if deadline is None else (self.step.now() + deadline).isoformat()
        self.output = {"question": question, "fields": fields or {}, "deadline_at": deadline_at}
        return self._wait()

    def on_event(self, event: Event) -> Any:
        deadline_at = self.output["deadline_at"]
        if event.name == TIMER:
            is_late = deadline_at is not None and self.step.now() >= datetime.fromisoformat(deadline_at)
            return self._take_default() if is_late else self._wait()
        if event.name != ANSWER:
            return self._refuse(event, f"it waits for an event {ANSWER!r}, not {event.name!r}")
        try:
            answer = read_answer(event.payload, self.output["fields"])
        except InvalidValue as error:
            return self._refuse(event, error.message)
        return self._decide(answer, answer.get(BY) or event.sent_by)

    def _take_default(self) -> Any:
        default = self.input.get("default")
        if default is None:
            raise StepFailed(f"nobody answered {self.output['question']!r} by {self.output['deadline_at']}")
        return self._decide(default, "deadline")

    def _decide(self, answer: Mapping[str, Any], by: str) -> dict[str, Any]:
        return {"question": self.output["question"], **answer, BY: by, "at": self.step.now()}

    def _refuse(self, event: Event, problem: str) -> Any:
        self.output["refused"] = {"problem": problem, BY: event.sent_by, "at": self.step.now()}
        return self._wait()

    def _wait(self) -> Any:
        deadline_at = self.output["deadline_at"]
        return self.step.suspend(until=None if deadline_at is None else datetime.fromisoformat(deadline_at))


def read_answer(payload: Json, fields: Mapping[str, str]) -> dict[str, Any]:
    """Check an answer against the fields that were asked for; ``InvalidValue`` says what is wrong with it."""
    if not isinstance(payload, Mapping):
        raise InvalidValue(f"expected a mapping with {ANSWER!r}, not {payload!r}")
    allowed = [ANSWER, BY, *fields]
    for key in payload:
        if key not in allowed:
            raise InvalidValue(f"{key!r} was not asked for", hint=nearest(key, allowed))
    answer = _read_yes_or_no(payload.get(ANSWER))
    missing = [name for name in fields if name not in payload]
    if answer == "yes" and missing:
        raise InvalidValue(f"a yes needs {', '.join(missing)}")
    values = {name: _read_field(name, kind, payload[name]) for name, kind in fields.items() if name in payload}
    by = {BY: str(payload[BY])} if payload.get(BY) else {}
    return {ANSWER: answer, **values, **by}


def _read_yes_or_no(value: object) -> str:
    if isinstance(value, str | bool) and value in _YES_OR_NO:
        return _YES_OR_NO[value]
    raise InvalidValue(f"{ANSWER}: expected 'yes' or 'no', not {value!r}")


def _read_field(name: str, kind: str, value: Any) -> Any:
    try:
        return encode(TypeAdapter[Any](_TYPES[kind]).validate_python(encode(value, name)), name)
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"].replace("Input should", "this should")
        raise InvalidValue(f"{name}: {message}") from None


def _name_type(name: str, kind: object) -> str:
    if name in (ANSWER, BY):
        raise PlanningError(f"a field of an approval cannot be called {name!r}")
    found = kind if isinstance(kind, str) else _NAMES.get(kind) if isinstance(kind, type) else None
    if found is None or found not in _TYPES:
        allowed = ", ".join(known.__name__ for known in _NAMES)
        raise PlanningError(f"the field {name!r} of an approval cannot be {kind!r}", hint=f"allowed: {allowed}")
    return found
