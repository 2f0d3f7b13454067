"""The forms of retry policies: those of definitions, and those of their steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from ostinato.documents.fields import Duration, PositiveDuration, as_tuple
from ostinato.documents.forms import Form, Refusal, nearest
from ostinato.model.definitions import RetryKind, RetryRule

_ATTEMPTS = Field(ge=1, le=1_000)


def _read_retry(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value not in set(RetryKind):
        raise Refusal(f"{value!r} is no retry policy", hint=nearest(value, RetryKind))
    return {} if value == RetryKind.NEVER else {value: {}}


ExitCode = Annotated[int, Field(ge=1, le=255)]


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


class StepRetryForm(Form):
    """Whether and when a step that failed is tried again."""

    fixed: FixedForm | None = None
    """Attempts with the same wait between any two."""
    exponential: ExponentialForm | None = None
    """Attempts with waits that grow."""
    series: Annotated[tuple[Duration, ...], Field(min_length=1), BeforeValidator(as_tuple)] | None = None
    """The waits before the second attempt, the third and so on; there is one attempt more than waits."""
    on_exit_codes: Annotated[tuple[ExitCode, ...], Field(min_length=1), BeforeValidator(as_tuple)] | None = None
    """The exit codes that are worth another attempt; left out, every failure is."""

    @model_validator(mode="after")
    def _check_one(self) -> StepRetryForm:
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
        return replace(self._policy, on_exit_codes=codes)

    @property
    def _policy(self) -> RetryRule:
        if self.fixed:
            return RetryRule(RetryKind.FIXED, self.fixed.attempts, self.fixed.wait)
        if self.exponential:
            options = self.exponential
            return RetryRule(
                RetryKind.EXPONENTIAL,
                attempts=options.attempts,
                base=options.base,
                factor=options.factor,
                longest=options.max,
                jitter=options.jitter,
            )
        if self.series:
            return RetryRule(RetryKind.SERIES, len(self.series) + 1, waits=self.series)
        return RetryRule()


class RetryForm(StepRetryForm):
    """Whether and when a slot whose run failed is tried again."""

    lost: Annotated[int, Field(ge=0, le=1_000)] = 10
    """How many attempts may be lost (agent died, machine gone) until it gives up, beside those that fail."""

    @property
    def rule(self) -> RetryRule:
        """Return the rule that is declared."""
        return replace(super().rule, lost_attempts=self.lost)


Retry = Annotated[RetryForm, BeforeValidator(_read_retry, json_schema_input_type=Literal["never"] | RetryForm)]
StepRetry = Annotated[
    StepRetryForm, BeforeValidator(_read_retry, json_schema_input_type=Literal["never"] | StepRetryForm)
]


def write_retry(rule: RetryRule) -> dict[str, Any]:
    """Return the fields by which a rule could be declared in a file; durations stay what they are."""
    policies: Mapping[RetryKind, dict[str, Any]] = {
        RetryKind.NEVER: {},
        RetryKind.FIXED: {"fixed": {"attempts": rule.attempts, "wait": rule.base}},
        RetryKind.EXPONENTIAL: {
            "exponential": {
                "attempts": rule.attempts,
                "base": rule.base,
                "factor": rule.factor,
                "max": rule.longest,
                "jitter": rule.jitter,
            }
        },
        RetryKind.SERIES: {"series": list(rule.waits)},
    }
    codes = {} if rule.on_exit_codes is None else {"on_exit_codes": sorted(rule.on_exit_codes)}
    lost = {} if rule.lost_attempts == RetryRule().lost_attempts else {"lost": rule.lost_attempts}
    return {**policies[rule.kind], **codes, **lost}
