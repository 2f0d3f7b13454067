"""References: how the input of a step speaks of what other steps put out.

``{"$ref": NUMBER, "path": [KEY, …]}`` stands for (a part of) the output of step NUMBER, and ``{"$value": VALUE}`` for
VALUE as it is: nothing in it is a reference. So a user's own mapping that has one of the two marks among its keys is
written. Owns this notation: writing it, reading it, and what is said when a reference leads nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from ostinato.errors import UnresolvedReference
from ostinato.model.steps import Json

REFERENCE = "$ref"
VALUE = "$value"
_PATH = "path"
_SHOWN_KEYS = 10

Key: TypeAlias = str | int


def make_reference(step: int, path: Sequence[Key] = ()) -> dict[str, Any]:
    """Write a reference to the output of ``step``, or to the part of it to which ``path`` leads."""
    return {REFERENCE: step, _PATH: list(path)}


def protect(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write a user's own mapping, which holds no references, so that it is never taken for one."""
    return {VALUE: mapping} if is_marked(mapping) else mapping


def is_marked(mapping: Mapping[str, Any]) -> bool:
    """Tell whether a mapping has one of the marks among its keys."""
    return REFERENCE in mapping or VALUE in mapping


def list_references(value: Json) -> tuple[int, ...]:
    """Return the numbers of the steps to which ``value`` refers, each once, in order."""
    return tuple(dict.fromkeys(_find_references(value)))


def resolve(value: Json, outputs: Mapping[int, Json]) -> Any:
    """Return ``value`` with every reference replaced by what it stands for; ``outputs`` are by step.

    Raises ``UnresolvedReference`` for a step without output here, and for a key that its output does not have.
    """
    match value:
        case str():
            return value
        case Mapping() if REFERENCE in value:
            step, path = _read_reference(value)
            return _follow(step, path, outputs)
        case Mapping() if VALUE in value:
            return _read_value(value)
        case Mapping():
            return {key: resolve(item, outputs) for key, item in value.items()}
        case Sequence():
            return [resolve(item, outputs) for item in value]
    return value


def _find_references(value: Json) -> Iterator[int]:
    match value:
        case str():
            return
        case Mapping() if REFERENCE in value:
            yield _read_reference(value)[0]
        case Mapping() if VALUE in value:
            return
        case Mapping():
            for item in value.values():
                yield from _find_references(item)
        case Sequence():
            for item in value:
                yield from _find_references(item)


def _read_value(written: Mapping[str, Any]) -> Json:
    if len(written) > 1:
        raise UnresolvedReference(f"{VALUE} stands beside other keys", hint=f'write {{"{VALUE}": {{…}}}} around them')
    value: Json = written[VALUE]
    return value


def _read_reference(written: Mapping[str, Any]) -> tuple[int, Sequence[Key]]:
    step, path = written[REFERENCE], written.get(_PATH, [])
    is_path = isinstance(path, list | tuple) and all(isinstance(key, str | int) for key in path)
    if not isinstance(step, int) or not is_path or not written.keys() <= {REFERENCE, _PATH}:
        hint = f'write {{"{REFERENCE}": 3, "{_PATH}": ["rows", 0]}}, or {{"{VALUE}": {{…}}}} around what is none'
        raise UnresolvedReference(f"{dict(written)!r} is no reference", hint=hint)
    return step, path


def _follow(step: int, path: Sequence[Key], outputs: Mapping[int, Json]) -> Json:
    if step not in outputs:
        raise UnresolvedReference(f"step {step} has no output here")
    value = outputs[step]
    for depth, key in enumerate(path):
        try:
            value = _take(value, key)
        except LookupError:
            place = f"the output of step {step}" + "".join(f"[{passed!r}]" for passed in path[:depth])
            raise UnresolvedReference(f"{place} has no {key!r}; {_describe_keys(value)}") from None
    return value


def _take(value: Json, key: Key) -> Any:
    match value, key:
        case (Mapping(), str()):
            return value[key]
        case (str(), _):
            raise LookupError
        case (Sequence(), int()):
            return value[key]
    raise LookupError


def _describe_keys(value: Json) -> str:
    match value:
        case None:
            return "it is empty"
        case str():
            return "it is a text"
        case Mapping():
            keys = [repr(key) for key in value]
            more = f" and {len(keys) - _SHOWN_KEYS} more" if len(keys) > _SHOWN_KEYS else ""
            return f"it has {', '.join(keys[:_SHOWN_KEYS])}{more}" if keys else "it has no keys"
        case Sequence():
            return f"it is a list of {len(value)}"
    return f"it is {value!r}"
