"""Planning: what a plan function does, taken down as the steps of an execution plan.

Step 1 is the root's plan step. Every plan within it has a plan step of its own, so that the tree can be shown; they
leave nothing to be carried out. An action that defines ``run`` alone is one step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ostinato.actions.action import Action, check_usable, list_subscribers, make_instance
from ostinato.actions.blocks import Block, Ends
from ostinato.actions.current import planning_with
from ostinato.actions.encoding import encode
from ostinato.actions.joins import JOIN_RULES, join
from ostinato.actions.middleware import Call, surround
from ostinato.actions.options import Options
from ostinato.actions.parameters import AFTER, Parameters
from ostinato.actions.references import Origin, PlannedReference, Reference, find_origins
from ostinato.actions.uses import Use
from ostinato.errors import InvalidValue, PlanningError
from ostinato.model.references import make_reference, resolve
from ostinato.model.statuses import StepStatus
from ostinato.model.steps import Phase, Step, StepRules

MAX_NESTING = 40
"""How deep plans may use plans. Deeper ones use themselves, most likely."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Given:
    """What an action is given: as JSON with references; as values, of its types unless they hold references."""

    json: Mapping[str, Any]
    values: Mapping[str, Any]
    needs: tuple[int, ...] = ()


@dataclass(slots=True)
class _Frame:
    """A plan step while its action plans. ``session_of`` names the action whose session finalizes its steps."""

    number: int
    name: str
    action: type[Action]
    options: Options
    queue: str | None
    session_of: str | None
    own: Reference | None = None


class Planner:
    """Takes one plan down. ``actions`` are those that it uses, by name."""

    def __init__(self, context: Mapping[str, Any] | None = None) -> None:
        self.steps: list[Step] = []
        self.actions: dict[str, type[Action]] = {}
        self._context = context or {}
        self._names: dict[str, int] = {}
        self._frames: list[_Frame] = []
        self._blocks: list[Block] = []
        self._followed: list[str] = []

    def plan(self, action: type[Action], json: Mapping[str, Any], name: str = "") -> tuple[Step, ...]:
        """Have ``action`` plan, given this input; return all steps.

        Raises ``PlanningError`` for what makes no plan, ``InvalidValue`` for input that does not fit, and whatever the
        plan function raises.
        """
        values = action.traits.call.read(resolve(json, {}))
        use: Use[..., Any] = Use(action, action, name=name)
        with planning_with(self), self._open(Block(False, (), [])):
            self._nest(use, _Given(json, values), self._blocks[-1].entry)
        return tuple(self.steps)

    # --- what plan functions do ----------------------------------------------------------------------------------

    def use(self, use: Use[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Reference:
        """Plan an action that is used, and those that are planned whenever it is."""
        if not list_subscribers(use.action):
            return self._use_alone(use, args, kwargs)
        with self.block(in_sequence=False):
            reference = self._use_alone(use, args, kwargs)
            self._follow(use.action, args, kwargs)
        return reference

    def plan_self(self, action: Action, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Reference:
        """Plan the run and the finalizing of the action that is planning right now."""
        frame, traits = self._frames[-1], type(action).traits
        if type(action) is not frame.action:
            raise PlanningError(f"{traits.title} cannot plan itself while {frame.name} is planned")
        if frame.own is not None:
            raise PlanningError(f"{frame.name} has planned itself already")
        if not traits.has_run and traits.finalize is None:
            raise PlanningError(f"{frame.name} has neither run nor finalize, so it cannot plan itself")
        arguments = dict(kwargs)
        after = self._list_steps(frame.name, arguments.pop(AFTER, ()))
        given = self._encode(frame.name, traits.own, traits.own.bind(args, arguments))
        if traits.has_run:
            frame.own = self._add_run(f"{frame.name}.run", frame.action, frame.options, given, after)
        if traits.finalize is not None:
            step = frame.number if frame.own is None else frame.own.__origin__.step
            self._add_finalize(frame.name, frame.action, frame.options, given, step)
        return self._refer(frame.name, frame.number) if frame.own is None else frame.own

    @contextmanager
    def block(self, *, in_sequence: bool) -> Iterator[None]:
        """Order what is used within."""
        with self._open(Block(in_sequence, self._blocks[-1].entry, [])):
            yield

    # --- uses ----------------------------------------------------------------------------------------------------

    def _use_alone(self, use: Use[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Reference:
        check_usable(use.action)
        traits = use.action.traits
        arguments = dict(kwargs)
        after = self._list_steps(traits.title, arguments.pop(AFTER, ()))
        prepared = use.action.prepare_input(traits.call.bind(args, arguments))
        given = self._encode(traits.title, traits.call, prepared)
        if traits.has_plan_step:
            ends = (Ends(after, len(self.steps)),) if after else ()
            return self._nest(use, given, (*self._blocks[-1].entry, *ends))
        reference = self._add_run(use.name or traits.title, use.action, use.options, given, after)
        if traits.finalize is not None:
            origin = reference.__origin__
            self._add_finalize(origin.name, use.action, use.options, given, origin.step)
        return reference

    def _follow(self, action: type[Action], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Plan the subscribers of ``action`` with the same arguments."""
        name = action.traits.title
        if name in self._followed:
            raise PlanningError(f"actions subscribe in a circle: {' -> '.join([*self._followed, name])}")
        with _pushed(self._followed, name):
            for subscriber in list_subscribers(action):
                self.use(Use(subscriber, subscriber), args, kwargs)

    def _nest(self, use: Use[..., Any], given: _Given, entry: tuple[Ends, ...]) -> Reference:
        """Have an action plan within its own block and plan step."""
        outer = self._frames[-1] if self._frames else None
        if len(self._frames) >= MAX_NESTING:
            raise PlanningError(f"plans use plans too deeply: {' -> '.join(frame.name for frame in self._frames[-5:])}")
        frame = self._add_plan_step(use, given, outer)
        block = Block(False, entry, [])
        with self._open(block), _pushed(self._frames, frame):
            returned = self._call_plan(use, given.values)
            if outer is None and list_subscribers(use.action):
                self._follow(use.action, (), given.values)
            if isinstance(returned, PlannedReference):
                returned = returned.__returned__
            returned = frame.own if returned is None else returned
            self._note_output(frame, returned)
        ends = Ends(tuple(block.ends), len(self.steps))
        return PlannedReference(Origin(self, frame.name, frame.number, ends), returned)

    def _call_plan(self, use: Use[..., Any], values: Mapping[str, Any]) -> Any:
        instance = make_instance(use.action, values, None)
        call = Call(use.action.traits.name, "plan", values, self._context)
        return surround("plan", use.options.middleware, call, lambda call: instance.plan(**call.input))

    # --- steps ---------------------------------------------------------------------------------------------------

    def _add_plan_step(self, use: Use[..., Any], given: _Given, outer: _Frame | None) -> _Frame:
        options, traits = use.options, use.action.traits
        queue = options.queue or (outer.queue if outer else None)
        session_of = traits.name if options.session else outer.session_of if outer else None
        step = Step(
            number=len(self.steps) + 1,
            name=self._make_name(use.name or traits.title),
            action=self._note(use.action),
            phase=Phase.PLAN,
            parent=outer.number if outer else None,
            input=given.json,
            queue=queue,
            rules=StepRules(rescue_planned=options.rescue_planned),
            status=StepStatus.SUCCESS,
        )
        self.steps.append(step)
        return _Frame(step.number, step.name, use.action, options, queue, session_of)

    def _add_run(
        self, name: str, action: type[Action], options: Options, given: _Given, after: tuple[int, ...]
    ) -> Reference:
        block, frame = self._blocks[-1], self._frames[-1]
        edges = dict.fromkeys([*after, *block.list_edges(given.needs, self._add_join)])
        step = Step(
            number=len(self.steps) + 1,
            name=self._make_name(name),
            action=self._note(action),
            parent=frame.number,
            input=given.json,
            needs=given.needs,
            after=tuple(edge for edge in edges if edge not in given.needs) if given.needs else tuple(edges),
            queue=options.queue or frame.queue,
            rules=action.traits.make_rules(options),
        )
        self.steps.append(step)
        block.add_member([step.number], step.number)
        return self._refer(step.name, step.number)

    def _add_finalize(self, name: str, action: type[Action], options: Options, given: _Given, step: int) -> None:
        frame = self._frames[-1]
        session_of = action.traits.name if options.session else frame.session_of
        self.steps.append(
            Step(
                number=len(self.steps) + 1,
                name=self._make_name(f"{name}.finalize"),
                action=action.traits.name,
                phase=Phase.FINALIZE,
                parent=frame.number,
                action_step=step,
                input={"input": given.json, "session_of": session_of},
                needs=given.needs,
                queue=options.queue or frame.queue,
                rules=StepRules(idempotent=options.idempotent, weight=options.weight),
            )
        )

    def _add_join(self, ends: tuple[int, ...]) -> int:
        """Add a step that does nothing but come after ``ends``."""
        frame = self._frames[-1]
        step = Step(
            number=len(self.steps) + 1,
            name=self._make_name(join.action.traits.title),
            action=self._note(join.action),
            parent=frame.number,
            after=ends,
            queue=frame.queue,
            rules=JOIN_RULES,
        )
        self.steps.append(step)
        return step.number

    def _note_output(self, frame: _Frame, returned: Any) -> None:
        """Keep what a plan returned as the output of its plan step, with references where they are."""
        try:
            output = encode(returned, "output", refer=lambda reference: self._write_reference(reference, frame.name))
        except InvalidValue as error:
            raise PlanningError(f"{frame.name}: {error.message}", hint=error.hint) from None
        self.steps[frame.number - 1] = replace(self.steps[frame.number - 1], output=output)

    # --- input ---------------------------------------------------------------------------------------------------

    def _encode(self, title: str, parameters: Parameters, given: Mapping[str, Any]) -> _Given:
        """Write down what an action is given, and check what of it is known."""
        json: dict[str, Any] = {}
        values: dict[str, Any] = {}
        needs: list[int] = []

        def refer(reference: Reference) -> Any:
            needs.append(reference.__origin__.step)
            return self._write_reference(reference, title)

        try:
            for name, value in given.items():
                so_far = len(needs)
                json[name] = encode(value, f"input.{name}", refer=refer)
                is_known = len(needs) == so_far
                values[name] = parameters.read_one(name, resolve(json[name], {})) if is_known else value
        except InvalidValue as error:
            raise PlanningError(f"{title}: {error.message}", hint=error.hint) from None
        return _Given(json, values, tuple(dict.fromkeys(needs)))

    def _list_steps(self, title: str, after: object) -> tuple[int, ...]:
        """Return the steps that something comes after, given the references to them."""
        steps: dict[int, None] = {}
        for origin in find_origins(after):
            self._check_origin(origin, title)
            steps.update(dict.fromkeys(origin.ends.list_edges(self._add_join)))
        return tuple(steps)

    def _write_reference(self, reference: Reference, title: str) -> Any:
        origin = reference.__origin__
        self._check_origin(origin, title)
        return make_reference(origin.step, origin.path)

    def _check_origin(self, origin: Origin, title: str) -> None:
        if origin.plan is not self:
            raise PlanningError(
                f"{title} refers to {origin.name}, which belongs to another plan",
                hint="a reference is good for the plan in which it was made; use the action in this plan, too",
            )

    def _refer(self, name: str, step: int) -> Reference:
        return Reference(Origin(self, name, step, Ends((step,), step)))

    # --- bookkeeping ---------------------------------------------------------------------------------------------

    @contextmanager
    def _open(self, block: Block) -> Iterator[None]:
        """Have what is used within belong to ``block``, which is a member of the one around it."""
        with _pushed(self._blocks, block):
            yield
        if self._blocks:
            self._blocks[-1].add_member(block.ends, len(self.steps))

    def _note(self, action: type[Action]) -> str:
        name = action.traits.name
        self.actions[name] = action
        return name

    def _make_name(self, name: str) -> str:
        """Return ``name``, with a number behind it unless it is the first of that name."""
        wanted = name
        while wanted in self._names:
            self._names[name] += 1
            wanted = f"{name}-{self._names[name]}"
        self._names[wanted] = 1
        return wanted


@contextmanager
def _pushed(stack: list[T], item: T) -> Iterator[None]:
    stack.append(item)
    try:
        yield
    finally:
        stack.pop()
