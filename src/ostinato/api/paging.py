"""How long lists are cut: a page of them at a time, and a cursor that says where the next one begins.

A cursor names the last row that was seen, and not how many came before it. So rows that come or go in between neither
push one out of sight nor show one twice.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

from fastapi import Query
from typing_extensions import TypedDict

from ostinato.api.parameters import LARGEST_ID
from ostinato.errors import InvalidValue

MOST = 1_000
"""No list is answered with more items at once."""

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items at most.")]
Cursor = Annotated[
    str | None,
    Query(max_length=2_000, description="Where to go on: `next` of the page before. Left out: at the beginning."),
]
Position: TypeAlias = tuple[str | int | None, ...]
"""What tells a row of a list from all others, and orders it among them."""

Item = TypeVar("Item")
Row = TypeVar("Row")


class Page(TypedDict, Generic[Item]):
    """A part of a list. ``total`` is null where counting all would cost too much, ``next`` where there is no more."""

    items: list[Item]
    total: int | None
    next: str | None


def cut_whole(items: Iterable[Item], *, limit: int, cursor: str | None, key: Callable[[Item], str]) -> Page[Item]:
    """Cut a page out of a list that is known as a whole, in the order of a ``key`` that no two items share."""
    ordered = sorted(items, key=key)
    seen = None if cursor is None else read_cursor(cursor, str)[0]
    rest = ordered if seen is None else [item for item in ordered if key(item) > seen]
    page = cut(rest, limit=limit, place=lambda item: (key(item),), shape=lambda item: item)
    return {**page, "total": len(ordered)}


def cut(
    rows: Sequence[Row], *, limit: int, place: Callable[[Row], Position], shape: Callable[[Row], Item]
) -> Page[Item]:
    """Cut a page off the beginning of ``rows``, of which there is one more than ``limit`` if there is a next page."""
    page = rows[:limit]
    following = write_cursor(place(page[-1])) if len(rows) > limit else None
    return {"items": [shape(row) for row in page], "total": None, "next": following}


def write_cursor(position: Position) -> str:
    """Write where a page ended, for whoever asks for the next one."""
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """Read where the page before ended; ``InvalidValue`` for a text that ``write_cursor`` has not made."""
    try:
        position = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        return tuple(_read_part(part, kind) for part, kind in zip(position, kinds, strict=True))
    except (ValueError, TypeError, RecursionError):
        raise InvalidValue(
            "this is no cursor of this list", hint="leave cursor out, or take `next` of the page before"
        ) from None


def _read_part(part: object, kind: type) -> Any:
    """Read a part of a position; numbers are ids, texts hold nothing that a database refuses."""
    match part:
        case str() if kind is datetime:
            at = datetime.fromisoformat(part)
            return at.astimezone(UTC)
        case str() if kind is str and "\0" not in part:
            return part.encode().decode()
        case int() if kind is int and 0 < part <= LARGEST_ID:
            return part
    raise ValueError(part)
