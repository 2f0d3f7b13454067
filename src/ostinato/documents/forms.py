"""Forms: what may stand in a document, as pydantic models, and what people are told when something else does.

All that is wrong with a value is found at once. Each problem has its place and a hint at what would be right.
Texts that were found are not repeated, except by a field's own check: they may be secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ostinato.documents.places import Document, Key, Place
from ostinato.documents.yaml_files import WrittenFloat, WrittenInt
from ostinato.errors import DeclarationError, Problem


class Form(BaseModel):
    """What may stand at one place. Unknown keys and values of another type are refused, never converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


F = TypeVar("F", bound=Form)


class Refusal(ValueError):
    """Why a field does not take a value, with a hint at what would be right."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    @classmethod
    def of(cls, error: ValueError) -> Refusal:
        """Make a refusal of an error whose message says after a semicolon what would be right."""
        message, _, hint = str(error).partition("; ")
        return error if isinstance(error, Refusal) else cls(message, hint=hint)


@dataclass(frozen=True, slots=True)
class Reading(Generic[F]):
    """What came of a document: the form, unless too much is wrong with it, and all that is wrong."""

    form: F | None
    problems: tuple[Problem, ...] = ()


def read_form(form: type[F], document: Document) -> F:
    """Read a document as ``form``; a ``DeclarationError`` holds all that is wrong with it."""
    try:
        return form.model_validate(document.value)
    except ValidationError as error:
        raise DeclarationError(_explain(error, form, document.place)) from None


def read_entries(form: type[F], document: Document, key: str) -> Reading[F]:
    """Read a document as ``form`` with a mapping at ``key``; wrong entries of that are left out."""
    try:
        return Reading(form.model_validate(document.value))
    except ValidationError as error:
        problems = tuple(_explain(error, form, document.place))
        paths = [detail["loc"] for detail in error.errors(include_url=False, include_input=False)]
    if any(path[:1] != (key,) or len(path) == 1 for path in paths):
        return Reading(None, problems)
    broken = {path[1] for path in paths}
    good = {name: value for name, value in document.value[key].items() if name not in broken}
    return Reading(form.model_validate({**document.value, key: good}), problems)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems in the order of their lines."""
    return sorted(problems, key=lambda problem: (problem.file, problem.line or 0))


def nearest(word: object, allowed: Iterable[object]) -> str:
    """Return a hint that names the allowed words, and the one that is most like ``word``."""
    words = {str(word).casefold(): str(word) for word in allowed}
    known = f"allowed: {', '.join(words.values())}" if words else "nothing is allowed here"
    close = get_close_matches(str(word).strip().casefold(), words, n=1)
    return f"did you mean {words[close[0]]}? {known}" if close else known


def describe(value: object) -> str:
    """Say what kind of value was found, and which number or truth value."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {as_written(value)}"
        case str():
            return "a text"
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
    return f"a {type(value).__name__}"


def as_written(value: object) -> object:
    """Return a number as the text that it was read from, or would be written as; anything else as it is."""
    if isinstance(value, WrittenInt | WrittenFloat):
        return value.text
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


_EXPECTED = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
"""What the errors of pydantic mean that tell of a value of another type."""


def _explain(error: ValidationError, form: type[Form], place: Place) -> list[Problem]:
    problems = []
    details = error.errors(include_url=False)
    for detail in details:
        if detail["type"] == "too_short" and any(_is_below(other, detail) for other in details):
            continue  # the items that are wrong were not counted
        path = tuple(key for key in detail["loc"] if key != "[key]")
        message, hint = _explain_one(detail, form, path)
        problems.append(place.at(*path).problem(message, hint=hint))
    return in_order(problems)


def _is_below(detail: ErrorDetails, other: ErrorDetails) -> bool:
    depth = len(other["loc"])
    return len(detail["loc"]) > depth and detail["loc"][:depth] == other["loc"]


def _explain_one(detail: ErrorDetails, form: type[Form], path: tuple[Key, ...]) -> tuple[str, str]:
    kind, value = detail["type"], detail["input"]
    if kind == "value_error":
        refusal = Refusal.of(detail["ctx"]["error"])
        return str(refusal), refusal.hint
    if kind == "extra_forbidden":
        return "unknown key", nearest(path[-1], _list_fields(form, path[:-1]))
    if kind == "missing":
        field = _list_fields(form, path[:-1])[path[-1]]
        return "this key is missing", field.description or ""
    if kind == "too_short":
        return "expected one item at least", ""
    if kind in _EXPECTED:
        hint = _hint_at_form(value, kind, list(_list_fields(form, path)))
        return f"expected {_EXPECTED[kind]}, not {describe(value)}", hint
    return detail["msg"].replace("Input should", "this should"), ""


def _hint_at_form(value: object, kind: str, keys: list[Key]) -> str:
    """Say how to write what was expected, as far as ``value`` shows what was meant."""
    match kind, value:
        case "string_type", bool():
            return f'put it in quotes: "{str(value).lower()}"'
        case "string_type", int() | float():
            return f'put it in quotes: "{as_written(value)}"'
        case "string_type", {**braces} if len(braces) == 1 and None in braces.values():
            return f'put it in quotes: "{{{next(iter(braces))}}}"'
        case "bool_type", str():
            return "write true or false, without quotes"
        case (("int_type" | "float_type"), str()):
            return "write the number without quotes"
        case (("list_type" | "tuple_type"), _):
            return "write [one, another], or each item on a line of its own after a dash"
        case (("dict_type" | "model_type"), _):
            return f"write key: value, with any of {', '.join(map(str, keys))}" if keys else "write key: value"
    return ""


def _list_fields(form: type[Form], path: Iterable[Key]) -> Mapping[Key, FieldInfo]:
    """Return, by key, the fields of the form to which ``path`` leads from a value of ``form``."""
    annotation: Any = form
    for key in path:
        fields = _fields_of(annotation)
        parts = [part for part in get_args(_strip(annotation)) if part is not Ellipsis]
        annotation = fields[key].annotation if fields else parts[-1]
    return _fields_of(annotation)


def _fields_of(annotation: Any) -> Mapping[Key, FieldInfo]:
    form = _strip(annotation)
    if not (isinstance(form, type) and issubclass(form, Form)):
        return {}
    return {field.alias or name: field for name, field in form.model_fields.items()}


def _strip(annotation: Any) -> Any:
    """Take away what surrounds a type: ``Annotated``, and ``None`` as its alternative."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    return annotation
