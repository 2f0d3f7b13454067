"""Passwords: what is kept of one tells nothing, and looking at one takes the same work for everybody."""

from __future__ import annotations

import hashlib
import hmac
from threading import BoundedSemaphore
from typing import Any

import pytest

from ostinato.errors import InvalidValue, TooManyAttempts
from ostinato.operations import passwords
from ostinato.operations.passwords import LONGEST, SHORTEST, Cost, hash_password, is_right

PHRASE = "correct horse battery"
CHEAP = Cost(log_n=4, p=1)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Lend a list of the work that is done: each hash with its parameters, and each comparison."""
    made: list[tuple[str, Any]] = []
    scrypt, compare = hashlib.scrypt, hmac.compare_digest

    def note_scrypt(password: bytes, **parameters: Any) -> bytes:
        made.append(("scrypt", {name: parameters[name] for name in ("n", "r", "p", "dklen")}))
        return scrypt(password, **parameters)

    def note_compare(one: bytes, other: bytes) -> bool:
        made.append(("compare", (len(one), len(other))))
        return compare(one, other)

    monkeypatch.setattr(hashlib, "scrypt", note_scrypt)
    monkeypatch.setattr(hmac, "compare_digest", note_compare)
    return made


def test_the_right_password_alone_fits_what_is_kept() -> None:
    """And what is kept is another line each time, without the password in it."""
    kept, again = hash_password(PHRASE, CHEAP), hash_password(PHRASE, CHEAP)

    assert is_right(PHRASE, kept)
    assert not is_right(PHRASE.title(), kept)
    assert kept != again
    assert kept.startswith("scrypt$4$8$1$")
    assert PHRASE not in kept


def test_a_line_is_read_with_the_parameters_that_it_was_made_with() -> None:
    """So others may be chosen later, and nobody has to change a password for that."""
    assert is_right(PHRASE, hash_password(PHRASE, Cost(log_n=5, r=4, p=2)))


def test_a_line_that_another_program_has_made_is_not_guessed_at() -> None:
    """It is a mistake that must be seen, and no wrong password."""
    with pytest.raises(ValueError, match="hashed by bcrypt"):
        is_right(PHRASE, hash_password(PHRASE, CHEAP).replace("scrypt", "bcrypt"))


def test_it_does_not_matter_how_a_keyboard_composes_a_character() -> None:
    """Some write one character, others a letter and an accent."""
    assert is_right("caf\u00e9 au lait!", hash_password("cafe\u0301 au lait!", CHEAP))


@pytest.mark.parametrize("password", ["x" * (SHORTEST - 1), "x" * (LONGEST + 1), ""])
def test_a_password_has_a_sensible_length(password: str) -> None:
    """The error says what is wrong without saying the password."""
    with pytest.raises(InvalidValue, match="a password has 12 characters at least") as refusal:
        hash_password(password, CHEAP)

    assert "xxx" not in str(refusal.value)


def test_the_same_work_is_done_for_nobody(calls: list[tuple[str, Any]]) -> None:
    """Who tries names learns nothing by how long an answer takes; the keys are compared in constant time."""
    kept = hash_password(PHRASE)
    calls.clear()

    answers = []
    work = []
    for line in (kept, None):
        answers.append(is_right("something else", line))
        work.append(list(calls))
        calls.clear()

    assert answers == [False, False]
    assert work[0] == work[1] == [("scrypt", {"n": 16384, "r": 8, "p": 5, "dklen": 32}), ("compare", (32, 32))]


def test_no_password_fits_nobody() -> None:
    """Nor does the key that stands in for what is kept of them."""
    assert not is_right(PHRASE, None)


def test_only_so_many_passwords_are_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes memory and a core, and whoever waits a thread. More are refused; room that is left is given back."""
    kept = hash_password(PHRASE, CHEAP)
    rooms = BoundedSemaphore(2)
    monkeypatch.setattr(passwords, "_AT_ONCE", rooms)
    monkeypatch.setattr(passwords, "PATIENCE_SECONDS", 0.0)

    with rooms:
        assert is_right(PHRASE, kept)
        with rooms, pytest.raises(TooManyAttempts) as refusal:
            is_right(PHRASE, kept)

    assert refusal.value.retry_after_seconds == 1
    assert is_right(PHRASE, kept)
