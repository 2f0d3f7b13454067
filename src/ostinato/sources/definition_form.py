"""The form of a definition, as it is declared in files, in Python and as ``defaults``.

Every docstring below a field is published with the JSON Schema, and shown by editors.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from ostinato.calendar import check_time_zone, parse_frequency
from ostinato.documents.fields import (
    Day,
    Duration,
    Name,
    PositiveDuration,
    Text,
    Words,
    as_tuple,
    checked_by,
    read_choice,
)
from ostinato.documents.forms import Form, Refusal, describe, nearest
from ostinato.model.definitions import Matrix, RetryKind, RetryRule, StartKind, StartRule
from ostinato.policies.placeholders import list_placeholders

_ATTEMPTS = Field(ge=1, le=1_000)
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


def read_command(value: object) -> object:
    """Make a tuple of a list of words; refuse a command that is one text, with what to write instead."""
    if not isinstance(value, str):
        return as_tuple(value)
    try:
        words = json.dumps(shlex.split(value), ensure_ascii=False)
    except ValueError:
        words = "[program, argument, …]"
    hint = f"write command: {words}, or shell: with this text if a shell is to read it"
    raise Refusal("a command is a list of words, not a text", hint=hint)


def _read_start(value: object) -> object:
    if isinstance(value, str):
        return {_check_word(value, StartKind, "start policy"): {}}
    if isinstance(value, Mapping):
        return {key: {} if options is None else options for key, options in value.items()}
    return value


def _read_retry(value: object) -> object:
    if isinstance(value, str):
        word = _check_word(value, RetryKind, "retry policy")
        return {} if word == RetryKind.NEVER else {word: {}}
    return value


def _check_word(value: str, words: type[StartKind | RetryKind], what: str) -> str:
    if value not in set(words):
        raise Refusal(f"{value!r} is no {what}", hint=nearest(value, words))
    return value


def _check_variable(name: str) -> str:
    if not name or "=" in name or "\0" in name:
        raise Refusal(f"{name!r} cannot be the name of an environment variable")
    if name.startswith("OSTINATO_"):
        raise Refusal(f"{name} is set by Ostinato itself", hint="choose a name that does not begin with OSTINATO_")
    return name


def _check_no_null(text: str) -> str:
    if "\0" in text:
        raise Refusal("a null character cannot be part of a command")
    return text


Template = Annotated[Text, AfterValidator(_check_no_null), checked_by(list_placeholders)]
"""A text with placeholders."""

Command = Annotated[tuple[Template, ...], Field(min_length=1), BeforeValidator(read_command)]
ExitCode = Annotated[int, Field(ge=1, le=255)]
Zone = Annotated[str, checked_by(check_time_zone), Field(examples=["Europe/London", "UTC"])]
Frequency = Annotated[str, PlainValidator(_read_frequency), WithJsonSchema(_FREQUENCY_SCHEMA)]
MatrixChoice = Annotated[Matrix, PlainValidator(read_choice(Matrix)), WithJsonSchema({"enum": list(Matrix)})]
Variable = Annotated[str, AfterValidator(_check_variable)]


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


class FixedForm(Form):
    """Attempts with the same wait between any two."""

    attempts: Annotated[int, _ATTEMPTS]
    """How many attempts there are at most, the first one included."""
    wait: Duration
    """Time from a failure to the next attempt."""


class ExponentialForm(Form):
    """Attempts with waits that grow."""

    attempts: Annotated[int, _ATTEMPTS]
    """How many attempts there are at most, the first one included."""
    base: PositiveDuration = timedelta(seconds=30)
    """Time from the first failure to the second attempt."""
    max: PositiveDuration | None = None
    """No wait is longer."""
    factor: Annotated[float, Field(ge=1, le=100)] = 2.0
    """How many times longer each wait is than the one before."""
    jitter: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Each wait is lengthened by up to this share of it, so that retries do not come all at once."""

    @model_validator(mode="after")
    def _check_max(self) -> ExponentialForm:
        if self.max is not None and self.max < self.base:
            raise Refusal("max is shorter than base", hint="make max at least as long as base, or leave it out")
        return self


class RetryForm(Form):
    """Whether and when a slot whose run failed is tried again."""

    fixed: FixedForm | None = None
    """Attempts with the same wait between any two."""
    exponential: ExponentialForm | None = None
    """Attempts with waits that grow."""
    series: Annotated[tuple[Duration, ...], Field(min_length=1), BeforeValidator(as_tuple)] | None = None
    """The waits before the second attempt, the third and so on; there is one attempt more than waits."""
    on_exit_codes: Annotated[tuple[ExitCode, ...], Field(min_length=1), BeforeValidator(as_tuple)] | None = None
    """The exit codes that are worth another attempt; left out, every failure is."""
    lost: Annotated[int, Field(ge=0, le=1_000)] = 10
    """How many attempts may be lost (agent died, machine gone) until it gives up, beside those that fail."""

    @model_validator(mode="after")
    def _check_one(self) -> RetryForm:
        policies = [kind for kind in ("fixed", "exponential", "series") if getattr(self, kind) is not None]
        if len(policies) > 1:
            raise Refusal(f"{' and '.join(policies)} exclude each other", hint="keep one of them")
        if self.on_exit_codes and not policies:
            hint = "add fixed, exponential or series"
            raise Refusal("on_exit_codes says when to try again, but not how often", hint=hint)
        return self

    @property
    def rule(self) -> RetryRule:
        """Return the rule that is declared."""
        codes = frozenset(self.on_exit_codes) if self.on_exit_codes else None
        if self.fixed:
            return RetryRule(
                RetryKind.FIXED, self.fixed.attempts, self.fixed.wait, on_exit_codes=codes, lost_attempts=self.lost
            )
        if self.exponential:
            options = self.exponential
            return RetryRule(
                RetryKind.EXPONENTIAL,
                attempts=options.attempts,
                base=options.base,
                factor=options.factor,
                longest=options.max,
                jitter=options.jitter,
                on_exit_codes=codes,
                lost_attempts=self.lost,
            )
        if self.series:
            attempts = len(self.series) + 1
            return RetryRule(
                RetryKind.SERIES, attempts, waits=self.series, on_exit_codes=codes, lost_attempts=self.lost
            )
        return RetryRule(lost_attempts=self.lost)


_StartWord = Literal["after_success", "after_completion", "at_start", "manual"]
Start = Annotated[StartForm, BeforeValidator(_read_start, json_schema_input_type=_StartWord | StartForm)]
Retry = Annotated[RetryForm, BeforeValidator(_read_retry, json_schema_input_type=Literal["never"] | RetryForm)]


class DefinitionForm(Form):
    """Work to do: a command, how often, after what, and what happens when it fails."""

    command: Annotated[Command, Field(examples=[["python", "-m", "shop.sales", "--account", "{account}"]])] | None = (
        None
    )
    """The program and its arguments, with placeholders such as {account} and {start_date}. No shell is involved."""
    shell: Annotated[Template, Field(examples=["gzip -c in > out"])] | None = None
    """A text for /bin/sh, instead of a command."""
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
    reads_from: Words = ()
    """The data that it reads. It depends on every definition that writes any of them."""
    writes_to: Words = ()
    """The data that it writes."""
    queue: Name = "default"
    """The queue that its runs wait in; agents take runs from the queues that they are told to."""
    priority: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0
    """Runs of a higher priority are taken first."""
    start_before: PositiveDuration | None = None
    """How long after it was due a run may still start; later it fails instead."""
    time_limit: PositiveDuration | None = None
    """How long a run may take; then it is stopped."""
    working_directory: Template | None = None
    """Where the command starts; a relative path starts in the project folder."""
    environment: dict[Variable, Template] = Field(default_factory=dict)
    """Environment variables for the command, beside those of the agent. Those of defaults are kept, too."""
    active: bool = True
    """Whether its slots run. They exist in any case."""
    description: str = ""
    """What it is for, in a sentence for people."""
