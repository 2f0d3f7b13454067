"""Traits: what is known of an action once its class is defined. Everything else goes by them, not by the class."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ostinato.actions.names import name_callable
from ostinato.actions.options import Options, change_options, list_options
from ostinato.actions.parameters import Parameters
from ostinato.errors import PlanningError
from ostinato.model.steps import StepRules

if TYPE_CHECKING:
    from ostinato.actions.action import Action


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of an action.

    ``name`` is how it is found again, ``title`` what its steps are called. ``call`` are the parameters of using it,
    ``own`` those of its run, ``finalize`` those of its finalizing, which are among them.
    """

    name: str
    title: str
    options: Options
    has_plan: bool
    has_run: bool
    heeds_skip: bool
    heeds_cancel: bool
    call: Parameters
    own: Parameters
    finalize: Parameters | None

    @property
    def has_plan_step(self) -> bool:
        """Tell whether using it makes a plan step: it plans something other than its one run."""
        return self.has_plan or not self.has_run

    @property
    def is_nothing(self) -> bool:
        """Tell whether it defines nothing to do at all."""
        return not self.has_plan and not self.has_run and self.finalize is None

    def make_rules(self, options: Options) -> StepRules:
        """Return the rules of a step that runs it with ``options``."""
        return options.make_rules(heeds_skip=self.heeds_skip, heeds_cancel=self.heeds_cancel)


def read_traits(action: type[Action], base: type[Action]) -> Traits:
    """Read what an action class declares; ``base`` is the class whose methods mean that nothing is defined.

    Raises ``PlanningError`` for what is wrong with it, however it is used.
    """
    title = action.__qualname__.rpartition(".")[2]
    if action.__init__ is not base.__init__:
        raise PlanningError(
            f"{title} has an __init__ of its own, which no agent could call",
            hint="an action is given the parameters of its run; keep what else it needs in methods",
        )
    overridden = {method for method in _METHODS if getattr(action, method) is not getattr(base, method)}
    own = _read_own_parameters(action, overridden)
    finalize = _read_parameters(action, "finalize") if "finalize" in overridden else None
    if finalize is not None and (unknown := set(finalize.names) - own.select(dict.fromkeys(finalize.names)).keys()):
        raise PlanningError(f"{title}.finalize takes {min(unknown)!r}, which its run does not")
    declared = {name: getattr(action, name) for name in list_options()}
    return Traits(
        name=action.action_name or name_callable(action),
        title=title,
        options=change_options(Options(), title, declared),
        has_plan="plan" in overridden,
        has_run="run" in overridden,
        heeds_skip="on_skip" in overridden,
        heeds_cancel="on_cancel" in overridden,
        call=_read_parameters(action, "plan") if "plan" in overridden else own,
        own=own,
        finalize=finalize,
    )


_METHODS = ("plan", "run", "finalize", "on_skip", "on_cancel")


def _read_own_parameters(action: type[Action], overridden: Collection[str]) -> Parameters:
    """Return the parameters of its run or, if it has none, of its finalizing."""
    if "run" in overridden:
        return _read_parameters(action, action.input_from)
    if "finalize" in overridden:
        return _read_parameters(action, "finalize")
    return _read_nothing(action.__qualname__)


def _read_parameters(action: type[Action], method: str) -> Parameters:
    function: Callable[..., Any] | None = action.function
    title = action.__qualname__.rpartition(".")[2]
    if function is not None and method in ("plan", "run"):
        return Parameters(title, function, is_method=False)
    found = getattr(action, method)
    if getattr(found, "__isabstractmethod__", False):
        return _read_nothing(title)
    return Parameters(title, found, is_method=True)


def _read_nothing(title: str) -> Parameters:
    return Parameters(title, lambda: None, is_method=False)
