"""Ostinato: a self-healing batch orchestrator for people who run the same jobs for many accounts.

What actions and plans are written with is imported from here. Each name is looked up when it is first used, so that
importing Ostinato costs nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it for true; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from ostinato.actions.action import Action
    from ostinato.actions.approval import Approval
    from ostinato.actions.command import Command
    from ostinato.actions.context import StepContext, current_step, suspend
    from ostinato.actions.current import concurrence, sequence
    from ostinato.actions.functions import action, plan
    from ostinato.actions.middleware import Middleware, use_middleware
    from ostinato.actions.options import Fail, Pause, Skip
    from ostinato.actions.polling import Polling
    from ostinato.actions.retries import exponential, fixed, series
    from ostinato.actions.sub_plans import SubPlans
    from ostinato.handles import Handle, trigger
    from ostinato.model.steps import Event
    from ostinato.world import World, open_world

__version__ = "0.1.0"

_HOMES = {
    "Action": "ostinato.actions.action",
    "Approval": "ostinato.actions.approval",
    "Command": "ostinato.actions.command",
    "Event": "ostinato.model.steps",
    "Fail": "ostinato.actions.options",
    "Handle": "ostinato.handles",
    "Middleware": "ostinato.actions.middleware",
    "Pause": "ostinato.actions.options",
    "Polling": "ostinato.actions.polling",
    "Skip": "ostinato.actions.options",
    "StepContext": "ostinato.actions.context",
    "SubPlans": "ostinato.actions.sub_plans",
    "World": "ostinato.world",
    "action": "ostinato.actions.functions",
    "concurrence": "ostinato.actions.current",
    "current_step": "ostinato.actions.context",
    "exponential": "ostinato.actions.retries",
    "fixed": "ostinato.actions.retries",
    "open_world": "ostinato.world",
    "plan": "ostinato.actions.functions",
    "sequence": "ostinato.actions.current",
    "series": "ostinato.actions.retries",
    "suspend": "ostinato.actions.context",
    "trigger": "ostinato.handles",
    "use_middleware": "ostinato.actions.middleware",
}
"""Where each public name is defined."""

__all__ = [
    "Action",
    "Approval",
    "Command",
    "Event",
    "Fail",
    "Handle",
    "Middleware",
    "Pause",
    "Polling",
    "Skip",
    "StepContext",
    "SubPlans",
    "World",
    "__version__",
    "action",
    "concurrence",
    "current_step",
    "exponential",
    "fixed",
    "open_world",
    "plan",
    "sequence",
    "series",
    "suspend",
    "trigger",
    "use_middleware",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(__import__(_HOMES[name], fromlist=(name,)), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
