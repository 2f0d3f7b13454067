"""Users, tokens, sessions and requests: what the database refuses whatever a program does, and what goes with what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Table, insert, select

from ostinato.errors import StoreError
from ostinato.model.access import Role, Token, User
from ostinato.model.engine import AuditEntry
from ostinato.model.statuses import RunStatus
from ostinato.store import access, journal, runs
from ostinato.store import schema as t
from ostinato.store.database import Rehearsal, Store
from ostinato.testing.factories import NOON, make_definition
from ostinato.testing.night import Night

LATER = NOON + timedelta(hours=1)
ADA = User("ada", Role.VIEWER, NOON, "root")


def add_ada(store: Store) -> None:
    """Enter a user with a session."""
    with store.write() as tx:
        access.add_user(tx, ADA, password_hash="kept")
        assert begin(tx, "one")


def begin(tx: object, secret_hash: str, password_hash: str = "kept") -> bool:  # noqa: S107
    """Begin a session of ada."""
    return access.begin_session(
        tx,  # type: ignore[arg-type]  # a transaction
        user="ada",
        password_hash=password_hash,
        secret_hash=secret_hash,
        now=NOON,
        until=LATER,
    )


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (t.users, {"name": "eve", "role": "emperor", "password_hash": "x"}),
        (t.tokens, {"name": "eve", "role": "", "token_hash": "x"}),
    ],
)
def test_there_are_no_other_roles(store: Store, table: Table, values: dict[str, str]) -> None:
    """The database knows them all."""
    with pytest.raises(StoreError), store.write() as tx:
        tx.execute(insert(table).values(**values, created_at=NOON, created_by="root"))


def test_sessions_go_with_their_user(store: Store) -> None:
    """Removed, and with another password, too."""
    add_ada(store)
    with store.write() as tx:
        access.set_password_hash(tx, "ada", "other")
        after_change = access.find_session(tx, "one", now=NOON)
        begin(tx, "two", "other")
        access.remove_user(tx, "ada")
        left = tx.execute(select(t.sessions)).all()

    assert after_change is None
    assert left == []


def test_no_session_begins_with_a_password_that_was_changed_meanwhile(store: Store) -> None:
    """Whoever has looked at the old one is too late."""
    add_ada(store)
    with store.write() as tx:
        access.set_password_hash(tx, "ada", "other")

        assert not begin(tx, "two")


def test_a_session_is_found_until_it_ends(store: Store) -> None:
    """The end itself is not part of it; one that has ended is not renewed into being."""
    add_ada(store)
    with store.write() as tx:
        found = [
            access.find_session(tx, "one", now=LATER - timedelta.resolution),
            access.find_session(tx, "one", now=LATER),
        ]
        access.end_session(tx, "one")
        access.renew_session(tx, "one", until=LATER)
        ended = access.find_session(tx, "one", now=NOON)

    assert [session and session.user for session in found] == ["ada", None]
    assert ended is None


def test_names_and_secrets_are_used_once(store: Store) -> None:
    """Of tokens; a second one of the same name changes nothing."""
    with store.write() as tx:
        added = [
            access.add_token(tx, Token("ci", role, NOON, "root"), token_hash=secret)
            for role, secret in ((Role.ADMIN, "x"), (Role.VIEWER, "y"))
        ]

        assert added == [True, False]
        assert [token.role for token in access.list_tokens(tx)] == [Role.ADMIN]
        assert access.find_token(tx, "y") is None


def test_what_a_request_does_to_a_target_is_recorded_once(store: Store) -> None:
    """Entries without request are not counted."""
    plain = AuditEntry(NOON, "ada", "retry", "x", "")
    asked = AuditEntry(NOON, "ada", "retry", "x", "", request="key", request_target="x")
    other = AuditEntry(NOON, "ada", "retry", "y", "", request="key", request_target="y")
    with store.write() as tx:
        recorded = [journal.record_audit(tx, entry) for entry in (plain, plain, asked, other, asked)]

        assert recorded == [True, True, True, True, False]
        assert journal.list_done(tx, "key") == [asked, other]
    with pytest.raises(StoreError), store.write() as tx:
        tx.execute(insert(t.audit).values(at=NOON, actor="", via="", action="", target="", reason="", request="key"))


@pytest.mark.parametrize(("status", "changed"), [(RunStatus.WAITING, True), (RunStatus.RUNNING, False)])
def test_the_priority_of_a_run_changes_until_it_is_taken(night: Night, status: RunStatus, changed: bool) -> None:
    """Then it says how it was taken."""
    night.declare(definitions=[make_definition()])
    night.tick()
    if status is RunStatus.RUNNING:
        night.claim()
    run = night.run("sales/-/2026-01-09")
    with night.store.write() as tx:
        assert runs.set_priority(tx, run.id, 9) == changed

    assert night.run("sales/-/2026-01-09").priority == (9 if changed else 0)


def test_nothing_is_kept_of_a_rehearsal(store: Store) -> None:
    """Within it everything is as if it were; the store itself goes on as before."""
    rehearsal = Rehearsal(store)
    with rehearsal.write() as tx:
        access.add_user(tx, ADA, password_hash="kept")
        within = access.list_users(tx)
    with rehearsal.read() as tx:
        after = access.list_users(tx)
    add_ada(store)

    assert (within, after) == ([ADA], [])
    with rehearsal.read() as tx:
        assert access.list_users(tx) == [ADA]
