"""The form of a definition, as it is declared in files, in Python and as ``defaults``.

Every docstring below a field is published with the JSON Schema, and shown by editors.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from ostinato.calendar import check_time_zone, parse_frequency
from ostinato.documents.fields import Day, Duration, Name, Places, PositiveDuration, Words, checked_by, read_choice
from ostinato.documents.forms import Form, Refusal, describe, nearest
from ostinato.model.definitions import Matrix, RetryFrom, StartKind, StartRule
from ostinato.sources.retry_form import Retry, RetryForm
from ostinato.sources.step_form import Steps
from ostinato.sources.work_form import RescueChoice, Template, Variable, WorkForm

WORK = frozenset({"command", "shell", "action", "inputs", "steps"})
"""The keys that say what is done, and not when or how."""

_ONE_KEY = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})


def _one_text(key: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {key: {"type": "string"}},
        "required": [key],
        "additionalProperties": False,
    }


_FREQUENCY_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"enum": ["hourly", "daily", "weekly", "monthly", "yearly"]},
        _one_text("every"),
        _one_text("cron"),
    ],
    "examples": ["daily", {"every": "15m"}, {"cron": "0 6 * * 1-5"}],
}


def _read_frequency(value: object) -> str:
    if not isinstance(value, str | Mapping):
        raise Refusal(f"expected a frequency, not {describe(value)}", hint="write daily, {every: 15m} or {cron: …}")
    try:
        return parse_frequency(value).key
    except ValueError as error:
        raise Refusal.of(error) from None


def _read_start(value: object) -> object:
    if isinstance(value, str):
        if value not in set(StartKind):
            raise Refusal(f"{value!r} is no start policy", hint=nearest(value, StartKind))
        return {value: {}}
    if isinstance(value, Mapping):
        return {key: {} if options is None else options for key, options in value.items()}
    return value


Zone = Annotated[str, checked_by(check_time_zone), Field(examples=["Europe/London", "UTC"])]
Frequency = Annotated[str, PlainValidator(_read_frequency), WithJsonSchema(_FREQUENCY_SCHEMA)]
MatrixChoice = Annotated[Matrix, PlainValidator(read_choice(Matrix)), WithJsonSchema({"enum": list(Matrix)})]
RetryFromChoice = Annotated[
    RetryFrom, PlainValidator(read_choice(RetryFrom)), WithJsonSchema({"enum": list(RetryFrom)})
]


class DelayForm(Form):
    """How long a slot waits although it could start."""

    delay: Duration = timedelta(0)
    """Time that passes between the moment at which the slot could start and its start."""


class NoOptions(Form):
    """Nothing can be said here."""


class StartForm(Form):
    """When a slot starts: one start policy, with its options."""

    model_config = _ONE_KEY

    after_success: DelayForm | None = None
    """When its period is over and all that it depends on has succeeded."""
    after_completion: DelayForm | None = None
    """When its period is over and all that it depends on has ended, in success or not."""
    at_start: DelayForm | None = None
    """When its period starts, whatever it depends on."""
    manual: NoOptions | None = None
    """When somebody asks for it."""

    @model_validator(mode="after")
    def _check_one(self) -> StartForm:
        if len(self.model_fields_set) != 1:
            raise Refusal("expected one start policy", hint=nearest("", StartKind))
        return self

    @property
    def rule(self) -> StartRule:
        """Return the rule that is declared."""
        (kind,) = self.model_fields_set
        options = getattr(self, kind)
        return StartRule(StartKind(kind), options.delay if isinstance(options, DelayForm) else timedelta(0))


_StartWord = Literal["after_success", "after_completion", "at_start", "manual"]
Start = Annotated[StartForm, BeforeValidator(_read_start, json_schema_input_type=_StartWord | StartForm)]


class DefinitionForm(WorkForm):
    """Work to do: a command, an action or steps, how often, after what, and what happens when it fails."""

    steps: Steps | None = None
    """Several commands and actions, by name, each with what it waits for; instead of a command."""
    frequency: Frequency = "daily"
    """How often: the length of the periods of its slots."""
    matrix: MatrixChoice = Matrix.NONE
    """What multiplies it: account means a slot for each account in each period."""
    time_zone: Zone | None = None
    """The time zone of its periods. Left out, it is the account's, or UTC where there is none."""
    starts_on: Day | None = None
    """The first day; a day in the past makes a backfill. An account that starts later begins later.

    Left out, and where the account has none either, slots begin with the period in which they are first seen."""
    ends_on: Day | None = None
    """The last day."""
    start: Start = StartForm(after_success=DelayForm())
    """When its slots start."""
    retry: Retry = RetryForm()
    """Whether and when a slot whose run failed is tried again."""
    retry_from: RetryFromChoice = RetryFrom.FAILED_STEP
    """Where the next attempt begins: start does all steps again, failed_step only those that were not completed."""
    rescue: RescueChoice | None = None
    """What is done about a failed step when nothing else can go on: fail (the default), skip or pause."""
    reads_from: Words = ()
    """The data that it reads. It depends on every definition that writes any of them."""
    writes_to: Words = ()
    """The data that it writes."""
    queue: Name = "default"
    """The queue that its runs wait in; agents take runs from the queues that they are told to."""
    priority: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0
    """Runs of a higher priority are taken first."""
    concurrency: Places | None = None
    """How many of its runs may be carried out at the same time, on all agents."""
    uses: dict[Name, Places] = Field(default_factory=dict)
    """How many places a run of it takes of pools that the project file declares, by name: {warehouse: 1}."""
    start_before: PositiveDuration | None = None
    """How long after it was due a run may still start; later it fails instead."""
    time_limit: PositiveDuration | None = None
    """How long a run may take; then it is stopped."""
    working_directory: Template | None = None
    """Where commands start; a relative path starts in the project folder."""
    environment: dict[Variable, Template] = Field(default_factory=dict)
    """Environment variables for commands, beside those of the agent. Those of defaults are kept, too."""
    active: bool = True
    """Whether its slots run. They exist in any case."""
    description: str = ""
    """What it is for, in a sentence for people."""

    @property
    def kinds(self) -> list[str]:
        """Return the keys by which it says what to do; one, if it is right."""
        return [*super().kinds, *(() if self.steps is None else ("steps",))]
