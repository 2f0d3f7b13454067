"""Uses: what users call in a plan to have an action done, with options of that one use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, Unpack, overload

from ostinato.actions.current import find_planning
from ostinato.actions.options import Options, UseOptions, change_options

if TYPE_CHECKING:
    from ostinato.actions.action import Action

P = ParamSpec("P")
R = TypeVar("R")


class Use(Generic[P, R]):
    """An action, ready to be used. While a plan is made, calling it plans the action and returns a reference.

    ``otherwise`` is what calling it does when no plan is made. ``name`` is the step's, if it is not the action's own;
    ``options`` are those of this use.
    """

    def __init__(
        self, action: type[Action], otherwise: Callable[P, R], *, options: Options | None = None, name: str = ""
    ) -> None:
        update_wrapper(self, otherwise, updated=())
        self.action = action
        self.options = action.traits.options if options is None else options
        self.name = name
        self._otherwise = otherwise

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, *args: Any, after: Sequence[Any], **kwargs: Any) -> R: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Use the action: ``after`` is what is to end before it begins, beside what its input refers to."""
        planning = find_planning()
        return self._otherwise(*args, **kwargs) if planning is None else planning.use(self, args, kwargs)

    def with_options(self, **options: Unpack[UseOptions]) -> Use[P, R]:
        """Return the same action with a name or options of its own, for one use."""
        changes = dict(options)
        name = str(changes.pop("name", self.name))
        changed = change_options(self.options, self.action.traits.title, changes)
        return Use(self.action, self._otherwise, options=changed, name=name)

    @property
    def is_changed(self) -> bool:
        """Tell whether this use has a name or options of its own."""
        return bool(self.name) or self.options is not self.action.traits.options

    def __repr__(self) -> str:
        return f"<action {self.action.traits.name}>"
