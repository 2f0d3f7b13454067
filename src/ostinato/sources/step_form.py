"""The form of the steps of a definition: a mapping from names, or a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter, WithJsonSchema, WrapValidator

from ostinato.documents.fields import Name, PositiveDuration, Words
from ostinato.documents.forms import Refusal
from ostinato.sources.retry_form import StepRetry, StepRetryForm
from ostinato.sources.work_form import RescueChoice, Template, Variable, WorkForm

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_LONGEST_NAME = 200


def _check_step_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        hint = "begin with a letter (a to z), a digit or _, and go on with these and -"
        raise Refusal(f"{name!r} cannot be the name of a step", hint=hint)
    if len(name) > _LONGEST_NAME:
        raise Refusal(f"a name has at most {_LONGEST_NAME} characters, not {len(name)}")
    return name


StepName = Annotated[
    str,
    AfterValidator(_check_step_name),
    WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$", "maxLength": _LONGEST_NAME}),
]


class StepForm(WorkForm):
    """A step: a command or an action. Steps that wait for no other run side by side."""

    name: StepName | None = None
    """What it is called, where steps are a list; in a mapping the name is the key."""
    needs: Words = ()
    """The steps whose success it waits for. Where it uses {steps.NAME.KEY}, a part of the output of the step NAME,
    it needs that step anyway."""
    after: Words = ()
    """The steps whose end it waits for, also when they are skipped."""
    retry: StepRetry = StepRetryForm()
    """Whether and when it is tried again within its run, before the run fails."""
    timeout: PositiveDuration | None = None
    """How long a try may take; then it is ended, and has failed."""
    rescue: RescueChoice | None = None
    """What is done when it has failed and nothing else can go on: fail ends the run, skip goes on without it and all
    that needs it, pause waits for a person. Left out, it is what the definition says."""
    idempotent: bool = False
    """Whether it may simply be started again when its agent was lost while it ran."""
    queue: Name | None = None
    """The queue whose agents carry it out. Left out, it is that of the definition."""
    working_directory: Template | None = None
    """Where the command starts. Left out, it is where the definition says."""
    environment: dict[Variable, Template] = Field(default_factory=dict)
    """Environment variables for the command, beside those of the definition."""


_Mapping = Annotated[dict[StepName, StepForm], Field(min_length=1)]
_List = Annotated[tuple[StepForm, ...], Field(min_length=1)]
_MAPPING: TypeAdapter[dict[str, StepForm]] = TypeAdapter(_Mapping)
_LIST: TypeAdapter[tuple[StepForm, ...]] = TypeAdapter(_List)


def _read_steps(value: object, _: object) -> Mapping[str, StepForm] | tuple[StepForm, ...]:
    """Read one of the two forms: tried one after the other, each would tell what is wrong for the other."""
    return _LIST.validate_python(value) if isinstance(value, list) else _MAPPING.validate_python(value)


Steps = Annotated[_Mapping | _List, WrapValidator(_read_steps)]
