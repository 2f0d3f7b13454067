"""Content versions: the same content has the same version, on every machine and in every release."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any


def to_json_value(value: Any) -> Any:
    """Turn a record into plain JSON values; a field that holds its default is left out.

    Leaving defaults out keeps versions stable when a later release adds a field.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_json_value(getattr(value, field.name))
            for field in fields(value)
            if not _is_default(field, getattr(value, field.name))
        }
    if isinstance(value, Mapping):
        return {str(key): to_json_value(item) for key, item in sorted(value.items())}
    if isinstance(value, (frozenset, set)):
        return sorted(to_json_value(item) for item in value)
    if isinstance(value, (tuple, list)):
        return [to_json_value(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value


def content_version(record: Any) -> str:
    """Return the first 12 hexadecimal digits of the hash of ``record``'s content."""
    text = json.dumps(to_json_value(record), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _is_default(field: Any, value: Any) -> bool:
    if callable(field.default_factory):
        return bool(value == field.default_factory())
    return bool(value == field.default)
