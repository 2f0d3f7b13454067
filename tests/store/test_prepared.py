"""Prepared statements: they read, write and fail as those that SQLAlchemy carries out, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import bindparam, func, insert, select, text, update

from ostinato.errors import StoreError, StoreUnavailable
from ostinato.store import schema as t
from ostinato.store.database import Store, Tx
from ostinato.store.prepared import Prepared
from ostinato.testing.factories import NOON

ADD = Prepared(
    insert(t.audit).values(
        {name: bindparam(name) for name in ("id", "at", "actor", "via", "action", "target", "reason")}
    )
)
READ = Prepared.for_ids(select(t.audit.c.id, t.audit.c.at, t.audit.c.reason).order_by(t.audit.c.id), t.audit.c.id)
ADD_PASS = Prepared(
    insert(t.passes).values({name: bindparam(name) for name in ("id", "engine", "started_at", "seconds", "outcomes")})
)


def make_entry(id: int, **values: object) -> dict[str, object]:
    """Make an entry as it is bound."""
    return {"id": id, "at": NOON, "actor": "ann", "via": "", "action": "retry", "target": "x", "reason": "why"} | values


def read(tx: Tx, *ids: int) -> list[tuple[object, ...]]:
    """Read entries back."""
    return [tuple(row) for row in READ.fetch(tx, {"ids": list(ids)})]


def write_after_a_cut(store: Store) -> None:
    """Add an entry in a transaction of which the server has just ended the connection."""
    with store.write() as tx:
        pid = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with store.write() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        ADD.change(tx, [make_entry(1)])


@pytest.mark.parametrize("count", [1, 2, 700])
def test_what_was_written_is_read_back(store: Store, count: int) -> None:
    """One row or many, and as many ids: values have the types of their columns, fields the names."""
    entries = [make_entry(id, at=NOON + timedelta(microseconds=id)) for id in range(1, count + 1)]

    with store.write() as tx:
        assert ADD.change(tx, entries) == count

    with store.read() as tx:
        rows = list(READ.fetch(tx, {"ids": list(range(count, 0, -1))}))
        assert read(tx) == read(tx, 9999) == []
    assert [(row.id, row.at, row.reason) for row in rows] == [
        (entry["id"], entry["at"], entry["reason"]) for entry in entries
    ]


@pytest.mark.parametrize("outcomes", [[], {}, [None, "é", 1.5], {"a": {"b": [2**40]}}, "x", 0, False])
def test_json_is_written_as_by_others(store: Store, outcomes: object) -> None:
    """Whoever reads it knows nothing of how it was written."""
    with store.write() as tx:
        ADD_PASS.change(tx, [{"id": 1, "engine": "e", "started_at": NOON, "seconds": 1.0, "outcomes": outcomes}])

        assert tx.execute(select(t.passes.c.outcomes)).scalar_one() == outcomes


def test_what_is_part_of_the_statement_need_not_be_bound(store: Store) -> None:
    """A value that stands in it stays what it is; how many rows were changed is told, over all that was bound."""
    excuse = Prepared(
        update(t.audit)
        .where(t.audit.c.actor == "ann", t.audit.c.target == bindparam("of"))
        .values(reason=t.audit.c.reason + "!")
    )
    with store.write() as tx:
        ADD.change(tx, [make_entry(1), make_entry(2, actor="bob"), make_entry(3), make_entry(4, target="y")])

        assert excuse.change(tx, [{"of": "x"}, {"of": "y"}, {"of": "z"}]) == 3

        assert [reason for _, _, reason in read(tx, 1, 2, 3, 4)] == ["why!", "why", "why!", "why!"]


def test_two_spellings(store: Store) -> None:
    """Each database is given its own."""
    spelled = Prepared(sqlite=select(func.sqlite_version().label("it")), postgresql=select(func.version().label("it")))

    with store.read() as tx:
        (row,) = spelled.fetch(tx, {})

    assert row.it.startswith("3." if store.dialect == "sqlite" else "PostgreSQL")


def test_a_row_that_is_refused_undoes_the_transaction(store: Store) -> None:
    """And is told as any other refusal, without a word about its content."""
    with store.write() as tx:
        ADD.change(tx, [make_entry(1)])

    with pytest.raises(StoreError, match="refused a statement") as raised, store.write() as tx:
        ADD.change(tx, [make_entry(2, reason="secret"), make_entry(1, reason="secret")])

    assert not isinstance(raised.value, StoreUnavailable)
    assert "secret" not in str(raised.value)
    with store.read() as tx:
        assert [id for id, *_ in read(tx, 1, 2)] == [1]


def test_a_missing_value_is_a_bug_of_the_caller(store: Store) -> None:
    """It is not taken for NULL."""
    with pytest.raises(KeyError, match="reason"), store.write() as tx:
        ADD.change(tx, [{name: value for name, value in make_entry(1).items() if name != "reason"}])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_is_cut_in_between_is_told_and_replaced(store: Store) -> None:
    """What was under way is lost, and the next transaction finds another connection."""
    with pytest.raises(StoreUnavailable, match="is not available"):
        write_after_a_cut(store)

    with store.write() as tx:
        assert ADD.change(tx, [make_entry(1)]) == 1
