"""The encoding of Python values as JSON, and nothing else: strict, so that what is stored can be read back.

=============================================  =====================================
``str``, ``int``, ``bool``, ``None``           as they are
``float``                                      as it is; NaN and infinity are refused
``list``, ``tuple``                            a list
``dict`` with texts as keys                    a mapping
``datetime``, ``date``, ``time``, timedelta    ISO 8601
``UUID``, ``Decimal``                          a text; a ``Decimal`` must be finite
an ``Enum``                                    its value
a dataclass, a pydantic model                  a mapping of its fields
=============================================  =====================================

Anything else, such as sets and bytes, is refused with the path of the offending value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from ostinato.actions.references import PlannedReference, Reference
from ostinato.errors import InvalidValue
from ostinato.model.references import Key, is_marked, protect

MAX_DEPTH = 64
_SHOWN_KEYS = 8

Refer: TypeAlias = Callable[[Reference], Any]


def encode(value: object, place: str = "output", *, refer: Refer | None = None) -> Any:
    """Return ``value`` as JSON; ``place`` is what the path of an offending value begins with.

    ``refer`` writes the references in it down, and then the user's own mappings are told from these. Without it
    references are refused, too. Raises ``InvalidValue``.
    """
    try:
        return _encode(value, refer, MAX_DEPTH)
    except _Refusal as refusal:
        raise InvalidValue(f"{join_path(place, refusal.path[::-1])}: {refusal}", hint=refusal.hint) from None


def join_path(place: str, keys: list[Key]) -> str:
    """Write a path as ``output.rows[3].price``."""
    shown = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys[:_SHOWN_KEYS])
    return place + shown + ("…" if len(keys) > _SHOWN_KEYS else "")


class _Refusal(Exception):
    """Why a value is refused; ``path`` leads to it, from the inside out."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.path: list[Key] = []


def _encode(value: object, refer: Refer | None, depth: int) -> Any:
    if depth == 0:
        raise _Refusal("this is nested too deeply, or within itself")
    match value:
        case None | bool():
            return value
        case Enum():
            return _encode(value.value, refer, depth)
        case Reference():
            return _encode_reference(value, refer, depth)
        case str() | int() | float() | Decimal():
            return _encode_plain(value)
        case Mapping():
            return _encode_mapping(value, refer, depth)
        case list() | tuple():
            return [_encode_item(index, item, refer, depth) for index, item in enumerate(value)]
    return _encode_object(value, refer, depth)


def _encode_object(value: object, refer: Refer | None, depth: int) -> Any:
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case UUID():
            return str(value)
        case timedelta():
            return to_jsonable_python(value)  # as pydantic reads it
        case BaseModel():
            return _encode(value.model_dump(mode="json", by_alias=False, round_trip=True), refer, depth)
    if is_dataclass(value) and not isinstance(value, type):
        return _encode_mapping({field.name: getattr(value, field.name) for field in fields(value)}, refer, depth)
    raise _Refusal(*_describe(value))


def _encode_plain(value: str | float | Decimal) -> Any:
    match value:
        case str():
            return _encode_text(value)
        case int():
            return int(value)
        case float() if math.isfinite(value):
            return float(value)
        case Decimal() if value.is_finite():
            return str(value)
    raise _Refusal(f"{value} is no number that JSON has")


def _encode_text(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _Refusal("this text has half a character (a lone surrogate)") from None
    if "\0" in text:
        raise _Refusal("this text has a character NUL, which no database keeps")
    return str.__str__(text)  # of an enum's member that is used as a key, too


def _encode_mapping(mapping: Mapping[Any, Any], refer: Refer | None, depth: int) -> Mapping[str, Any]:
    for key in mapping:
        if not isinstance(key, str):
            raise _Refusal(f"the key {key!r} is no text", "JSON has texts as keys alone; make texts of these")
    if refer is None:
        return {_encode_text(key): _encode_item(key, item, None, depth) for key, item in mapping.items()}
    if is_marked(mapping):  # nothing in it will be taken for a reference, so it holds none
        return protect(_encode_mapping(mapping, None, depth))
    return {_encode_text(key): _encode_item(key, item, refer, depth) for key, item in mapping.items()}


def _encode_item(key: Key, item: object, refer: Refer | None, depth: int) -> Any:
    try:
        return _encode(item, refer, depth - 1)
    except _Refusal as refusal:
        refusal.path.append(key)
        raise


def _encode_reference(reference: Reference, refer: Refer | None, depth: int) -> Any:
    if refer is None:
        raise _Refusal(
            f"{reference!r} cannot stand here", "references stand in the input of actions, within their plan"
        )
    if isinstance(reference, PlannedReference):
        if reference.__returned__ is None:
            raise _Refusal(f"{reference!r} is nothing", "have that plan return what others may use")
        return _encode(reference.__returned__, refer, depth)
    return refer(reference)


def _describe(value: object) -> tuple[str, str]:
    kind = type(value).__name__
    match value:
        case set() | frozenset():
            return f"a {kind} is not JSON", "make a list of it, sorted"
        case bytes() | bytearray() | memoryview():
            return f"{kind} are not JSON", "make a text of them, or keep them in a file and pass its name"
    return f"a value of type {kind} is not JSON", "pass what identifies it, and get it where it is needed"
