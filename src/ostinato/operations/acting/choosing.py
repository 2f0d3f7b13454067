"""Targets by a query: the slots of one night that fit what is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ostinato.errors import InvalidValue
from ostinato.model.slots import SlotFace
from ostinato.operations.names import get_account, get_definition
from ostinato.operations.night import Choice, Nights
from ostinato.world import World


@dataclass(frozen=True, slots=True)
class Query:
    """Slots of the night of ``at``, which is now where it is left out, that fit everything else that is given.

    ``search`` and ``labels`` are those of a ``Choice``: words in names, and labels that accounts have.
    """

    definition: str | None = None
    account: str | None = None
    status: SlotFace | None = None
    gate: str | None = None
    at: datetime | None = None
    search: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def narrows(self) -> bool:
        """Tell whether it means less than the whole night."""
        named = any(value is not None for value in (self.definition, self.account, self.status, self.gate))
        return named or bool(self.search.strip() or self.labels)


def find_targets(world: World, query: Query) -> list[str]:
    """Return the names of the slots that are meant. ``InvalidValue`` for a query that means everything."""
    if not query.narrows:
        raise InvalidValue("this query means everything", hint="name a definition, an account, a status or a gate")
    with world.store.read() as tx:
        if query.definition is not None:
            get_definition(tx, query.definition)
        if query.account is not None:
            get_account(tx, query.account)
    choice = Choice(
        search=query.search,
        labels=query.labels,
        faces=frozenset() if query.status is None else frozenset({query.status}),
        gates=frozenset() if query.gate is None else frozenset({query.gate}),
    )
    names = Nights(world).list_names(query.at, choice, account=query.account, definition=query.definition)
    return [str(name) for name in names]
