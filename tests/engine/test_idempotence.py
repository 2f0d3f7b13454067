"""A second pass at the same instant changes nothing, in whatever state the world is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from tests.counting import count_rows

from ostinato.model.definitions import DeclaredDefinition
from ostinato.model.runs import ClaimedRun
from ostinato.model.statuses import RunStatus
from ostinato.testing.factories import make_account, make_chain, make_definition, make_maintenance, make_retry
from ostinato.testing.night import Night, changes

ENDINGS = [RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.WARNING, RunStatus.CANCELLED, RunStatus.TIMEOUT]


def make_varied() -> list[DeclaredDefinition]:
    """Make definitions of every kind, some of which wait for others."""
    return [
        *make_chain("load", "clean", "agg", matrix="account", retry=make_retry(2)),
        make_definition("net", frequency="weekly", reads_from=("agg",), starts_on=date(2025, 12, 29)),
        make_definition("log", frequency="every 6h", reads_from=("log",), writes_to=("log",), start="after_completion"),
        make_definition("hand", start="manual"),
        make_definition("early", start="at_start", start_before=timedelta(minutes=30)),
        make_definition("off", active=False),
        make_definition("over", ends_on=date(2026, 1, 9), time_limit=timedelta(minutes=1)),
    ]


def settle(night: Night) -> None:
    """Run passes until one changes nothing."""
    while changes(night.tick()):
        pass


def begin(night: Night) -> None:
    """Nothing has run yet."""


def work(night: Night) -> None:
    """Runs have ended in every way."""
    number = 0

    def end(run: ClaimedRun) -> RunStatus:
        nonlocal number
        number += 1
        return ENDINGS[number % len(ENDINGS)]

    night.work(end)


def lose_an_agent(night: Night) -> None:
    """All that ran is lost."""
    night.claim()
    night.advance(minutes=5)


def go_on_for_days(night: Night) -> None:
    """Much has come due."""
    night.work()
    night.advance(days=3)


def break_a_source(night: Night) -> None:
    """What is declared cannot be read."""
    night.tick()
    night.break_source("declared")


def remove_much(night: Night) -> None:
    """A removal is held back."""
    night.tick()
    night.declare(definitions=[])


def grow_old(night: Night) -> None:
    """Everything is older than what is kept."""
    night.work()
    night.set(retention=timedelta(days=2))
    night.advance(days=30)


@pytest.mark.parametrize("happen", [begin, work, lose_an_agent, go_on_for_days, break_a_source, remove_much, grow_old])
def test_a_second_pass_changes_nothing(night: Night, happen: Callable[[Night], None]) -> None:
    """Once nothing is left to do, another pass leaves every row as it is; so does a full look."""
    night.declare(
        accounts=[
            make_account("a"),
            make_account("b", time_zone="America/New_York"),
            make_account("c", active=False),
            make_account("d", maintenance=make_maintenance("2026-01-10", "2026-02-10")),
        ],
        definitions=make_varied(),
    )
    night.tick()
    happen(night)
    settle(night)
    before = night.slots(), night.runs(), count_rows(night.store)

    again, full = changes(night.tick()), changes(night.tick(full=True))

    assert (again, full) == ({}, {})
    assert (night.slots(), night.runs(), count_rows(night.store)) == before
