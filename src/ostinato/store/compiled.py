"""What SQLAlchemy has compiled: kept once in a process for each kind of database, however many stores there are.

The text of a statement depends on the kind of its database alone. By themselves engines share nothing, and each has to
compile every statement anew, which costs more than most take to be carried out.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.util import LRUCache

_STATEMENTS: LRUCache[Any, Any] = LRUCache(1000)

SHARED = {"compiled_cache": _STATEMENTS}
"""The execution options of an engine whose dialect is ``Alike``."""


class Alike:
    """A dialect that takes all of its kind for the same: what was compiled for one serves the others."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))
