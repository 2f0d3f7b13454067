"""Looking: what lists hold, what their filters mean, and all that is known of one run."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ostinato.engine.ensure_runs_exist import ensure_runs_exist
from ostinato.errors import NotFound
from ostinato.model.definitions import Dependency
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations import listing
from ostinato.operations.cancelling import cancel
from ostinato.operations.pausing import Pausable, pause
from ostinato.operations.people import Person
from ostinato.operations.starting import trigger_once
from ostinato.testing.factories import make_account, make_chain, make_definition, make_retry, utc
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")


def names(found: list[listing.ListedSlot]) -> list[str]:
    """Return the names of slots."""
    return [str(row.slot.name) for row in found]


def test_accounts_and_definitions_are_listed_with_who_paused_them(night: Night, world: World) -> None:
    """By token and by name."""
    night.declare(accounts=[make_account("b"), make_account("a")], definitions=[make_definition()])
    night.tick()
    pause(world, Pausable.ACCOUNT, "a", by=ADA, reason="unpaid")
    pause(world, Pausable.DEFINITION, "sales", by=ADA)

    accounts, (definition,) = listing.list_accounts(world), listing.list_definitions(world)

    assert [(row.token, row.paused_by, row.pause_reason) for row in accounts] == [
        ("a", "ada", "unpaid"),
        ("b", None, None),
    ]
    assert (definition.definition.name, definition.definition.paused_by) == ("sales", "ada")


def test_definitions_are_listed_with_their_neighbours(night: Night, world: World) -> None:
    """What each waits for, and through what data, and what waits for it."""
    night.declare(definitions=make_chain("load", "sum", "report"))
    night.tick()

    rows = {row.definition.name: row for row in listing.list_definitions(world)}

    assert rows["load"].upstream == ()
    assert rows["sum"].upstream == (Dependency("sum", "load", ("load",)),)
    assert (rows["load"].downstream, rows["report"].downstream) == (("sum",), ())


def bring_to_every_status(night: Night) -> None:
    """Make a slot of every status that can be reached without director."""
    declared = [
        *make_chain("load", "report"),
        make_definition("manual", start="manual"),
        make_definition("retried", retry=make_retry(2, wait=timedelta(hours=1))),
    ]
    night.declare(definitions=declared)
    night.tick()
    ends = {
        "load/-/2026-01-08": RunStatus.FAILED,
        "load/-/2026-01-09": RunStatus.SUCCESS,
        "retried/-/2026-01-08": RunStatus.FAILED,
        "retried/-/2026-01-09": RunStatus.WARNING,
    }
    for name, status in ends.items():
        night.finish(name, status)
    night.declare(definitions=[*declared, make_definition("new")])
    night.steps = tuple(step for step in night.steps if step is not ensure_runs_exist)
    night.tick()


def test_every_status_that_faces_show_can_be_asked_for(night: Night, world: World) -> None:
    """The filter and what is shown are one: a list by status holds the slots that show it, and no other."""
    bring_to_every_status(night)
    everything = listing.list_slots(world)
    shown = {row.status for row in everything}

    found = {face: listing.list_slots(world, statuses=[face]) for face in SlotFace}

    assert shown >= {SlotFace.FUTURE, SlotFace.BLOCKED, SlotFace.READY, SlotFace.RETRYING, SlotFace.FAILED}
    assert found == {face: [row for row in everything if row.status is face] for face in SlotFace}


def test_a_live_slot_is_asked_for_by_the_status_of_its_run(night: Night, world: World) -> None:
    """Waiting, running and cancelled, of several definitions at once."""
    night.declare(definitions=[make_definition("a", priority=1), make_definition("b"), make_definition("c")])
    night.tick()
    night.claim(limit=1)
    cancel(world, "b/2026-01-08", by=ADA)

    statuses = {
        face: names(listing.list_slots(world, statuses=[face])) for face in (SlotFace.RUNNING, SlotFace.CANCELLED)
    }

    assert statuses == {SlotFace.RUNNING: ["a/-/2026-01-08"], SlotFace.CANCELLED: ["b/-/2026-01-08"]}
    assert len(listing.list_slots(world, statuses=[SlotFace.WAITING, SlotFace.RUNNING])) == 5


def test_slots_are_listed_newest_first_up_to_a_limit(night: Night, world: World) -> None:
    """Or oldest first, when asked for."""
    night.declare(definitions=[make_definition()])
    night.tick()

    newest = listing.list_slots(world, limit=2)
    oldest = listing.list_slots(world, limit=2, newest_first=False)

    assert names(newest) == ["sales/-/2026-01-20", "sales/-/2026-01-19"]
    assert names(oldest) == ["sales/-/2026-01-08", "sales/-/2026-01-09"]


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ({"since": date(2026, 1, 9), "until": date(2026, 1, 10)}, ["2026-01-10", "2026-01-09"]),
        ({"since": utc("2026-01-09"), "until": utc("2026-01-10")}, ["2026-01-09"]),
        ({"since": utc("2026-01-09T06:00"), "until": utc("2026-01-11")}, ["2026-01-10"]),
        ({"until": date(2026, 1, 8)}, ["2026-01-08"]),
    ],
)
def test_dates_are_those_of_the_slots_own_clock(
    night: Night, world: World, bounds: dict[str, Any], found: list[str]
) -> None:
    """A date includes its day, wherever the slot is; an instant is the same everywhere and excludes itself."""
    night.declare(
        accounts=[make_account("us", time_zone="America/New_York")], definitions=[make_definition(matrix="account")]
    )
    night.tick()

    assert names(listing.list_slots(world, **bounds)) == [f"sales/us/{day}" for day in found]


def test_hours_of_a_day_belong_to_the_date(night: Night, world: World) -> None:
    """All twenty-four, whatever their labels add to the date."""
    night.declare(definitions=[make_definition(frequency="hourly")])
    night.tick()

    assert len(listing.list_slots(world, since=date(2026, 1, 9), until=date(2026, 1, 9))) == 24


def test_a_filter_by_an_unknown_name_is_an_error(night: Night, world: World) -> None:
    """An empty list would hide a slip of the finger."""
    night.declare(accounts=[make_account("acme")], definitions=[make_definition()])
    night.tick()

    with pytest.raises(NotFound, match="did you mean sales"):
        listing.list_slots(world, definition="sale")
    with pytest.raises(NotFound, match="did you mean acme"):
        listing.list_runs(world, account="acne")
    with pytest.raises(NotFound, match="there is no slot"):
        listing.list_runs(world, slot="sales/2025-01-01")


def test_runs_are_listed_by_what_they_belong_to(night: Night, world: World) -> None:
    """Newest first, by every filter that is given."""
    night.declare(
        accounts=[make_account("a"), make_account("b")],
        definitions=[make_definition(matrix="account"), make_definition("rates")],
    )
    night.tick()
    night.finish("sales/a/2026-01-08")
    once = trigger_once(world, "rates", by=ADA).run

    def ids(**filters: Any) -> list[str]:
        return [str(run.slot) for run in listing.list_runs(world, **filters)]

    assert ids(definition="rates") == ["None", "rates/-/2026-01-09", "rates/-/2026-01-08"]
    assert ids(account="b") == ["sales/b/2026-01-09", "sales/b/2026-01-08"]
    assert ids(slot="sales/a/2026-01-08") == ids(statuses=[RunStatus.SUCCESS]) == ["sales/a/2026-01-08"]
    assert [run.id for run in listing.list_runs(world, limit=1)] == [once.id]


def test_a_run_is_shown_with_its_history_and_why_it_exists(night: Night, world: World) -> None:
    """From its creation to its end, with causes, in the version that it ran in."""
    night.declare(definitions=[make_definition(command=("old",))])
    night.tick()
    night.finish("sales/-/2026-01-08", RunStatus.FAILED)
    night.declare(definitions=[make_definition(command=("new",))])
    night.tick()
    run = night.run("sales/-/2026-01-08")

    details = listing.show_run(world, run.id)

    assert [entry.to_status for entry in details.history] == [RunStatus.WAITING, RunStatus.RUNNING, RunStatus.FAILED]
    assert details.why == "its start policy after_success is satisfied"
    assert details.declared is not None
    assert details.declared.command == ("old",)
    assert (details.run.evidence, details.claim) == (run.evidence, None)
    assert details.current_version != run.version
    assert details.log == world.config.folder / "logs" / f"{run.id}.log"


def test_a_run_that_waits_is_shown_with_what_it_waits_for(night: Night, world: World) -> None:
    """A one-off, too, though it has no slot that could be explained."""
    night.declare(definitions=[make_definition(queue="io")])
    night.tick()
    once = trigger_once(world, "sales", by=ADA, reason="try it").run

    details = listing.show_run(world, once.id)

    assert details.why == "triggered by ada: try it"
    assert details.claim is not None
    assert details.claim.blocking is not None
    assert details.claim.blocking.reason == "no agent serves queue io"


def test_an_unknown_run_is_not_found(night: Night, world: World) -> None:
    """The hint is the list of those that there are."""
    with pytest.raises(NotFound, match="there is no run 77"):
        listing.show_run(world, 77)
