"""Options: what is declared of an action beside its code, in the words in which it is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal, TypeAlias, TypedDict

from ostinato.actions.middleware import Middleware
from ostinato.actions.names import name_callable, name_type
from ostinato.actions.retries import read_duration
from ostinato.documents.forms import nearest
from ostinato.errors import PlanningError
from ostinato.model.definitions import RetryRule
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import Rescue, StepRules

Pause = Rescue.PAUSE
Skip = Rescue.SKIP
Fail = Rescue.FAIL

RescueLike: TypeAlias = Rescue | Literal["pause", "skip", "fail"]


class Singleton(StrEnum):
    """What becomes of a run while another of the same key lives."""

    WAIT = "wait"
    REFUSE = "refuse"


class UseOptions(TypedDict, total=False):
    """What may be said of one use of an action, too."""

    name: str
    retry: RetryRule | None
    retry_on: tuple[type[BaseException], ...]
    timeout: timedelta | str | None
    queue: str | None
    rescue: RescueLike
    rescue_planned: RescueLike | None
    idempotent: bool
    weight: float


class ActionOptions(TypedDict, total=False):
    """What may be said of an action."""

    retry: RetryRule | None
    retry_on: tuple[type[BaseException], ...]
    timeout: timedelta | str | None
    queue: str | None
    rescue: RescueLike
    rescue_planned: RescueLike | None
    idempotent: bool
    weight: float
    singleton: bool | Literal["wait", "refuse"]
    singleton_key: Callable[..., Any] | None
    hooks: Mapping[str, Callable[..., Any] | Iterable[Callable[..., Any]]]
    session: Callable[[], Any] | None
    subscribes_to: Any
    middleware: tuple[type[Middleware], ...]


@dataclass(frozen=True, slots=True)
class Options:
    """All that is declared of an action beside its code, read and checked.

    ``hooks`` are names of functions, by the status that a run has come to. ``session`` makes the context manager that
    is entered around all finalize steps of what the action plans.
    """

    retry: RetryRule = field(default_factory=RetryRule)
    retry_on: tuple[str, ...] = ()
    timeout: timedelta | None = None
    queue: str | None = None
    rescue: Rescue = Pause
    rescue_planned: Rescue | None = None
    idempotent: bool = False
    weight: float = 1.0
    singleton: Singleton | None = None
    singleton_key: Callable[..., Any] | None = None
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    session: Callable[[], Any] | None = None
    middleware: tuple[type[Middleware], ...] = ()

    def make_rules(self, *, heeds_skip: bool, heeds_cancel: bool) -> StepRules:
        """Return the rules of a step that runs the action."""
        return StepRules(
            retry=self.retry,
            retry_on=self.retry_on,
            timeout=self.timeout,
            rescue=self.rescue,
            idempotent=self.idempotent,
            weight=self.weight,
            heeds_skip=heeds_skip,
            heeds_cancel=heeds_cancel,
        )


def change_options(options: Options, owner: str, declared: Mapping[str, Any]) -> Options:
    """Return ``options`` with what is ``declared`` of ``owner`` put in. ``PlanningError`` says what is wrong."""
    changes = {}
    for name, value in declared.items():
        if name not in _READERS:
            raise PlanningError(f"{owner}: {name!r} is no option", hint=nearest(name, _READERS))
        try:
            changes[name] = _READERS[name](value)
        except PlanningError as error:
            raise PlanningError(f"{owner}: {name}: {error.message}", hint=error.hint) from None
    return replace(options, **changes)


def list_options() -> tuple[str, ...]:
    """Return the names of all options that are read here."""
    return tuple(_READERS)


def _read_retry(value: object) -> RetryRule:
    if value is None:
        return RetryRule()
    if not isinstance(value, RetryRule):
        raise PlanningError(f"{value!r} is no retry rule", hint="use fixed(…), exponential(…) or series(…)")
    return value


def _read_exceptions(value: object) -> tuple[str, ...]:
    kinds = value if isinstance(value, tuple | list) else (value,)
    for kind in kinds:
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise PlanningError(f"{kind!r} is no class of exceptions", hint="write retry_on=(OSError,)")
    return tuple(name_type(kind) for kind in kinds)


def _read_timeout(value: timedelta | str | None) -> timedelta | None:
    return None if value is None else read_duration(value)


def _read_queue(value: object) -> str | None:
    if value is None or (isinstance(value, str) and value):
        return value
    raise PlanningError(f"{value!r} is no name of a queue")


def _read_rescue(value: Any) -> Rescue:
    try:
        return Rescue(value)
    except ValueError:
        raise PlanningError(f"{value!r} is no rescue strategy", hint="use Pause, Skip or Fail") from None


def _read_optional_rescue(value: object) -> Rescue | None:
    return None if value is None else _read_rescue(value)


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise PlanningError(f"expected True or False, not {value!r}")
    return value


def _read_weight(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise PlanningError(f"a weight is a number above 0, not {value!r}")
    return float(value)


def _read_singleton(value: Any) -> Singleton | None:
    if isinstance(value, bool) or value is None:
        return Singleton.WAIT if value else None
    try:
        return Singleton(value)
    except ValueError:
        raise PlanningError(f"expected True, 'wait' or 'refuse', not {value!r}") from None


def _read_callable(value: object) -> Callable[..., Any] | None:
    if value is None or callable(value):
        return value
    raise PlanningError(f"{value!r} cannot be called")


def _read_hooks(value: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    statuses = [status.value for status in RunStatus]
    for status in value:
        if status not in statuses:
            raise PlanningError(f"{status!r} is no status of a run", hint=nearest(status, statuses))
    return {str(status): _name_all(hooks) for status, hooks in value.items()}


def _name_all(hooks: Any) -> tuple[str, ...]:
    return tuple(name_callable(hook) for hook in (hooks if isinstance(hooks, list | tuple) else [hooks]))


def _read_middleware(value: object) -> tuple[type[Middleware], ...]:
    chosen = value if isinstance(value, tuple | list) else (value,)
    for one in chosen:
        if not (isinstance(one, type) and issubclass(one, Middleware)):
            raise PlanningError(f"{one!r} is no class of middleware")
    return tuple(chosen)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "retry": _read_retry,
    "retry_on": _read_exceptions,
    "timeout": _read_timeout,
    "queue": _read_queue,
    "rescue": _read_rescue,
    "rescue_planned": _read_optional_rescue,
    "idempotent": _read_flag,
    "weight": _read_weight,
    "singleton": _read_singleton,
    "singleton_key": _read_callable,
    "hooks": _read_hooks,
    "session": _read_callable,
    "middleware": _read_middleware,
}
