"""When a slot gets its run: by its start policy, what it waits for, and what stands above it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from ostinato.model.runs import RunOrigin
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.testing.factories import NOON, make_account, make_chain, make_definition, make_maintenance, utc
from ostinato.testing.night import Night

DAY = "2026-01-08"


def started(night: Night, definition: str) -> list[str]:
    """Name the starts of the slots of a definition that have a run."""
    return [name.rpartition("/")[2] for name, face in night.slots(definition).items() if face is SlotFace.WAITING]


@pytest.mark.parametrize(
    ("start", "delay", "expected"),
    [
        ("after_success", 0, [DAY, "2026-01-09"]),
        ("after_success", 12, [DAY, "2026-01-09"]),
        ("after_success", 12.1, [DAY]),
        ("after_completion", 36, [DAY]),
        ("at_start", 0, [DAY, "2026-01-09", "2026-01-10"]),
        ("at_start", 12.1, [DAY, "2026-01-09"]),
        ("manual", 0, []),
    ],
)
def test_a_slot_starts_when_its_policy_says(night: Night, start: str, delay: float, expected: list[str]) -> None:
    """After its period, or at its beginning, and the delay on top; by hand alone where that is declared."""
    night.declare(definitions=[make_definition(start=start, delay=timedelta(hours=delay))])

    night.tick()

    assert started(night, "sales") == expected


def test_a_run_is_made_of_its_definition(night: Night) -> None:
    """Queue, priority and version are those of the definition; why it exists stands in it."""
    definition = make_definition(queue="io", priority=3, start_before=timedelta(hours=2))
    night.declare(definitions=[definition])
    night.tick()

    run = night.run(f"sales/-/{DAY}")

    assert (run.queue, run.priority, run.version) == ("io", 3, definition.version)
    assert (run.origin, run.series, run.attempt, run.requested_by) == (RunOrigin.SCHEDULE, 1, 1, None)
    assert (run.due_at, run.start_before) == (utc("2026-01-09"), NOON + timedelta(hours=2))


@pytest.mark.parametrize(
    ("start", "ending", "goes_on"),
    [
        ("after_success", RunStatus.SUCCESS, True),
        ("after_success", RunStatus.WARNING, True),
        ("after_success", RunStatus.FAILED, False),
        ("after_success", RunStatus.CANCELLED, False),
        ("after_completion", RunStatus.SUCCESS, True),
        ("after_completion", RunStatus.FAILED, True),
        ("after_completion", RunStatus.CANCELLED, True),
    ],
)
def test_what_is_upstream_must_have_ended_well_enough(
    night: Night, start: str, ending: RunStatus, *, goes_on: bool
) -> None:
    """A warning is as good as a success; after_completion takes any end."""
    load, agg = make_chain("load", "agg", ends_on=date(2026, 1, 8))
    night.declare(definitions=[load, replace(agg, start=make_definition(start=start).start)])

    ran = night.work(lambda run: ending if run.work == "load" else RunStatus.SUCCESS)

    assert ran == [f"load/-/{DAY}"] + [f"agg/-/{DAY}"] * goes_on


def test_a_failure_that_may_be_retried_is_no_completion(night: Night) -> None:
    """Only the last attempt ends a slot."""
    load, agg = make_chain("load", "agg", ends_on=date(2026, 1, 8))
    retry = replace(load.retry, kind=make_definition().retry.kind.FIXED, attempts=2, base=timedelta(minutes=5))
    night.declare(
        definitions=[replace(load, retry=retry), replace(agg, start=make_definition(start="after_completion").start)]
    )

    first = night.work(lambda run: RunStatus.FAILED)
    night.advance(minutes=5)
    second = night.work(lambda run: RunStatus.FAILED)

    assert (first, second) == ([f"load/-/{DAY}"], [f"load/-/{DAY}", f"agg/-/{DAY}"])


def test_every_upstream_slot_counts(night: Night) -> None:
    """A week waits for all its days, of all accounts; the reason counts them."""
    night.declare(
        accounts=[make_account("a"), make_account("b")],
        definitions=[
            make_definition("day", matrix="account", writes_to=("x",), starts_on=date(2025, 12, 29)),
            make_definition("week", frequency="weekly", reads_from=("x",), starts_on=date(2025, 12, 29)),
        ],
    )
    night.tick()
    for run in night.claim():
        if str(run.slot) != "day/b/2026-01-04":
            night.finish(run)
    night.tick()
    before = night.slot("week/-/2025-12-29").reason

    night.finish("day/b/2026-01-04")
    night.tick()

    assert before == "1 of 14 slots of day not succeeded: 1 under way; first day/b/2026-01-04"
    assert started(night, "week") == ["2025-12-29"]


def test_an_accounts_slot_waits_for_its_own_and_the_common_ones(night: Night) -> None:
    """Another account's failure is not its concern."""
    night.declare(
        accounts=[make_account("a"), make_account("b")],
        definitions=[
            make_definition("common", writes_to=("c",), ends_on=date(2026, 1, 8)),
            make_definition("own", matrix="account", writes_to=("o",), ends_on=date(2026, 1, 8)),
            make_definition("sum", matrix="account", reads_from=("c", "o"), ends_on=date(2026, 1, 8)),
        ],
    )

    ran = night.work(lambda run: RunStatus.FAILED if run.account == "b" else RunStatus.SUCCESS)

    assert ran[-1] == f"sum/a/{DAY}"
    assert night.slot(f"sum/b/{DAY}").reason == f"1 of 1 slot of own not succeeded: 1 failed; first own/b/{DAY}"


def test_where_nothing_is_upstream_there_is_nothing_to_wait_for(night: Night) -> None:
    """Before the upstream begins, its readers go on without it."""
    night.declare(
        definitions=[
            make_definition("late", writes_to=("x",), starts_on=date(2026, 1, 9)),
            make_definition("early", reads_from=("x", "nobody writes this")),
        ]
    )

    night.tick()

    assert started(night, "early") == [DAY]


def test_who_reads_what_it_writes_goes_one_by_one(night: Night) -> None:
    """Each slot waits for the one before it; a failure stops the line, in its own account alone."""
    night.declare(
        accounts=[make_account("a"), make_account("b")],
        definitions=[make_definition(matrix="account", reads_from=("x",), writes_to=("x",), ends_on=date(2026, 1, 9))],
    )
    night.tick()
    waiting = [name for name, face in night.slots().items() if face is SlotFace.WAITING]

    night.finish(f"sales/a/{DAY}")
    night.finish(f"sales/b/{DAY}", RunStatus.FAILED)
    night.tick()

    assert waiting == [f"sales/a/{DAY}", f"sales/b/{DAY}"]
    assert night.face("sales/a/2026-01-09") is SlotFace.WAITING
    assert night.slot("sales/b/2026-01-09").reason.startswith("1 of 1 slot of sales not succeeded")


@pytest.mark.parametrize(
    ("account", "definition", "reason"),
    [
        ({"active": False}, {}, "account a is declared inactive"),
        ({}, {"active": False}, "definition sales is declared inactive"),
        (
            {"maintenance": make_maintenance("2026-01-10", "2026-01-11")},
            {},
            "account a is in maintenance until 2026-01-11T00:00:00Z",
        ),
        ({"maintenance": make_maintenance("2026-01-10", None)}, {}, "account a is in maintenance with no end declared"),
    ],
)
def test_what_stands_above_a_slot_may_stop_it(
    night: Night, account: dict[str, Any], definition: dict[str, Any], reason: str
) -> None:
    """It gets no run, and says why; another account's goes on, unless it is the definition that is stopped."""
    night.declare(
        accounts=[make_account("a", **account), make_account("b")],
        definitions=[make_definition(matrix="account", ends_on=date(2026, 1, 8), **definition)],
    )

    night.tick()

    assert night.slot(f"sales/a/{DAY}").reason == reason
    assert night.face(f"sales/b/{DAY}") is (SlotFace.BLOCKED if definition else SlotFace.WAITING)


def test_a_maintenance_of_an_account_does_not_stop_what_has_none(night: Night) -> None:
    """A slot without account belongs to nobody's window."""
    night.declare(
        accounts=[make_account("a", maintenance=make_maintenance(None, "2030-01-01"))], definitions=[make_definition()]
    )

    night.tick()

    assert started(night, "sales") == [DAY, "2026-01-09"]


def test_a_run_that_could_not_start_in_time_fails_for_good(night: Night) -> None:
    """Its start_before counts from when it was due, or from when its slot came to be; no retry would help."""
    rule = replace(make_definition().retry, kind=make_definition().retry.kind.FIXED, attempts=5)
    night.declare(definitions=[make_definition(start_before=timedelta(hours=1), retry=rule, ends_on=date(2026, 1, 10))])
    night.tick()
    night.advance(hours=1)
    night.tick()
    old = night.slot(f"sales/-/{DAY}")

    night.clock.set(utc("2026-01-11T00:59:59"))
    night.tick()
    in_time = night.face("sales/-/2026-01-10")
    night.advance(seconds=1)
    night.tick()

    no_more = "its start_before has passed; another attempt would be later still"
    assert (old.face(night.now), old.reason) == (
        SlotFace.FAILED,
        f"its start_before has passed before it could start; {no_more}",
    )
    assert (in_time, night.face("sales/-/2026-01-10")) == (SlotFace.WAITING, SlotFace.FAILED)
