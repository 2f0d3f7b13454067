"""References while planning: what using an action returns, in the place of an output that is not there yet.

Any key, index or attribute path of one may be placed in another action's input. Whatever would need the output itself
is refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ostinato.actions.blocks import Ends
from ostinato.errors import PlanningError
from ostinato.model.references import Key

_HINT = "use it as input of another action, whose code has it when it runs"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a reference refers to: a step of a plan, and the path within its output.

    ``plan`` identifies the plan, ``ends`` is what those wait for who come after all of this.
    """

    plan: object
    name: str
    step: int
    ends: Ends
    path: tuple[Key, ...] = ()


class Reference:
    """A part of an output that will be there when the plan runs.

    Every public attribute is a key of that output, so what we know of it hides behind ``__origin__``.
    """

    __slots__ = ("__origin__",)

    def __init__(self, origin: Origin) -> None:
        self.__origin__ = origin

    def __getitem__(self, key: Key) -> Any:
        if isinstance(key, bool) or not isinstance(key, str | int):
            raise PlanningError(f"{self!r} cannot be cut by {key!r}: a key is a text or a whole number", hint=_HINT)
        return Reference(replace(self.__origin__, path=(*self.__origin__.path, key)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"a key that begins with an underscore is written [{name!r}]")
        return self[name]

    def __repr__(self) -> str:
        return f"<output of {self.__origin__.name}>" + "".join(f"[{key!r}]" for key in self.__origin__.path)

    def __iter__(self) -> Iterator[Any]:
        raise self._refusal("looped over")

    def __len__(self) -> int:
        raise self._refusal("counted")

    def __bool__(self) -> bool:
        raise self._refusal("asked whether it is true")

    def __str__(self) -> str:
        raise self._refusal("made a text")

    def __format__(self, specification: str) -> str:
        raise self._refusal("made a text")

    def __call__(self, *args: object, **kwargs: object) -> Any:
        raise self._refusal("called")

    def __eq__(self, other: object) -> bool:
        raise self._refusal("compared")

    __hash__ = object.__hash__

    def _refusal(self, deed: str) -> PlanningError:
        return PlanningError(f"{self!r} is not known while planning, so it cannot be {deed}", hint=_HINT)


class PlannedReference(Reference):
    """What using a plan within a plan returns: what that plan returned, and all its steps for who comes after.

    What it returned is known as far as it holds no references, so it may be looped over.
    """

    __slots__ = ("__returned__",)

    def __init__(self, origin: Origin, returned: Any) -> None:
        super().__init__(origin)
        self.__returned__ = returned

    def __getitem__(self, key: Key) -> Any:
        if self.__returned__ is None:
            raise PlanningError(
                f"{self.__origin__.name} returns nothing, so there is no {key!r} to refer to",
                hint="have the plan return the references that others may use",
            )
        return self.__returned__[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.__returned__) if _is_collection(self.__returned__) else super().__iter__()

    def __len__(self) -> int:
        return len(self.__returned__) if _is_collection(self.__returned__) else super().__len__()


def find_origins(value: object) -> Iterator[Origin]:
    """Yield the origin of every reference in lists and mappings, however deep; anything else is refused."""
    match value:
        case Reference():
            yield value.__origin__
        case Mapping():
            yield from find_origins(list(value.values()))
        case Sequence() if not isinstance(value, str):
            for item in value:
                yield from find_origins(item)
        case _:
            raise PlanningError(f"expected what using an action returns, not {value!r}", hint="write after=[files]")


def _is_collection(value: object) -> bool:
    return isinstance(value, Mapping | Sequence) and not isinstance(value, str)
