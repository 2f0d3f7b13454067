"""Actions as classes: the base of all of them, also of those that are written as functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from inspect import isabstract
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, Unpack

from ostinato.actions.context import StepContext
from ostinato.actions.current import find_planning
from ostinato.actions.middleware import Middleware
from ostinato.actions.options import Pause, RescueLike, UseOptions
from ostinato.actions.traits import Traits, read_traits
from ostinato.actions.uses import Use
from ostinato.errors import NotPossible, PlanningError
from ostinato.model.definitions import RetryRule
from ostinato.model.steps import Event


class Action:
    """A unit of work. A subclass defines ``run``, and more where it wants to; its options are class attributes.

    Within a plan ``Publish(x=1)`` plans it and returns a reference to its output; elsewhere it makes an instance, for
    tests of its methods. ``input`` is what its run is given; ``output`` is kept from call to call, and is what becomes
    of it unless ``run`` returns something.
    """

    retry: ClassVar[RetryRule | None] = None
    retry_on: ClassVar[tuple[type[BaseException], ...]] = ()
    timeout: ClassVar[timedelta | str | None] = None
    queue: ClassVar[str | None] = None
    rescue: ClassVar[RescueLike] = Pause
    rescue_planned: ClassVar[RescueLike | None] = None
    idempotent: ClassVar[bool] = False
    weight: ClassVar[float] = 1.0
    singleton: ClassVar[bool | Literal["wait", "refuse"]] = False
    singleton_key: ClassVar[Callable[..., Any] | None] = None
    hooks: ClassVar[Mapping[str, Callable[..., Any] | Iterable[Callable[..., Any]]]] = {}
    session: ClassVar[Callable[[], Any] | None] = None
    subscribes_to: ClassVar[Any] = ()
    middleware: ClassVar[tuple[type[Middleware], ...]] = ()

    traits: ClassVar[Traits]
    function: ClassVar[Callable[..., Any] | None] = None
    """The function that it was written as, if it was."""
    action_name: ClassVar[str] = ""
    """How it is found again, where that is not by its module and class."""
    input_from: ClassVar[str] = "run"
    """The method whose parameters are its input."""

    input: Mapping[str, Any]
    output: Any
    _step: StepContext | None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.traits = read_traits(cls, Action)
        _subscribe(cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        planning = find_planning()
        if planning is not None:
            return planning.use(Use(cls, cls), args, kwargs)
        return make_instance(cls, cls.prepare_input(cls.traits.call.bind(args, kwargs)), None)

    if TYPE_CHECKING:

        def __getitem__(self, key: str | int) -> Any:
            """Refer to a part of its output, within a plan."""

    @classmethod
    def with_options(cls, **options: Unpack[UseOptions]) -> Use[..., Self]:
        """Return the action with a name or options of its own, for one use."""
        return Use(cls, cls).with_options(**options)

    @classmethod
    def prepare_input(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Return the input that is made of the arguments of a use; by default they are it."""
        return given

    @property
    def step(self) -> StepContext:
        """Return the surroundings of this call: which step this is, and what it can tell and ask."""
        if self._step is None:
            raise NotPossible("no step is being carried out here", hint="ostinato.testing.actions carries out one step")
        return self._step

    def plan_self(self, *args: Any, **kwargs: Any) -> Any:
        """Plan the run of this action and its finalizing, with this input; return a reference to its output."""
        planning = find_planning()
        if planning is None:
            raise PlanningError("plan_self() plans an action's own run, and no plan is being made here")
        return planning.plan_self(self, args, kwargs)

    def plan(self, *args: Any, **kwargs: Any) -> Any:
        """Use other actions, and ``plan_self``. What it returns is the action's output to those who use it."""
        return self.plan_self(*args, **kwargs)

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Do the work; return the output, as JSON."""
        raise NotImplementedError

    def finalize(self, *args: Any, **kwargs: Any) -> None:
        """Do what is to be done once all of the plan has run, together with the others that finalize.

        It is given those parameters of ``run`` that it names; ``self.output`` is the output of ``run``.
        """
        raise NotImplementedError

    def on_event(self, event: Event) -> Any:
        """Take an event, or the time for which the step had suspended itself; as ``run``, it returns the output."""
        return self.run(**self.input)

    def on_cancel(self) -> Any:
        """Do what is to be done when the step is cancelled while it is suspended."""

    def on_skip(self) -> Any:
        """Do what is to be done when the step failed and is skipped; what it returns is its output."""


def check_usable(action: type[Action]) -> None:
    """Refuse an action that is only a base for others."""
    if isabstract(action):
        missing = ", ".join(sorted(getattr(action, "__abstractmethods__", ())))
        raise PlanningError(f"{action.traits.title} does not define {missing}")
    if action.traits.is_nothing:
        raise PlanningError(f"{action.traits.title} does nothing", hint="define run, or plan")


def make_instance(action: type[Action], input: Mapping[str, Any], step: StepContext | None) -> Any:  # noqa: A002
    """Make an instance for one call, or for a test."""
    check_usable(action)
    instance = object.__new__(action)
    instance.input = input
    instance.output = {} if step is None else step.output
    instance._step = step
    return instance


_SUBSCRIBERS: dict[str, dict[str, type[Action]]] = {}


def list_subscribers(action: type[Action]) -> list[type[Action]]:
    """Return the actions that are planned whenever ``action`` is, in the order in which they were defined."""
    return list(_SUBSCRIBERS.get(action.traits.name, {}).values())


def to_action(thing: object) -> type[Action]:
    """Return the action class of what users write: the class itself, or a function that was made an action."""
    if isinstance(thing, Use):
        return thing.action
    if isinstance(thing, type) and issubclass(thing, Action):
        return thing
    raise PlanningError(f"{thing!r} is no action", hint="use @action, @plan, or a subclass of Action")


def _subscribe(action: type[Action]) -> None:
    declared = vars(action).get("subscribes_to", ())
    for other in declared if isinstance(declared, tuple | list) else (declared,):
        _SUBSCRIBERS.setdefault(to_action(other).traits.name, {})[action.traits.name] = action
