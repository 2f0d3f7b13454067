"""Content versions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ostinato.model.definitions import DeclaredDefinition, RetryKind, RetryRule

SALES = DeclaredDefinition("sales", ("true",), environment={"B": "2", "A": "1"})


def test_the_same_content_has_the_same_version() -> None:
    """The order in which a mapping was written does not matter."""
    assert replace(SALES, environment={"A": "1", "B": "2"}).version == SALES.version


def test_any_change_gives_another_version() -> None:
    """Nested rules count too."""
    changed = [
        replace(SALES, command=("false",)),
        replace(SALES, environment={"A": "1"}),
        replace(SALES, retry=RetryRule(RetryKind.FIXED, 3, timedelta(seconds=30))),
        replace(SALES, active=False),
    ]

    assert len({SALES.version, *(one.version for one in changed)}) == 5


def test_versions_are_stable_across_releases() -> None:
    """A hash that changes with the program would make every definition look changed; this one is pinned."""
    assert (
        DeclaredDefinition("sales", ("true",)).version
        == DeclaredDefinition("sales", ("true",), queue="default").version
    )
    assert DeclaredDefinition("sales", ("true",)).version == "0531b1eb99d4"
