"""The runner: carries out one work item of a Python action in the calling thread, whatever the action's code does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, TypeAlias

from ostinato.actions.action import Action, make_instance
from ostinato.actions.context import Cancellation, StepContext, Suspension, step_at_hand
from ostinato.actions.encoding import encode
from ostinato.actions.failures import make_error
from ostinato.actions.middleware import Call, surround
from ostinato.actions.planner import Planner
from ostinato.actions.registry import check_findable, find_action
from ostinato.actions.requests import list_hooks, make_rules
from ostinato.actions.services import Services
from ostinato.errors import InvalidValue, NotPossible
from ostinato.model.references import resolve
from ostinato.model.runs import RunRules
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import Event, Json, Step
from ostinato.model.work import Cancelled, Failed, Outcome, Succeeded, Suspended, WorkItem, WorkKind

Find: TypeAlias = Callable[[str], type[Action]]


def perform(
    item: WorkItem, services: Services, context: Mapping[str, Any] | None = None, *, find: Find = find_action
) -> Outcome:
    """Carry out a work item and tell what became of it; ``context`` is what the one who triggered the run passed on.

    Any exception in the action's code is a failure of the step. ``ActionNotFound`` is raised before anything is begun.
    """
    carried = context or {}
    if item.kind is WorkKind.PLAN:
        return _plan(item, find(item.step.action), carried, is_storable=find is find_action)
    if item.kind is WorkKind.FINALIZE:
        return _Finalizing(item, services, carried, find).finalize()
    return _call(item, find(item.step.action), services, carried)


# --- planning --------------------------------------------------------------------------------------------------------


def _plan(item: WorkItem, action: type[Action], context: Mapping[str, Any], *, is_storable: bool) -> Outcome:
    planner = Planner(context)
    hooks: Mapping[RunStatus, tuple[str, ...]] = {}
    try:
        hooks = list_hooks(action, storable=is_storable)
        given = _read_mapping(item.step.input)
        steps = planner.plan(action, given, item.step.name)
        for used in planner.actions.values() if is_storable else ():
            check_findable(used)
        rules = make_rules(action, given, hooks)
    except BaseException as error:  # noqa: BLE001 - whatever plan functions do, it is an error of the step
        return Failed(make_error(error), rules=RunRules(hooks))
    return Succeeded(steps[0].output, steps[1:], rules)


# --- running ---------------------------------------------------------------------------------------------------------


def _call(item: WorkItem, action: type[Action], services: Services, context: Mapping[str, Any]) -> Outcome:
    """Call an action for its run, an event, its cancelling or its skipping."""
    step = StepContext(item.run_id, item.step, services, event=item.event, context=context)
    instance: Action | None = None
    try:
        with step_at_hand(step):
            values = action.traits.own.read(_read_mapping(resolve(item.step.input, item.outputs)))
            instance = make_instance(action, values, step)
            returned = _call_method(instance, item, context)
        _check_ended(step)
        output = _encode_output(returned, instance.output)
    except Suspension as suspension:
        return _suspend(suspension, instance)
    except Cancellation:
        return Cancelled("it ended because it was asked to")
    except BaseException as error:  # noqa: BLE001 - whatever the action does, SystemExit too, is an error of the step
        return Failed(make_error(error), output=_save_output(instance))
    return Cancelled("cancelled while it was suspended") if item.kind is WorkKind.CANCEL else Succeeded(output)


def _call_method(instance: Action, item: WorkItem, context: Mapping[str, Any]) -> Any:
    traits = type(instance).traits

    def call_innermost(call: Call) -> Any:
        match item.kind, item.event:
            case (WorkKind.CANCEL, _):
                return instance.on_cancel()
            case (WorkKind.SKIP, _):
                return instance.on_skip()
            case (WorkKind.EVENT, Event() as event):
                return instance.on_event(event)
        return instance.run(**call.input)

    call = Call(traits.name, item.kind.value, instance.input, context)
    return surround("run", traits.options.middleware, call, call_innermost)


def _check_ended(step: StepContext) -> None:
    """Refuse that a call goes on after it has suspended itself."""
    if step.suspension is not None:
        raise NotPossible(
            "the step suspended itself, and then went on",
            hint="suspend() ends the call by an exception; let BaseException pass where you catch errors",
        )


def _suspend(suspension: Suspension, instance: Action | None) -> Outcome:
    try:
        output = None if instance is None else _encode_output(None, instance.output)
    except InvalidValue as error:
        return Failed(make_error(error))
    return Suspended(suspension.wake_at, suspension.deadline_at, output)


def _encode_output(returned: object, kept: Mapping[str, Any]) -> Json:
    """Return what a call returned or, if that is nothing, what the step has kept."""
    output: Json = encode(returned if returned is not None else kept or None, "output")
    return output


def _save_output(instance: Action | None) -> Json:
    """Return what a failed step has kept, if that can be kept."""
    try:
        return None if instance is None else _encode_output(None, instance.output)
    except InvalidValue:
        return None


def _read_mapping(value: Json) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidValue(f"input: expected a mapping of parameters, not {value!r}")
    return value


# --- finalizing ------------------------------------------------------------------------------------------------------


class _Finalizing:
    """Finalizes all steps of a run, in order, within the sessions of those that planned them."""

    def __init__(self, item: WorkItem, services: Services, context: Mapping[str, Any], find: Find) -> None:
        self._item = item
        self._services = services
        self._context = context
        self._actions = {step.number: find(step.action) for step in item.steps}
        names = {name: None for step in item.steps if (name := _read_finalize_input(step).get("session_of"))}
        self._factories = {name: find(name).traits.options.session for name in names}
        self._current = item.step

    def finalize(self) -> Outcome:
        try:
            with ExitStack() as stack:
                sessions = {name: stack.enter_context(make()) for name, make in self._factories.items() if make}
                for step in self._item.steps:
                    self._current = step
                    self._finalize_step(step, sessions)
        except Suspension:
            error = make_error(NotPossible("a step cannot suspend itself while it is finalized"))
            return Failed(error, self._current.number)
        except Cancellation:
            return Cancelled("it ended because it was asked to")
        except BaseException as error:  # noqa: BLE001 - as above
            return Failed(make_error(error), self._current.number)
        return Succeeded()

    def _finalize_step(self, step: Step, sessions: Mapping[str, Any]) -> None:
        action = self._actions[step.number]
        traits = action.traits
        context = StepContext(self._item.run_id, step, self._services, event=None, context=self._context)
        written = _read_finalize_input(step)
        context.session = sessions.get(written.get("session_of") or "")
        context.output = self._item.outputs.get(step.action_step or 0)
        with step_at_hand(context):
            values = traits.own.read(_read_mapping(resolve(written.get("input"), self._item.outputs)))
            instance = make_instance(action, values, context)
            given = {} if traits.finalize is None else traits.finalize.select(values)
            call = Call(traits.name, WorkKind.FINALIZE.value, given, self._context)
            surround("finalize", traits.options.middleware, call, lambda call: instance.finalize(**call.input))
            _check_ended(context)


def _read_finalize_input(step: Step) -> Mapping[str, Any]:
    return _read_mapping(step.input)
