"""Names: from what people write to the slot they mean, and what they are told when there is none."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ostinato.errors import NotFound
from ostinato.operations.names import find_slot_by_name
from ostinato.testing.factories import NOON, make_account, make_definition, utc
from ostinato.testing.night import Night
from ostinato.world import World

UK = make_account("acme-uk", time_zone="Europe/London")
US = make_account("acme-us", time_zone="America/New_York")


def declare(night: Night, **values: Any) -> None:
    """Declare a definition for two accounts, and one for none."""
    night.declare(
        accounts=[UK, US],
        definitions=[make_definition("sales", matrix="account", **values), make_definition("rates")],
    )
    night.tick()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("sales/acme-us/2026-01-09", "sales/acme-us/2026-01-09"),
        ("sales/acme-us/2026-01-09T00:00", "sales/acme-us/2026-01-09"),
        ("sales/acme-us/2026-01-09T05:00Z", "sales/acme-us/2026-01-09"),
        ("sales/acme-us/2026-01-09T06:00+01:00", "sales/acme-us/2026-01-09"),
        ("  sales/acme-us/2026-01-09 ", "sales/acme-us/2026-01-09"),
        ("rates/2026-01-09", "rates/-/2026-01-09"),
        ("rates/-/2026-01-09", "rates/-/2026-01-09"),
        ("rates/2026-01-09T00:00Z", "rates/-/2026-01-09"),
    ],
)
def test_a_slot_is_found_by_every_way_to_write_its_start(night: Night, world: World, text: str, name: str) -> None:
    """A date, a time on the slot's own clock, or an instant: they mean the same slot."""
    declare(night)

    assert str(find_slot_by_name(world, text).name) == name


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("sales", "'sales' is no slot", "list the slots: ostinato slots"),
        ("slaes/acme-us/2026-01-09", "there is no definition slaes", "did you mean sales?"),
        ("invoices/acme-us/2026-01-09", "there is no definition invoices", "there are: rates, sales"),
        ("sales/acme-su/2026-01-09", "there is no account acme-su", "did you mean acme-us?"),
        ("sales/ACME-US/2026-01-09", "there is no account ACME-US", "did you mean acme-us?"),
        ("sales/2026-01-09", "sales runs for each account", "sales/ACCOUNT/2026-01-09, with one of: acme-uk, acme-us"),
        ("sales/acme-us", "sales/acme-us names no start", "add one: sales/acme-us/"),
        ("rates/acme-us/2026-01-09", "rates runs without account", "write rates/2026-01-09"),
        ("sales/acme-us/9 January", "'9 January' is no start", "the times are those of America/New_York"),
        (
            "sales/acme-us/2026-01-09T06:00",
            "there is no slot sales/acme-us/2026-01-09T06:00: no period of sales starts there (daily)",
            "the period that contains it is that of sales/acme-us/2026-01-09",
        ),
        (
            "sales/acme-us/2026-01-07",
            "that is before its start, 2026-01-08",
            "declare an earlier starts_on",
        ),
        (
            "sales/acme-us/2026-01-25",
            "there is no slot sales/acme-us/2026-01-25 yet: slots are created 10d ahead",
            "it will be created at 2026-01-15T05:00:00Z",
        ),
    ],
)
def test_a_slot_that_does_not_exist_is_explained(
    night: Night, world: World, text: str, message: str, hint: str
) -> None:
    """The error says what is wrong with the name, and the hint what comes nearest."""
    declare(night)

    with pytest.raises(NotFound) as missing:
        find_slot_by_name(world, text)

    assert message in missing.value.message
    assert hint in missing.value.hint


def find_missing(world: World, text: str) -> NotFound:
    """Look for a slot that does not exist; return the error."""
    with pytest.raises(NotFound) as missing:
        find_slot_by_name(world, text)
    return missing.value


def test_a_slot_after_the_end_is_explained(night: Night, world: World) -> None:
    """The day of ``ends_on`` is the last."""
    declare(night, ends_on=date(2026, 1, 9))

    assert "after its end, 2026-01-09" in find_missing(world, "sales/acme-us/2026-01-10").message


def test_without_a_start_slots_begin_where_the_definition_was_first_seen(night: Night, world: World) -> None:
    """The period in which it was first seen is the first; the one before it is not."""
    declare(night, starts_on=None)

    assert find_slot_by_name(world, "sales/acme-us/2026-01-10").starts_at == utc("2026-01-10T05:00")
    assert "first seen, 2026-01-10T12:00:00Z" in find_missing(world, "sales/acme-us/2026-01-09").message


def test_a_slot_that_the_engine_has_yet_to_create_is_explained(night: Night, world: World) -> None:
    """Within the time ahead, only a pass is missing; ``apply`` is one."""
    declare(night)
    night.advance(days=1)

    missing = find_missing(world, "sales/acme-us/2026-01-21")

    assert missing.message == "there is no slot sales/acme-us/2026-01-21 yet"
    assert "ostinato apply" in missing.hint


def test_a_definition_without_any_slot_yet_is_explained(night: Night, world: World) -> None:
    """It is declared and known, but no pass has made its slots."""
    night.steps = night.steps[:3]
    declare(night)

    assert find_missing(world, "sales/acme-us/2026-01-09").message == "sales has no slots for account acme-us yet"


def test_a_slot_that_was_dropped_for_its_age_is_explained(night: Night, world: World) -> None:
    """The setting that decides is named."""
    declare(night)
    night.work()
    night.advance(days=420)
    night.tick()

    missing = find_missing(world, "sales/acme-us/2026-01-09")

    assert missing.message.endswith("it was dropped for its age")
    assert "engine.retention" in missing.hint


def test_a_slot_that_gives_way_to_an_earlier_one_is_explained(night: Night, world: World) -> None:
    """What ran as a day stays when the definition becomes hourly; its hours are not made up."""
    declare(night)
    night.work()
    declare(night, frequency="hourly")

    missing = find_missing(world, "sales/acme-us/2026-01-09T03:00")

    assert missing.message.endswith("sales/acme-us/2026-01-09 stands in its place")


def test_a_slot_of_a_former_frequency_is_still_found(night: Night, world: World) -> None:
    """Its name has not changed."""
    declare(night)
    night.work()
    declare(night, frequency="weekly", starts_on=date(2026, 1, 5))

    assert find_slot_by_name(world, "sales/acme-us/2026-01-08").starts_at == utc("2026-01-08") + timedelta(hours=5)


def test_the_hour_that_a_clock_shows_twice_has_two_names(night: Night, world: World) -> None:
    """The second one carries its offset; both are found, and they are an hour apart."""
    night.clock.set(utc("2026-11-01T12:00"))
    declare(night, frequency="hourly", starts_on=date(2026, 11, 1))

    first = find_slot_by_name(world, "sales/acme-us/2026-11-01T01:00")
    second = find_slot_by_name(world, "sales/acme-us/2026-11-01T01:00-0500")

    assert second.starts_at - first.starts_at == timedelta(hours=1)
    assert second.starts_at == utc("2026-11-01T06:00")


def test_names_are_looked_for_at_the_present_instant(night: Night, world: World) -> None:
    """What is not created yet today exists a week later."""
    declare(night)
    night.advance(days=10)
    night.tick()

    assert night.now - NOON == timedelta(days=10)
    assert find_slot_by_name(world, "sales/acme-us/2026-01-25").starts_at == utc("2026-01-25T05:00")
