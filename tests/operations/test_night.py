"""The night: which slots it is made of, what is counted over it, which rows and columns are wanted, what was before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations.lineage import find_lineage
from ostinato.operations.night import Choice, Matrix, Nights, Window
from ostinato.policies.lineage import NodeKind
from ostinato.store.night import measure_usual_lags
from ostinato.testing.factories import make_account, make_chain, make_definition, utc
from ostinato.testing.night import Night
from ostinato.world import World


@pytest.fixture
def nights(world: World) -> Nights:
    """Lend the nights of the world, each counted anew whenever it is asked for."""
    return Nights(world, kept_seconds=0)


@pytest.fixture
def statements(night: Night) -> list[str]:
    """Lend the list of all statements that the store is sent from now on."""
    sent: list[str] = []
    event.listen(night.store.engine, "before_cursor_execute", lambda *about: sent.append(about[2]))
    return sent


def declare(night: Night) -> None:
    """Declare three accounts and a chain of three definitions, one that belongs to no account and one by hand."""
    night.declare(
        accounts=[make_account("acme", labels={"tier": "gold"}), make_account("bolt"), make_account("cord")],
        definitions=[
            *make_chain("load", "agg", "report", matrix="account"),
            make_definition("total", reads_from=("report",)),
            make_definition("by_hand", start="manual"),
        ],
    )
    night.tick()


def show(matrix: Matrix) -> dict[str, SlotFace]:
    """Return the statuses of the cells by the name of each slot."""
    return {str(cell.name): cell.face for _, _, cell in matrix.cells}


def look(nights: Nights, at: datetime | None = None, window: Window | None = None, **choice: Any) -> Matrix:
    """Return a window of a night."""
    return nights.find_matrix(at, Choice(**choice), window or Window())


def test_a_night_is_the_slot_of_each_lane_that_was_due_last(night: Night, nights: Nights) -> None:
    """Not the one that has begun: that is due when it is over. What starts by hand counts from its end."""
    declare(night)

    assert {str(cell.name) for _, _, cell in look(nights, search="load by_hand").cells} == {
        "by_hand/-/2026-01-09",
        "load/acme/2026-01-09",
        "load/bolt/2026-01-09",
        "load/cord/2026-01-09",
    }


@pytest.mark.parametrize(
    ("at", "label"),
    [
        ("2026-01-08T23:59", None),
        ("2026-01-09T00:00", "2026-01-08"),
        ("2026-01-09T23:59", "2026-01-08"),
        ("2026-01-10T00:00", "2026-01-09"),
        ("2026-01-11T00:00", "2026-01-10"),
    ],
)
def test_a_night_of_the_past_or_the_future_is_that_of_its_instant(
    night: Night, nights: Nights, at: str, label: str | None
) -> None:
    """To the moment at which a slot became due; before the first there is none."""
    declare(night)

    shown = show(look(nights, utc(at), search="load acme"))

    assert list(shown) == ([] if label is None else [f"load/acme/{label}"])


def test_slots_of_the_past_are_shown_as_they_stand_now(night: Night, nights: Nights) -> None:
    """And of the future as such: they wait for nothing yet."""
    declare(night)
    night.finish("load/acme/2026-01-08")

    past, future = utc("2026-01-09T12:00"), utc("2026-01-11T12:00")

    assert show(look(nights, past, search="load acme")) == {"load/acme/2026-01-08": SlotFace.SUCCESS}
    assert show(look(nights, future, search="load acme")) == {"load/acme/2026-01-10": SlotFace.FUTURE}
    summary = nights.find_summary(future)
    assert summary.tallies.total.counts == {SlotFace.FUTURE: 10, SlotFace.BLOCKED: 1}
    assert [reason.gate for reason in summary.count_reasons()] == ["by_hand"]


def test_a_delay_moves_a_slot_into_a_later_night(night: Night, nights: Nights) -> None:
    """It is due when its delay is over; one that starts with its period, when that begins."""
    night.declare(
        definitions=[
            make_definition("late", delay=timedelta(hours=20)),
            make_definition("early", start="at_start"),
            make_definition("both", start="at_start", delay=timedelta(days=2)),
        ]
    )
    night.tick()

    assert set(show(look(nights))) == {"late/-/2026-01-08", "early/-/2026-01-10", "both/-/2026-01-08"}


def test_columns_follow_the_lineage_and_rows_the_names(night: Night, nights: Nights) -> None:
    """What belongs to no account comes first."""
    declare(night)
    found = look(nights)

    assert [row.account for row, _ in found.rows] == [None, "acme", "bolt", "cord"]
    names = [column.definition for column, _ in found.columns]
    assert sorted(names[:2]) == ["by_hand", "load"]
    assert names[2:] == ["agg", "report", "total"]
    assert [column.rank for column, _ in found.columns] == [0, 0, 1, 2, 3]


def test_the_account_with_most_trouble_comes_first(night: Night, nights: Nights) -> None:
    """Then by name."""
    declare(night)
    night.finish("load/cord/2026-01-09", RunStatus.FAILED)
    night.tick()
    night.finish("load/bolt/2026-01-09")
    night.finish("load/bolt/2026-01-08")

    found = look(nights, by_risk=True)

    assert next(row.account for row, _ in found.rows) == "cord"
    assert dict(found.rows[0][1].counts) == {SlotFace.FAILED: 1, SlotFace.BLOCKED: 2}


def test_cells_are_counted_from_the_first_of_all(night: Night, nights: Nights) -> None:
    """Not of those in view; and no others are read."""
    declare(night)
    everything = {(row, column): str(cell.name) for row, column, cell in look(nights).cells}

    window = look(nights, window=Window(row_offset=1, row_limit=2, column_offset=2, column_limit=2))

    assert (window.row_count, window.column_count) == (4, 5)
    assert [row.account for row, _ in window.rows] == ["acme", "bolt"]
    assert {(row, column): str(cell.name) for row, column, cell in window.cells} == {
        place: name for place, name in everything.items() if place[0] in (1, 2) and place[1] in (2, 3)
    }
    assert len(window.cells) == 4


@pytest.mark.parametrize(
    ("choice", "rows", "columns"),
    [
        ({"search": "acme"}, ["acme"], 5),
        ({"search": "LOAD"}, [None, "acme", "bolt", "cord"], 1),
        ({"search": "c load"}, ["acme", "cord"], 1),
        ({"search": "agg load bolt acme"}, ["acme", "bolt"], 2),
        ({"search": "load nothing"}, [], 0),
        ({"search": "nothing"}, [], 0),
        ({"labels": {"tier": "gold"}}, ["acme"], 5),
        ({"labels": {"tier": "silver"}}, [], 5),
        ({"faces": frozenset({SlotFace.FAILED})}, ["bolt"], 1),
        ({"faces": frozenset({SlotFace.FUTURE})}, [], 0),
        ({"gates": frozenset({"by_hand"})}, [None], 1),
        ({"gates": frozenset({"upstream report"})}, [None], 1),
        ({"gates": frozenset({"upstream"}), "search": "acme"}, ["acme"], 2),
        ({"gates": frozenset({"upstream"}), "faces": frozenset({SlotFace.FAILED})}, [], 0),
    ],
)
def test_rows_and_columns_are_chosen(
    night: Night, nights: Nights, choice: dict[str, Any], rows: list[str | None], columns: int
) -> None:
    """By name and label, and by what they hold: a status, or something that waits at a gate."""
    declare(night)
    night.finish("load/bolt/2026-01-09", RunStatus.FAILED)
    night.tick()

    found = look(nights, **choice)

    assert [row.account for row, _ in found.rows] == rows
    assert (found.row_count, found.column_count) == (len(rows), columns)


def test_what_is_counted_is_what_the_search_leaves(night: Night, nights: Nights) -> None:
    """A row counts its slots of the definitions that are searched for."""
    declare(night)

    found = look(nights, search="agg acme")

    assert dict(found.rows[0][1].counts) == {SlotFace.BLOCKED: 1}
    assert found.total.counts == {SlotFace.BLOCKED: 1}


def test_slots_are_late_against_what_their_definition_usually_takes(night: Night, world: World) -> None:
    """One that usually ends at once is late after minutes; one that never ended, after an hour."""
    night.declare(definitions=[make_definition("known"), make_definition("failing")])
    night.clock.set(utc("2026-01-11"))
    night.work(lambda run: RunStatus.FAILED if run.work == "failing" else RunStatus.SUCCESS)
    night.clock.set(utc("2026-01-12"))
    night.tick()

    def list_late(minutes: int) -> set[str]:
        night.clock.set(utc("2026-01-12") + timedelta(minutes=minutes))
        matrix = Nights(world).find_matrix(None, Choice(), Window())
        return {cell.name.definition for _, _, cell in matrix.cells if cell.late}

    assert [list_late(minutes) for minutes in (10, 11, 60, 61)] == [
        set(),
        {"known"},
        {"known"},
        {"known", "failing"},
    ]


def test_a_backfill_does_not_tell_how_long_slots_take(night: Night, world: World) -> None:
    """What was laid out after it was due ended long after, through no fault of its own."""
    night.declare(definitions=[make_definition("old", starts_on=date(2025, 12, 1), ends_on=date(2026, 1, 9))])
    night.work()

    with night.store.read() as tx:
        assert measure_usual_lags(tx, night.now) == {}


def test_a_lane_that_is_gone_is_in_no_night(night: Night, nights: Nights) -> None:
    """Its history stays; but nothing of it is due any more."""
    definitions = [make_definition("load", matrix="account")]
    night.declare(accounts=[make_account("acme")], definitions=definitions)
    night.work()
    night.declare(definitions=[make_definition("load")])

    night.tick()

    assert list(show(look(nights))) == ["load/-/2026-01-09"]


def test_a_summary_is_counted_once_for_all_who_ask(night: Night, world: World, statements: list[str]) -> None:
    """By any number of threads at the same time; the slots in view are read each time."""
    declare(night)
    nights = Nights(world, kept_seconds=3_600)
    statements.clear()
    Nights(world).find_summary()
    once = len(statements)

    with ThreadPoolExecutor(8) as pool:
        summaries = set(map(id, pool.map(lambda _: nights.find_summary(), range(32))))
    by_all = len(statements) - once
    first = show(look(nights))
    night.finish("load/acme/2026-01-09")
    second = show(look(nights))

    assert (len(summaries), by_all) == (1, once)
    assert (first["load/acme/2026-01-09"], second["load/acme/2026-01-09"]) == (SlotFace.WAITING, SlotFace.SUCCESS)


def test_who_cannot_wait_is_told_what_was_counted_before(night: Night, world: World) -> None:
    """Cells stand as they do now; the rest says when it was counted, and is counted anew for who wants that."""
    declare(night)
    nights = Nights(world, monotonic=night.clock.monotonic)
    began = night.now
    nights.find_summary()
    night.finish("load/acme/2026-01-09")
    night.advance(hours=1)

    early = nights.find_matrix(None, Choice(), Window(), counted_within=7_200)
    late = nights.find_matrix(None, Choice(), Window())

    assert show(early) == show(late)
    assert show(early)["load/acme/2026-01-09"] is SlotFace.SUCCESS
    assert (early.at, early.counted_at, early.total.counts.get(SlotFace.SUCCESS)) == (night.now, began, None)
    assert (late.at, late.counted_at, late.total.counts.get(SlotFace.SUCCESS)) == (night.now, night.now, 1)


def test_a_night_is_counted_in_a_handful_of_statements(night: Night, nights: Nights, statements: list[str]) -> None:
    """However many slots it has."""
    declare(night)
    statements.clear()
    nights.find_summary()
    few = len(statements)
    night.declare(accounts=[make_account(f"a{number}") for number in range(30)])
    night.tick()
    statements.clear()

    nights.find_summary()

    # The directory is read anew, for accounts have changed: that is two statements more at most.
    assert len(statements) <= few + 2


def test_the_lineage_shows_how_its_nodes_stand(night: Night, nights: Nights) -> None:
    """Data stand as what writes them; nothing stands for what nobody writes."""
    declare(night)
    night.finish("load/acme/2026-01-09", RunStatus.FAILED)
    night.tick()

    drawn = find_lineage(nights)

    shown = {(one.node.kind, one.node.name): one.status for one in drawn.nodes}
    assert shown[NodeKind.DEFINITION, "load"] is shown[NodeKind.DATA, "load"] is SlotFace.FAILED
    assert shown[NodeKind.DATA, "agg"] is SlotFace.BLOCKED
    assert {one.node.name: dict(one.tally.counts) for one in drawn.nodes if one.node.name == "total"} == {
        "total": {SlotFace.BLOCKED: 1}
    }
    assert drawn.at == night.now


def test_instants_are_those_of_utc(night: Night, nights: Nights) -> None:
    """Whatever zone they were asked in."""
    declare(night)
    at = datetime.fromisoformat("2026-01-10T01:00+01:00")

    assert look(nights, at).at == utc("2026-01-10T00:00") == datetime(2026, 1, 10, tzinfo=UTC)
    assert "load/acme/2026-01-09" in show(look(nights, at))
