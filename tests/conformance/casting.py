"""Casting: the actions, plans, hooks and middleware that a scenario declares, made of scripts.

What is made here is put on stage by name, so that agents find it as they would find anybody's code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Any

from tests.conformance.acting import ERRORS, Actor, Part
from tests.conformance.stage import MODULE, Stage

from ostinato import (
    Action,
    Approval,
    Polling,
    SubPlans,
    concurrence,
    current_step,
    exponential,
    fixed,
    sequence,
    series,
)
from ostinato.actions.action import _SUBSCRIBERS
from ostinato.actions.command import Command
from ostinato.actions.hooks import StatusChange
from ostinato.actions.middleware import Call, Middleware, Next, drop_middleware, use_middleware
from ostinato.durations import parse_duration
from ostinato.errors import NotPossible
from ostinato.model.definitions import RetryRule

TYPES = {"integer": int, "text": str}
_BLOCKS = {"sequence": sequence, "concurrence": concurrence}
_USE = ("queue", "rescue", "rescue_planned", "idempotent", "weight")
_RETRIES: Mapping[str, Callable[[Any], RetryRule]] = {
    "fixed": lambda given: fixed(given["attempts"], given["wait"]),
    "exponential": lambda given: exponential(given["attempts"], given["base"], given.get("max")),
    "series": lambda given: series(*given),
}
Declared = Mapping[str, Any]
"""What ``given`` says of a plan, or of a step."""


class Cast:
    """Makes what a scenario declares, and puts it on ``stage``. To be let go of at the end of it."""

    def __init__(self, stage: Stage, given: Declared) -> None:
        self.stage = stage
        self._actor = Actor(stage)
        self.plans: dict[str, Declared] = {"main": given, **given.get("plans", {})}
        self.references: dict[tuple[str, str], Any] = {}
        self._middleware: dict[str, type[Middleware]] = {}
        stage.failing_hooks = frozenset(given.get("failing_hooks", ()))
        for name, declared in self.plans.items():
            self._make_steps(name, declared["plan"])
            self._make_root(name, declared)
        for name, declared in given.get("subscribers", {}).items():
            subject = next(stage.things[key] for key in stage.things if key.endswith(f"__{declared['to']}"))
            self._make_action("main", name, declared, title=name, subscribes_to=subject)
        for declared in _list(given.get("middleware", ())):
            self._add_middleware({"name": declared} if isinstance(declared, str) else declared)

    def let_go(self) -> None:
        """Take back what was declared for the whole process."""
        for middleware in self._middleware.values():
            drop_middleware(middleware)
        for name in self.stage.things:
            _SUBSCRIBERS.pop(f"{MODULE}:{name}", None)

    # --- steps -------------------------------------------------------------------------------------------------------

    def _make_steps(self, plan: str, steps: Declared) -> None:
        for name, declared in steps.items():
            if block := _find_block(declared):
                self._make_steps(plan, declared[block])
            elif "plan" in declared:
                self._make_steps(plan, declared["plan"])
                self._make_planner(plan, name, declared)
            elif "command" not in declared and "approval" not in declared:
                self._make_action(plan, name, declared)

    def _make_action(self, plan: str, name: str, declared: Declared, *, title: str = "", **options: Any) -> None:
        """Make the action of a step. What it does is looked up in the scripts when it is called."""
        body: dict[str, Any] = dict(options)
        if "poll" in declared:
            base: type[Action] = Polling
            body |= self._make_polling(plan, name, declared)
        elif "children" in declared:
            base = SubPlans
            body |= self._make_sub_plans(name, declared["children"])
        else:
            base = Action
            body |= self._make_methods(plan, name, declared)
        self._put(f"{plan}__{name}", base, body, title=title)

    def _make_methods(self, plan: str, name: str, declared: Declared) -> dict[str, Any]:
        def say(suffix: str, kind: str) -> Callable[..., Any]:
            return lambda action, **given: self._actor.play(action, Part(plan, name, declared, suffix, kind))

        methods = {
            "run": _typed(say("", "script"), declared.get("takes")),
            "on_event": lambda action, event: self._actor.play(action, Part(plan, name, declared, f" {event.name}")),
        }
        for kind, method, suffix in (
            ("finalize", "finalize", " finalize"),
            ("when_skipped", "on_skip", " skipped"),
            ("when_cancelled", "on_cancel", " cancelled"),
        ):
            if kind in declared:
                methods[method] = _bare(say(suffix, kind))
        return methods

    def _make_polling(self, plan: str, name: str, declared: Declared) -> dict[str, Any]:
        polling = declared["poll"]
        starting = {**declared, "start": polling.get("start", ())}
        body: dict[str, Any] = {
            "start": lambda action, **given: self._actor.play(action, Part(plan, name, starting, " start", "start")),
            "poll": _bare(lambda action: self._actor.play(action, Part(plan, name, declared, " poll"))),
            "is_done": lambda action, state: bool(state and state.get("done")),
        }
        if "every" in polling:
            body["poll_intervals"] = tuple(parse_duration(span).total_seconds() for span in polling["every"])
        if "tolerates" in polling:
            body["poll_retries"] = polling["tolerates"]
        return body

    def _make_sub_plans(self, name: str, declared: Declared) -> dict[str, Any]:
        def create_plans(action: SubPlans, **given: Any) -> Any:
            plan = self.stage.things[declared["plan"]]
            return (action.trigger(plan) for _ in range(declared["count"]))

        def judge(action: SubPlans, counts: Any) -> None:
            if counts.failed > declared["may_fail"]:
                raise NotPossible(f"{counts.failed} of the children of {name} failed")

        body: dict[str, Any] = {"create_plans": create_plans, "concurrency": declared.get("at_once")}
        return {**body, "judge": judge} if "may_fail" in declared else body

    def _make_planner(self, plan: str, name: str, declared: Declared) -> None:
        def plan_steps(action: Action, **given: Any) -> None:
            self.stage.note(f"{name} plan")
            self._use_all(plan, declared["plan"], {})

        self._put(f"{plan}__{name}", Action, {"plan": plan_steps}, title="")

    def _make_root(self, name: str, declared: Declared) -> None:
        def plan_steps(action: Action, **given: Any) -> Any:
            self._actor.play(None, Part(name, "plan", declared, "", "planning"))
            used: dict[str, Any] = {}
            self._use_all(name, declared["plan"], used)
            self.references |= {(name, step): reference for step, reference in used.items()}
            return used[declared["returns"]] if "returns" in declared else None

        body: dict[str, Any] = {"plan": plan_steps, "session": staticmethod(self.stage.transaction)}
        body |= {key: declared[key] for key in ("singleton", "rescue_planned") if key in declared}
        if "singleton_key" in declared:
            body["singleton_key"] = staticmethod(lambda **given: given[declared["singleton_key"]])
        body["hooks"] = {
            status: [self._make_hook(hook) for hook in hooks] for status, hooks in declared.get("hooks", {}).items()
        }
        self._put(name, Action, body, title=name)

    def _make_hook(self, name: str) -> Callable[[StatusChange], None]:
        def hook(change: StatusChange) -> None:
            self.stage.call_hook(name, change.run_id, change.status)

        hook.__module__, hook.__qualname__ = MODULE, f"hook__{name}"
        self.stage.things[hook.__qualname__] = hook
        return hook

    def _put(self, name: str, base: type[Action], body: dict[str, Any], *, title: str) -> None:
        body = {"__module__": MODULE, "__qualname__": title or name, **body}
        if title and title != name:
            body["action_name"] = f"{MODULE}:{name}"
        self.stage.things[name] = type(name, (base,), body)

    # --- planning ----------------------------------------------------------------------------------------------------

    def _use_all(self, plan: str, steps: Declared, used: dict[str, Any]) -> None:
        for name, declared in steps.items():
            if block := _find_block(declared):
                with _BLOCKS[block]():
                    self._use_all(plan, declared[block], used)
                continue
            copies = declared.get("copies")
            for step in [name] if copies is None else [f"{name} {number}" for number in range(1, copies + 1)]:
                used[step] = self._use(plan, name, step, declared, used)
            if copies is not None:
                used[name] = [used[f"{name} {number}"] for number in range(1, copies + 1)]

    def _use(self, plan: str, name: str, step: str, declared: Declared, used: Mapping[str, Any]) -> Any:
        given = {need: used[need] for need in _list(declared.get("needs", ()))}
        given |= {key: self._refer(value, used) for key, value in declared.get("input", {}).items()}
        options = {key: declared[key] for key in _USE if key in declared}
        if "retry" in declared:
            ((kind, rule),) = declared["retry"].items()
            options["retry"] = _RETRIES[kind](rule)
        if "retry_on" in declared:
            options["retry_on"] = tuple(ERRORS[kind] for kind in declared["retry_on"])
        if "timeout" in declared:
            options["timeout"] = declared["timeout"]
        action, given = self._choose(plan, name, declared, given)
        after = [used[one] for one in _list(declared.get("after", ()))]
        return action.with_options(name=step, **options)(**given, **({"after": after} if after else {}))

    def _choose(
        self, plan: str, name: str, declared: Declared, given: dict[str, Any]
    ) -> tuple[type[Action], dict[str, Any]]:
        if "command" in declared:
            return Command, {**given, "arguments": declared["command"]}
        if "approval" in declared:
            return Approval, {**given, **declared["approval"]}
        return self.stage.things[f"{plan}__{name}"], given

    def _refer(self, value: Any, used: Mapping[str, Any]) -> Any:
        match value:
            case {"output_of": str(step), "in_plan": str(plan)}:
                return self.references[plan, step]
            case {"output_of": str(step)}:
                part = used[step]
                for key in value.get("path", ()):
                    part = part[key]
                return part
            case {"junk": True}:
                return {"junk": {1, 2}}
            case Mapping():
                return {key: self._refer(item, used) for key, item in value.items()}
            case list():
                return [self._refer(item, used) for item in value]
        return value

    # --- middleware --------------------------------------------------------------------------------------------------

    def _add_middleware(self, declared: Declared) -> None:
        name, around = declared["name"], declared.get("around", ("plan", "run", "finalize"))
        others = {
            key: tuple(self._find_middleware(other) for other in _list(declared.get(key, ())))
            for key in ("before", "after", "replaces")
        }
        middleware = self._find_middleware(name)
        for key, chosen in others.items():
            setattr(middleware, key, chosen)
        for phase in around:
            setattr(middleware, phase, self._make_surrounding(name, phase, fails=declared.get("fails") == phase))
        use_middleware(middleware)

    def _find_middleware(self, name: str) -> type[Middleware]:
        if name not in self._middleware:
            self._middleware[name] = type(name, (Middleware,), {})
        return self._middleware[name]

    def _make_surrounding(self, name: str, phase: str, *, fails: bool) -> Callable[..., Any]:
        def surround(middleware: Middleware, call: Call, next: Next) -> Any:  # noqa: A002  it is called so
            if call.name.endswith(":join"):
                return next(call)
            what = phase if phase == "plan" else f"{phase} {current_step().name.removesuffix('.finalize')}"
            self.stage.note(f"{name} > {what}")
            if fails:
                raise RuntimeError(f"{name} is middleware that fails")
            try:
                returned = next(call)
            except Exception:
                self.stage.note(f"{name} ! {what}")
                raise
            except BaseException:  # a call that suspends itself ends so
                self.stage.note(f"{name} < {what}")
                raise
            self.stage.note(f"{name} < {what}")
            return returned

        return surround


def _find_block(declared: Declared) -> str:
    return next((block for block in _BLOCKS if block in declared), "")


def _list(value: Any) -> Sequence[Any]:
    return [value] if isinstance(value, str | Mapping) else value


def _bare(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that takes no parameters."""

    def method(action: Action) -> Any:
        return function(action)

    return method


def _typed(function: Callable[..., Any], takes: Declared | None) -> Callable[..., Any]:
    """Return a method that takes these parameters; any, where nothing is said."""
    if takes is None:
        return function

    def run(action: Action, **given: Any) -> Any:
        return function(action, **given)

    types = {name: TYPES[kind] for name, kind in takes.items()}
    own = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
    others = [Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind) for name, kind in types.items()]
    run.__annotations__ = types
    run.__signature__ = Signature([own, *others])  # type: ignore[attr-defined]  # inspect looks for it
    return run
