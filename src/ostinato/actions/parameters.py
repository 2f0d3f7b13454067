"""What an action is given: the names and types of its parameters, and whether given values fit them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from inspect import Parameter, signature, unwrap
from types import SimpleNamespace
from typing import Any, get_type_hints

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from ostinato.actions.encoding import join_path
from ostinato.documents.forms import nearest
from ostinato.errors import InvalidValue, PlanningError

if sys.version_info >= (3, 14):  # annotations may name what is defined further down: do not look at them yet
    from annotationlib import Format

    signature = partial(signature, annotation_format=Format.FORWARDREF)

AFTER = "after"
"""The argument that every use of an action takes, so that no action may have a parameter of that name."""

_BY_NAME = frozenset({Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY})


class Parameters:
    """The parameters of a function, which is always called by name.

    ``owner`` names the action in messages. Of a method, ``self`` is none of them. Types are looked up when first
    needed: they may be defined further down in their module.
    """

    def __init__(self, owner: str, function: Callable[..., Any], *, is_method: bool) -> None:
        self._owner = owner
        self._function = unwrap(function)
        declared = list(signature(function).parameters.values())[1 if is_method else 0 :]
        self._check_declared(declared)
        self._declared = {one.name: one for one in declared if one.kind in _BY_NAME}
        self._others = next((one for one in declared if one.kind is Parameter.VAR_KEYWORD), None)
        self._required = [name for name, one in self._declared.items() if one.default is Parameter.empty]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names, in order."""
        return tuple(self._declared)

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a call by name. ``PlanningError`` names those that are missing or unknown."""
        positional = [name for name, one in self._declared.items() if one.kind is Parameter.POSITIONAL_OR_KEYWORD]
        if len(args) > len(positional):
            raise PlanningError(f"{self._owner} takes {len(positional)} arguments by position, not {len(args)}")
        given = dict(zip(positional, args, strict=False))
        if twice := [name for name in given if name in kwargs]:
            raise PlanningError(f"{self._owner} is given {', '.join(twice)} twice")
        given.update(kwargs)
        self._check_names(given)
        return given

    def read(self, values: Mapping[str, Any], place: str = "input") -> dict[str, Any]:
        """Turn JSON into values of the declared types; none may be missing or unknown.

        Raises ``InvalidValue`` with the path of the first value that does not fit, ``PlanningError`` for names.
        """
        self._check_names(values)
        return self.read_some(values, place)

    def read_some(self, values: Mapping[str, Any], place: str = "input") -> dict[str, Any]:
        """Turn JSON into values of the declared types, as far as they are given."""
        return {name: self.read_one(name, value, place) for name, value in values.items()}

    def select(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of ``values`` that are parameters."""
        return {name: value for name, value in values.items() if name in self._declared or self._others is not None}

    def read_one(self, name: str, value: Any, place: str = "input") -> Any:
        """Turn one value of JSON into one of the declared type of the parameter."""
        adapter = self._adapters.get(name, self._adapter_of_others)
        if adapter is None:
            return value
        try:
            return adapter.validate_python(value, by_alias=True, by_name=True)
        except ValidationError as error:
            detail = error.errors(include_url=False, include_input=False)[0]
            message = detail["msg"].replace("Input should", "this should")
            raise InvalidValue(f"{join_path(place, [name, *detail['loc']])}: {message}") from None

    @cached_property
    def _adapters(self) -> dict[str, TypeAdapter[Any] | None]:
        return {name: self._make_adapter(one) for name, one in self._declared.items()}

    @cached_property
    def _adapter_of_others(self) -> TypeAdapter[Any] | None:
        return None if self._others is None else self._make_adapter(self._others)

    def _make_adapter(self, declared: Parameter) -> TypeAdapter[Any] | None:
        hint = self._hints.get(declared.name, Any)
        if hint is Any:
            return None
        try:
            return TypeAdapter(hint)
        except PydanticUserError:
            raise PlanningError(
                f"{self._owner}: {declared.name} is a {hint}, which cannot be made of JSON",
                hint="pass what identifies it, and get it where it is needed",
            ) from None

    @cached_property
    def _hints(self) -> dict[str, Any]:
        """Return the types of the parameters; what the function returns need not be known."""
        try:
            holder = SimpleNamespace(__annotations__=dict(self._function.__annotations__))
            holder.__annotations__.pop("return", None)
            return get_type_hints(holder, self._function.__globals__, include_extras=True)
        except NameError as error:
            hint = "import it where the program runs, too, not only under TYPE_CHECKING"
            raise PlanningError(f"a type of {self._owner} is not known: {error}", hint=hint) from None

    def _check_declared(self, declared: Iterable[Parameter]) -> None:
        for one in declared:
            if one.kind in (Parameter.POSITIONAL_ONLY, Parameter.VAR_POSITIONAL):
                raise PlanningError(f"{self._owner}: {one} has no name to be given by", hint="name each parameter")
            if one.name == AFTER:
                raise PlanningError(
                    f"{self._owner} has a parameter {AFTER!r}, which every use of an action takes to order it",
                    hint="call it something else",
                )

    def _check_names(self, given: Mapping[str, Any]) -> None:
        unknown = [name for name in given if name not in self._declared] if self._others is None else []
        if unknown:
            raise PlanningError(f"{self._owner} takes no {unknown[0]!r}", hint=nearest(unknown[0], self._declared))
        if missing := [name for name in self._required if name not in given]:
            raise PlanningError(f"{self._owner} needs {', '.join(missing)}")


def call_with(function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    """Call ``function`` with those of ``values`` that it has parameters for."""
    parameters = signature(function).parameters.values()
    if any(one.kind is Parameter.VAR_KEYWORD for one in parameters):
        return function(**values)
    return function(**{one.name: values[one.name] for one in parameters if one.name in values})
