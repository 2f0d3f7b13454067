"""Accounts, definitions, their versions and dependencies: rows that follow what is declared."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from ostinato.model.accounts import Account, DeclaredAccount
from ostinato.model.definitions import (
    DeclaredDefinition,
    DeclaredStep,
    Dependency,
    Matrix,
    Rescue,
    RetryFrom,
    RetryKind,
    RetryRule,
    StartKind,
    StartRule,
)
from ostinato.store import accounts, definitions
from ostinato.store import schema as t
from ostinato.store.database import Store
from ostinato.testing.factories import NOON, make_account, make_definition, make_maintenance

FULL_ACCOUNT = DeclaredAccount(
    token="acme",
    time_zone="Australia/Lord_Howe",
    starts_on=date(2024, 2, 29),
    active=False,
    maintenance=make_maintenance("2026-01-10T12:00", None),
    labels={"tier": "gold", "städte": "Zürich, 東京"},
    weight=2.5,
    concurrency=3,
)
FULL_DEFINITION = DeclaredDefinition(
    name="sales",
    command=("python", "-m", "shop", "--day", "{start}", "Zürich"),
    frequency="every 6h",
    matrix=Matrix.ACCOUNT,
    time_zone="Europe/London",
    starts_on=date(2024, 2, 29),
    ends_on=date(2030, 12, 31),
    start=StartRule(StartKind.AFTER_COMPLETION, timedelta(minutes=90)),
    retry=RetryRule(
        kind=RetryKind.SERIES,
        attempts=7,
        base=timedelta(milliseconds=1500),
        factor=1.5,
        longest=timedelta(hours=2),
        jitter=0.25,
        waits=(timedelta(seconds=1), timedelta(days=1)),
        on_exit_codes=frozenset({75, 1}),
        lost_attempts=9,
    ),
    reads_from=("a", "b"),
    writes_to=("c",),
    queue="io",
    priority=-3,
    concurrency=4,
    uses={"warehouse": 2},
    start_before=timedelta(hours=5),
    time_limit=timedelta(minutes=1),
    working_directory="/srv/jobs",
    environment={"TZ": "UTC", "LEER": ""},
    active=False,
    description="Sales of a day – all of them",
    action="shop.flows:report",
    inputs={"day": "{start_date}", "deep": [{"none": None, "größe": 1.5}, True]},
    steps=(
        DeclaredStep(
            "load",
            ("python", "-m", "shop", "{steps.extract.rows}"),
            action="shop.flows:load",
            inputs={"rows": "{steps.extract.rows}"},
            needs=("extract",),
            after=("check",),
            retry=RetryRule(RetryKind.FIXED, 3, timedelta(seconds=1)),
            timeout=timedelta(minutes=10),
            rescue=Rescue.SKIP,
            idempotent=True,
            queue="cpu",
            environment={"A": "1"},
            working_directory="in",
        ),
    ),
    rescue=Rescue.PAUSE,
    retry_from=RetryFrom.START,
)
"""A definition that no source would take, as it says all that any can."""


@pytest.mark.parametrize("declared", [FULL_ACCOUNT, make_account("acme")], ids=["full", "plain"])
def test_an_account_comes_back_as_it_was_declared(store: Store, declared: DeclaredAccount) -> None:
    """Everything that can be declared survives the way through the database, and so does its version."""
    with store.write() as tx:
        accounts.add_accounts(tx, [declared], source="file", now=NOON)

    with store.read() as tx:
        found = accounts.find_account(tx, "acme")
        assert accounts.list_accounts(tx) == [found]
    assert found == Account(id=found.id if found else 0, declared=declared, source="file")
    assert found is not None
    assert found.declared.version == declared.version


@pytest.mark.parametrize("declared", [FULL_DEFINITION, make_definition()], ids=["full", "plain"])
def test_a_definition_comes_back_as_it_was_declared(store: Store, declared: DeclaredDefinition) -> None:
    """Everything that can be declared survives the way through the database, and so does its version."""
    with store.write() as tx:
        definitions.add_definitions(tx, [declared], source="file", now=NOON)

    with store.read() as tx:
        found = definitions.find_definition(tx, "sales")
        assert definitions.list_definitions(tx) == [found]
    assert found is not None
    assert (found.declared, found.source, found.version) == (declared, "file", declared.version)
    assert found.declared.version == declared.version


def test_the_full_records_leave_nothing_at_its_default() -> None:
    """Otherwise the tests above would not notice a field that is lost."""
    pairs: list[tuple[Any, Any]] = [
        (FULL_ACCOUNT, make_account("x")),
        (FULL_DEFINITION, make_definition("x", starts_on=None)),
        (FULL_DEFINITION.steps[0], DeclaredStep("x")),
    ]
    for full, plain in pairs:
        same = [field.name for field in fields(full) if getattr(full, field.name) == getattr(plain, field.name)]
        assert same == []
    rule = FULL_DEFINITION.retry
    assert [field.name for field in fields(rule) if getattr(rule, field.name) == getattr(RetryRule(), field.name)] == []


def test_changed_rows_keep_their_identity(store: Store) -> None:
    """A change reaches every column, may change the owner, and leaves pauses and other rows alone."""
    with store.write() as tx:
        accounts.add_accounts(tx, [make_account("acme"), make_account("other")], source="a", now=NOON)
        definitions.add_definitions(tx, [make_definition("sales"), make_definition("other")], source="a", now=NOON)
        accounts.pause_account(tx, "acme", actor="ann", reason="audit", now=NOON)
        before = accounts.find_account(tx, "acme"), definitions.find_definition(tx, "sales")

        accounts.change_accounts(tx, [FULL_ACCOUNT], source="b")
        definitions.change_definitions(tx, [FULL_DEFINITION], source="b", now=NOON)

        account, definition = accounts.find_account(tx, "acme"), definitions.find_definition(tx, "sales")
        others = accounts.find_account(tx, "other"), definitions.find_definition(tx, "other")
    assert before[0] is not None
    assert before[1] is not None
    assert account == replace(before[0], declared=FULL_ACCOUNT, source="b")
    assert definition == replace(before[1], declared=FULL_DEFINITION, source="b", version=FULL_DEFINITION.version)
    assert [other.source if other else None for other in others] == ["a", "a"]


def test_rows_are_listed_by_name_and_counted(store: Store) -> None:
    """In the order in which people look for them."""
    with store.write() as tx:
        accounts.add_accounts(tx, [make_account(token) for token in "cab"], source="a", now=NOON)
        definitions.add_definitions(tx, [make_definition(name) for name in "zxy"], source="a", now=NOON)
        assert [account.token for account in accounts.list_accounts(tx)] == ["a", "b", "c"]
        assert [definition.name for definition in definitions.list_definitions(tx)] == ["x", "y", "z"]
        assert (accounts.count_accounts(tx), definitions.count_definitions(tx)) == (3, 3)
        assert (accounts.find_account(tx, "d"), definitions.find_definition(tx, "d")) == (None, None)


def test_removed_rows_are_gone_and_others_stay(store: Store) -> None:
    """Also when there are more of them than one statement names, and when some never were there."""
    tokens = [f"a{number:04}" for number in range(1_200)]
    with store.write() as tx:
        accounts.add_accounts(tx, [make_account(token) for token in tokens], source="a", now=NOON)
        definitions.add_definitions(tx, [make_definition("x"), make_definition("y")], source="a", now=NOON)

        accounts.remove_accounts(tx, [*tokens[:-1], "never"])
        definitions.remove_definitions(tx, ["x", "never"])

        assert [account.token for account in accounts.list_accounts(tx)] == tokens[-1:]
        assert [definition.name for definition in definitions.list_definitions(tx)] == ["y"]


def test_nothing_is_done_for_nothing(store: Store) -> None:
    """Empty lists are no error."""
    with store.write() as tx:
        accounts.add_accounts(tx, [], source="a", now=NOON)
        accounts.change_accounts(tx, [], source="a")
        accounts.remove_accounts(tx, [])
        definitions.add_definitions(tx, [], source="a", now=NOON)
        definitions.change_definitions(tx, [], source="a", now=NOON)
        definitions.remove_definitions(tx, [])
        definitions.add_dependencies(tx, [])
        definitions.remove_dependencies(tx, [])
        assert (accounts.count_accounts(tx), definitions.count_definitions(tx)) == (0, 0)


def test_a_pause_begins_and_ends_once(store: Store) -> None:
    """Who paused it, when and why stays until it is resumed; a second pause does not overwrite the first."""
    with store.write() as tx:
        accounts.add_accounts(tx, [make_account("acme")], source="a", now=NOON)
        definitions.add_definitions(tx, [make_definition("sales")], source="a", now=NOON)
        began = [
            accounts.pause_account(tx, "acme", actor=actor, reason="audit", now=NOON) for actor in ("ann", "bob")
        ] + [definitions.pause_definition(tx, "sales", actor=actor, reason="", now=NOON) for actor in ("ann", "bob")]
        account, definition = accounts.find_account(tx, "acme"), definitions.find_definition(tx, "sales")
        ended = [accounts.resume_account(tx, "acme") for _ in range(2)]
        ended += [definitions.resume_definition(tx, "sales") for _ in range(2)]
        unknown = accounts.pause_account(tx, "never", actor="ann", reason="", now=NOON)
        after = accounts.find_account(tx, "acme")

    assert (began, ended, unknown) == ([True, False] * 2, [True, False] * 2, False)
    assert account is not None
    assert definition is not None
    assert (account.paused_at, account.paused_by, account.pause_reason) == (NOON, "ann", "audit")
    assert (definition.paused_at, definition.paused_by, definition.pause_reason) == (NOON, "ann", "")
    assert after is not None
    assert (after.paused_at, after.paused_by, after.pause_reason) == (None, None, None)


def test_every_version_of_a_definition_is_kept_once(store: Store) -> None:
    """A change adds a version, going back to an earlier one does not; all go with the definition."""
    first, second = make_definition("sales"), make_definition("sales", command=("new",))

    def count_versions() -> int:
        with store.read() as tx:
            return tx.execute(select(func.count()).select_from(t.definition_versions)).scalar_one()

    with store.write() as tx:
        definitions.add_definitions(tx, [first], source="a", now=NOON)
        for declared in (second, first):
            definitions.change_definitions(tx, [declared], source="a", now=NOON)

    assert count_versions() == 2
    with store.read() as tx:
        found = [definitions.find_version(tx, "sales", declared.version) for declared in (first, second)]
        assert found == [first, second]
        assert definitions.find_version(tx, "sales", "never") is None
    with store.write() as tx:
        definitions.remove_definitions(tx, ["sales"])
    assert count_versions() == 0


def test_dependencies_are_added_listed_and_removed(store: Store) -> None:
    """Each with the data between the two; what is gone already is passed over."""
    edges = [Dependency("b", "a", ("x", "y")), Dependency("c", "a", ("x",)), Dependency("c", "c", ("z",))]
    with store.write() as tx:
        definitions.add_definitions(tx, [make_definition(name) for name in "abc"], source="a", now=NOON)
        definitions.add_dependencies(tx, edges[::-1])
        listed = definitions.list_dependencies(tx)
        definitions.remove_dependencies(tx, edges[:1])
        definitions.remove_dependencies(tx, edges[:2])
        left = definitions.list_dependencies(tx)
        definitions.remove_definitions(tx, ["c"])

        assert (listed, left, definitions.list_dependencies(tx)) == (edges, edges[2:], [])


def test_the_longest_period_only_grows(store: Store) -> None:
    """It bounds the search for overlaps, and slots of a longer period may still be there."""
    with store.write() as tx:
        definitions.add_definitions(
            tx, [make_definition("day"), make_definition("week", frequency="weekly")], source="a", now=NOON
        )
        for hours in (24, 25, 23):
            definitions.lengthen_periods(tx, "daily", timedelta(hours=hours))
        rows = tx.execute(select(t.definitions.c.longest_period).order_by(t.definitions.c.name)).scalars().all()

    assert rows == [timedelta(hours=25), timedelta(0)]
