"""Rows follow sources: each its own, none at the word of a broken one, and many only when somebody confirms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ostinato.model.definitions import DeclaredDefinition
from ostinato.model.engine import SourceState
from ostinato.policies.alignment import RemovalLimit
from ostinato.store import accounts, definitions, journal
from ostinato.testing.factories import make_account, make_chain, make_definition
from ostinato.testing.night import Night, changes


def tokens(night: Night) -> dict[str, str]:
    """Return the source of every account."""
    with night.store.read() as tx:
        return {account.token: account.source for account in accounts.list_accounts(tx)}


def names(night: Night) -> dict[str, str]:
    """Return the source of every definition."""
    with night.store.read() as tx:
        return {definition.name: definition.source for definition in definitions.list_definitions(tx)}


def states(night: Night) -> dict[str, SourceState]:
    """Return how each source was last loaded."""
    with night.store.read() as tx:
        return {state.name: state for state in journal.list_source_states(tx)}


def edges(night: Night) -> list[str]:
    """Return the dependencies."""
    with night.store.read() as tx:
        return [f"{edge.definition} ← {edge.upstream}" for edge in definitions.list_dependencies(tx)]


def test_rows_are_those_that_are_declared(night: Night) -> None:
    """Added, changed and removed; a pass tells how many."""
    night.declare(accounts=[make_account("a"), make_account("b")], source="file")
    first = changes(night.tick())
    night.declare(accounts=[make_account("a", weight=2.0), make_account("c")], source="file")
    second = changes(night.tick())

    assert (first, second) == ({"ensure_accounts_exist": 2}, {"ensure_accounts_exist": 3})
    assert tokens(night) == {"a": "file", "c": "file"}


def test_a_broken_source_deletes_nothing(night: Night) -> None:
    """[10] Its last good rows stay in force, its error is shown, and other sources go on."""
    night.declare(accounts=[make_account("a")], definitions=[make_definition("x")], source="one")
    night.declare(accounts=[make_account("b")], definitions=[make_definition("y")], source="two")
    night.work()
    before = night.slots(), night.runs()

    night.break_source("one", "one.yaml:3: no such key")
    night.declare(definitions=[make_definition("y"), make_definition("z")], source="two")
    night.tick()

    assert tokens(night) == {"a": "one", "b": "two"}
    assert names(night) == {"x": "one", "y": "two", "z": "two"}
    assert before[0].items() <= night.slots().items()
    assert states(night)["one"].error == "one.yaml:3: no such key"
    assert states(night)["two"].error == ""


def test_a_source_that_recovers_is_followed_again(night: Night) -> None:
    """And its error goes."""
    night.declare(accounts=[make_account("a")], source="one")
    night.tick()
    night.break_source("one")
    night.advance(minutes=1)
    night.tick()
    broken = states(night)["one"]
    night.declare(accounts=[make_account("b")], source="one")
    night.tick()

    assert (broken.error, broken.succeeded_at == broken.loaded_at) == ("cannot be read", False)
    assert states(night)["one"].error == ""
    assert tokens(night) == {"b": "one"}


def test_removals_beyond_the_limit_are_held_back(night: Night) -> None:
    """More than so many and more than such a share want a confirmation; until then the source changes nothing."""
    night.declare(accounts=[make_account(f"a{number}") for number in range(10)], source="crm")
    night.tick()
    night.declare(accounts=[*(make_account(f"a{number}") for number in range(6)), make_account("new")], source="crm")

    outcomes = night.tick()

    assert changes(outcomes) == {}
    assert sum(outcome.blocked for outcome in outcomes if outcome.step == "ensure_accounts_exist") == 1
    assert len(tokens(night)) == 10
    assert states(night)["crm"].held_back.startswith("would remove 4 of 10: a6, a7, a8, a9; confirm with")
    night.set(removals=RemovalLimit(confirmed=True))
    night.tick()
    assert sorted(tokens(night)) == [*(f"a{number}" for number in range(6)), "new"]
    assert states(night)["crm"].held_back == ""


def test_a_few_removals_need_no_confirmation(night: Night) -> None:
    """Three at a time are daily business."""
    night.declare(accounts=[make_account(f"a{number}") for number in range(4)])
    night.tick()
    night.declare(accounts=[make_account("a0")])
    night.tick()

    assert list(tokens(night)) == ["a0"]


def test_a_source_that_is_no_longer_declared_takes_its_rows_along(night: Night) -> None:
    """And those of others stay."""
    night.declare(definitions=[make_definition("x")], source="one")
    night.declare(definitions=[make_definition("y")], source="two")
    night.work()

    night.drop_source("one")
    night.tick()

    assert names(night) == {"y": "two"}
    assert {name.split("/")[0] for name in night.slots()} == {"y"}
    assert list(states(night)) == ["two"]


def test_a_key_that_moves_to_another_source_keeps_its_rows(night: Night) -> None:
    """[9] Slots and runs stay where they are: only the owner changes."""
    night.declare(definitions=[make_definition("x"), make_definition("y")], source="one")
    night.work()
    before = night.slots(), night.runs()

    night.declare(definitions=[make_definition("y")], source="one")
    night.declare(definitions=[make_definition("x")], source="two")
    night.tick()

    assert names(night) == {"x": "two", "y": "one"}
    assert (night.slots(), night.runs()) == before


def test_a_key_that_two_sources_declare_belongs_to_the_first(night: Night) -> None:
    """The second is an error as a whole."""
    night.declare(definitions=[make_definition("x")], source="one")
    night.declare(definitions=[make_definition("x", priority=9), make_definition("y")], source="two")

    night.tick()

    assert names(night) == {"x": "one"}
    assert states(night)["two"].error == "x is declared by one too; declare it once"


def test_a_circle_is_refused(night: Night) -> None:
    """The source that would close it changes nothing; what stands goes on."""
    x, y = make_chain("x", "y")
    night.declare(definitions=[x, y], source="one")
    night.tick()
    night.declare(definitions=[replace(x, reads_from=("z",)), y], source="one")
    night.declare(definitions=[make_definition("z", reads_from=("y",), writes_to=("z",))], source="two")

    outcomes = night.tick()

    assert "dependency circle" in states(night)["one"].error
    assert "dependency circle" in states(night)["two"].error
    assert sum(outcome.failed for outcome in outcomes if outcome.step == "ensure_definitions_exist") == 2
    assert names(night) == {"x": "one", "y": "one"}
    assert edges(night) == ["y ← x"]


def test_who_reads_what_it_writes_closes_no_circle(night: Night) -> None:
    """It depends on its own previous slot."""
    night.declare(definitions=[make_definition("x", reads_from=("x",), writes_to=("x",))])
    night.tick()

    assert edges(night) == ["x ← x"]


def test_dependencies_follow_the_declarations(night: Night) -> None:
    """They come, change what is between the two, and go."""
    load, agg = make_chain("load", "agg")
    night.declare(definitions=[load, agg])
    night.tick()
    first = edges(night)
    night.declare(definitions=[make_definition("load", writes_to=("load", "more")), load_reader("load", "more")])
    night.tick()
    with night.store.read() as tx:
        (second,) = definitions.list_dependencies(tx)
    night.declare(definitions=[load, load_reader("elsewhere")])
    night.tick()

    assert first == ["agg ← load"]
    assert second.through == ("load", "more")
    assert edges(night) == []


def load_reader(*reads: str) -> DeclaredDefinition:
    """Make a definition that reads these."""
    return make_definition("agg", reads_from=reads, writes_to=("agg",))


@pytest.mark.parametrize("kind", ["accounts", "definitions"])
def test_an_empty_source_is_a_source(night: Night, kind: str) -> None:
    """It is shown with no rows, and no pass changes anything about it."""
    night.declare(accounts=[], definitions=[], source="empty")
    night.tick()
    night.advance(minutes=1)
    outcomes = night.tick()

    with night.store.read() as tx:
        (state,) = [state for state in journal.list_source_states(tx) if state.kind == kind]
    assert changes(outcomes) == {}
    assert (state.name, state.rows, state.error) == ("empty", 0, "")
