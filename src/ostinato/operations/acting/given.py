"""What verbs may be given besides their targets, and whether what somebody gives is that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, NotRequired, TypeAlias

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from ostinato.actions.encoding import encode
from ostinato.errors import InvalidValue
from ostinato.operations.boosting import HIGHEST


def _to_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("this is beyond what a calendar can tell") from None


Given: TypeAlias = Mapping[str, Any]
Instant = Annotated[AwareDatetime, Field(strict=False), AfterValidator(_to_utc)]
Priority = Annotated[int, Field(ge=-HIGHEST, le=HIGHEST)]

_only = with_config(ConfigDict(extra="forbid", strict=True))


@_only
class Nothing(TypedDict):
    """Verbs that need to know no more than their target."""


@_only
class ForTrigger(TypedDict):
    """Of a definition that is run once: for which account and period, and with which parameters."""

    account: NotRequired[str]
    start: NotRequired[str]
    end: NotRequired[str]
    parameters: NotRequired[dict[str, str]]


@_only
class ForRerun(TypedDict):
    """Whether what was made from the slot runs again after it."""

    downstream: NotRequired[bool]


@_only
class ForSkip(TypedDict):
    """The step that is skipped, by its name or number."""

    step: str


@_only
class ForEditInput(TypedDict):
    """The step, and its whole new input."""

    step: str
    input: dict[str, Any]


@_only
class ForSendEvent(TypedDict):
    """The step, what the event is called and says, and whether it may find nobody."""

    step: str
    event: Annotated[str, Field(min_length=1)]
    payload: NotRequired[Any]
    at: NotRequired[Instant]
    optional: NotRequired[bool]


@_only
class ForAnswer(TypedDict):
    """Yes or no, and the fields that were asked for; the step where several have asked."""

    answer: bool | str
    step: NotRequired[str]
    fields: NotRequired[dict[str, Any]]


@_only
class ForBoost(TypedDict):
    """One priority for all targets, or one for each, by target."""

    priority: NotRequired[Priority]
    priorities: NotRequired[dict[str, Priority]]


def read_given(form: type, given: Given) -> Given:
    """Return what a verb was given, checked; ``InvalidValue`` says what is wrong with it."""
    kept = encode(dict(given), "with")
    try:
        checked: Given = _adapter(form).validate_python(kept)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(["with", *map(str, wrong["loc"])])
        raise InvalidValue(f"{place}: {wrong['msg']}", hint=f"it takes: {', '.join(form.__annotations__)}") from None
    return checked


@cache
def _adapter(form: type) -> TypeAdapter[Any]:
    return TypeAdapter(form)
