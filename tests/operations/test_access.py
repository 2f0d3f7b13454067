"""Users, tokens and sessions: who is let in, for how long, and that nobody learns a secret by asking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from ostinato.errors import InvalidValue, NotFound, NotLoggedIn, NotPossible
from ostinato.model.access import RIGHTS, Right, Role
from ostinato.model.engine import AuditEntry
from ostinato.operations import access
from ostinato.operations.access import IDLE, LONGEST, RENEWED_AFTER
from ostinato.operations.people import Person
from ostinato.store.schema import metadata
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")
PHRASE = "correct horse battery"
SECOND = timedelta(seconds=1)

Audit = Callable[[], list[AuditEntry]]
TwoAtOnce = Callable[[Callable[[Person], object]], tuple[object, NotPossible]]


def dump(world: World) -> str:
    """Return all that the database holds, as text."""
    with world.store.read() as tx:
        return "\n".join(str(row) for table in metadata.sorted_tables for row in tx.execute(table.select()))


def test_roles_are_a_table() -> None:
    """Each may do what the one before may, and something more."""
    may = [RIGHTS[role] for role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN)]

    assert may[0] < may[1] < may[2] == set(Right)
    assert set(RIGHTS) == set(Role)


def test_somebody_can_log_in_once_there_is_a_user(world: World, audit: Audit) -> None:
    """By name and password; the audit log says who has added whom, in which role, and why."""
    before = access.has_credentials(world)
    user = access.add_user(world, "grace", PHRASE, role=Role.OPERATOR, by=ADA, reason="joined")

    begun = access.log_in(world, "grace", PHRASE)

    assert (before, access.has_credentials(world)) == (False, True)
    assert access.list_users(world) == [user]
    assert (begun.session.user, begun.session.role) == ("grace", Role.OPERATOR)
    assert access.find_session(world, begun.secret) == begun.session
    assert [(entry.actor, entry.action, entry.target, entry.reason) for entry in audit()] == [
        ("ada", "add-user", "user grace: operator", "joined")
    ]


@pytest.mark.parametrize(("name", "password"), [("grace", "wrong horse battery"), ("nobody", PHRASE)])
def test_a_wrong_name_is_answered_like_a_wrong_password(world: World, name: str, password: str) -> None:
    """Who guesses does not learn which names there are."""
    access.add_user(world, "grace", PHRASE, role=Role.VIEWER, by=ADA)

    with pytest.raises(NotLoggedIn) as refusal:
        access.log_in(world, name, password)

    assert refusal.value.message == "name and password do not fit each other"


def test_no_secret_is_kept_or_told(world: World) -> None:
    """Of passwords, tokens and sessions the database has hashes; no record has a place for a secret."""
    user = access.add_user(world, "grace", PHRASE, role=Role.VIEWER, by=ADA)
    made = access.add_token(world, "ci", role=Role.OPERATOR, by=ADA)
    begun = access.log_in(world, "grace", PHRASE)

    kept, told = dump(world), str([user, *access.list_users(world), *access.list_tokens(world), begun.session])

    for secret in (PHRASE, made.secret, begun.secret):
        assert secret not in kept
        assert secret not in told
    assert "scrypt$" in kept
    assert "scrypt$" not in told
    assert access.find_token(world, made.secret) == made.token


def test_a_session_ends_when_nobody_has_used_it_for_a_while(night: Night, world: World) -> None:
    """By the clock; each use moves that on."""
    access.add_user(world, "grace", PHRASE, role=Role.VIEWER, by=ADA)
    begun = access.log_in(world, "grace", PHRASE)

    night.clock.advance(IDLE - SECOND)
    used = access.find_session(world, begun.secret)
    night.clock.advance(IDLE - SECOND)
    used_again = access.find_session(world, begun.secret)
    night.clock.advance(IDLE)

    assert used is not None
    assert used_again is not None
    assert access.find_session(world, begun.secret) is None


def test_a_session_ends_at_last_however_much_it_is_used(night: Night, world: World) -> None:
    """Then one logs in again."""
    access.add_user(world, "grace", PHRASE, role=Role.VIEWER, by=ADA)
    secret = access.log_in(world, "grace", PHRASE).secret
    step = IDLE / 2
    found = []
    for _ in range(LONGEST // step):
        found.append(access.find_session(world, secret) is not None)
        night.clock.advance(step)

    assert all(found)
    assert access.find_session(world, secret) is None


def test_hardly_any_request_writes(night: Night, world: World) -> None:
    """A session is renewed when a while has passed, and not before."""
    access.add_user(world, "grace", PHRASE, role=Role.VIEWER, by=ADA)
    secret = access.log_in(world, "grace", PHRASE).secret
    written: list[str] = []
    event.listen(
        night.store.engine,
        "before_cursor_execute",
        lambda _c, _u, statement, *_rest: written.append(statement) if statement.startswith("UPDATE") else None,
    )

    for _ in range(9):
        night.clock.advance(RENEWED_AFTER / 10)
        access.find_session(world, secret)
    before = len(written)
    night.clock.advance(RENEWED_AFTER / 10)
    for _ in range(3):
        access.find_session(world, secret)

    assert (before, len(written)) == (0, 1)


def test_logging_out_ends_the_session(world: World) -> None:
    """For whoever has got hold of its secret, too."""
    access.add_user(world, "grace", PHRASE, role=Role.VIEWER, by=ADA)
    here, there = (access.log_in(world, "grace", PHRASE).secret for _ in range(2))

    access.log_out(world, here)
    access.log_out(world, here)

    assert access.find_session(world, here) is None
    assert access.find_session(world, there) is not None


def test_what_changes_a_user_counts_at_once(world: World, audit: Audit) -> None:
    """A role from the next request on; with another password or without the user, sessions have ended."""
    access.add_user(world, "grace", PHRASE, role=Role.VIEWER, by=ADA)
    first = access.log_in(world, "grace", PHRASE).secret
    access.change_role(world, "grace", Role.ADMIN, by=ADA)
    promoted = access.find_session(world, first)
    access.change_password(world, "grace", "another horse battery", by=ADA)
    second = access.log_in(world, "grace", "another horse battery").secret
    with pytest.raises(NotLoggedIn):
        access.log_in(world, "grace", PHRASE)
    removed = access.remove_user(world, "grace", by=ADA, reason="left")

    assert promoted is not None
    assert promoted.role is Role.ADMIN
    assert removed.name == "grace"
    assert [access.find_session(world, secret) for secret in (first, second)] == [None, None]
    assert [entry.action for entry in audit()] == ["remove-user", "change-password", "change-role", "add-user"]


def test_sessions_that_have_ended_are_dropped(night: Night, world: World) -> None:
    """When somebody logs in."""
    access.add_user(world, "grace", PHRASE, role=Role.VIEWER, by=ADA)
    access.log_in(world, "grace", PHRASE)
    night.clock.advance(IDLE)
    access.log_in(world, "grace", PHRASE)

    with night.store.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM sessions")).scalar_one() == 1


def test_a_token_lets_in_until_it_is_removed(world: World, audit: Audit) -> None:
    """Its secret is told once, and is another for the same name later."""
    first = access.add_token(world, "ci", role=Role.OPERATOR, by=ADA, reason="nightly")
    access.remove_token(world, "ci", by=ADA)
    second = access.add_token(world, "ci", role=Role.VIEWER, by=ADA)

    assert first.secret.startswith("ostinato_")
    assert access.find_token(world, first.secret) is None
    assert access.find_token(world, second.secret) == second.token
    assert access.find_token(world, "ostinato_") is None
    assert [entry.target for entry in audit()] == ["token ci: viewer", "token ci", "token ci: operator"]


@pytest.mark.parametrize("name", ["", " ada", "ada\n", "<script>", "ad a", "a" * 101, "ada/", "\u202eada", ".ada", "'"])
def test_a_name_has_plain_characters(world: World, name: str) -> None:
    """It stands in logs, commands and pages."""
    with pytest.raises(InvalidValue, match="cannot be a name here"):
        access.add_token(world, name, role=Role.VIEWER, by=ADA)

    assert not access.has_credentials(world)


def test_a_name_is_used_once(world: World) -> None:
    """The hint says what was probably meant."""
    access.add_token(world, "ci", role=Role.VIEWER, by=ADA)
    access.add_user(world, "ci", PHRASE, role=Role.VIEWER, by=ADA)

    with pytest.raises(NotPossible, match="there is a token ci already"):
        access.add_token(world, "ci", role=Role.ADMIN, by=ADA)
    with pytest.raises(NotPossible, match="there is a user ci already"):
        access.add_user(world, "ci", PHRASE, role=Role.ADMIN, by=ADA)

    assert [astuple(one)[:2] for one in access.list_tokens(world)] == [("ci", Role.VIEWER)]


def test_what_is_not_there_cannot_be_changed(world: World, audit: Audit) -> None:
    """Nothing is noted either."""
    with pytest.raises(NotFound, match="there is no user grace"):
        access.change_role(world, "grace", Role.ADMIN, by=ADA)
    with pytest.raises(NotFound, match="there is no user grace"):
        access.change_password(world, "grace", PHRASE, by=ADA)
    with pytest.raises(NotFound, match="there is no user grace"):
        access.remove_user(world, "grace", by=ADA)
    with pytest.raises(NotFound, match="there is no token ci"):
        access.remove_token(world, "ci", by=ADA)

    assert audit() == []


def test_one_of_two_who_add_the_same_user_at_once_is_told(world: World, audit: Audit, two_at_once: TwoAtOnce) -> None:
    """The other's password is the one that counts."""
    _, refusal = two_at_once(
        lambda person: access.add_user(world, "grace", f"{PHRASE} {person.name}", role=Role.VIEWER, by=person)
    )

    (entry,) = audit()
    assert refusal.message == "there is a user grace already"
    assert access.log_in(world, "grace", f"{PHRASE} {entry.actor}").session.user == "grace"
