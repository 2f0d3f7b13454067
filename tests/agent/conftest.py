"""A night with runs that wait for an agent, once on SQLite and once on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ostinato.testing.night import Night, open_night


@pytest.fixture
def night(database_url: str) -> Iterator[Night]:
    """Lend a night on an empty database."""
    with open_night(database_url) as night:
        yield night
