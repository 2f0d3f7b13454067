"""How often a password may be tried: so many times for a name and from an address, by the clock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from ostinato.errors import TooManyAttempts
from ostinato.operations import attempts as module
from ostinato.operations.attempts import PER_ADDRESS, PER_NAME, WINDOW, Attempts
from ostinato.testing.factories import NOON

SECOND = timedelta(seconds=1)


def test_a_name_is_tried_so_many_times_from_wherever() -> None:
    """Then it rests until the first of these is long ago; the error says for how long."""
    attempts = Attempts()
    for number in range(PER_NAME):
        attempts.begin("ada", f"10.0.0.{number}", NOON + number * SECOND)

    with pytest.raises(TooManyAttempts) as refusal:
        attempts.begin("ada", "10.0.1.1", NOON + 60 * SECOND)
    attempts.begin("grace", "10.0.1.1", NOON + 60 * SECOND)
    attempts.begin("ada", "10.0.1.1", NOON + WINDOW)
    with pytest.raises(TooManyAttempts):
        attempts.begin("ada", "10.0.1.1", NOON + WINDOW)

    assert refusal.value.retry_after_seconds == WINDOW.total_seconds() - 60
    assert "ada" not in str(refusal.value)


def test_an_address_tries_so_many_times_whatever_names() -> None:
    """A refused attempt does not count, or it would never end."""
    attempts = Attempts()
    for number in range(PER_ADDRESS):
        attempts.begin(f"user{number}", "10.0.0.1", NOON)

    for _ in range(3):
        with pytest.raises(TooManyAttempts):
            attempts.begin("ada", "10.0.0.1", NOON)
    attempts.begin("ada", "10.0.0.2", NOON)
    attempts.begin("ada", "10.0.0.1", NOON + WINDOW)


def test_who_is_right_has_all_attempts_again() -> None:
    """Those of the name; of the address only this one, or a guesser with a login of his own could go on for ever."""
    attempts = Attempts()
    for _ in range(PER_ADDRESS - 1):
        for name in ("ada", "mallory"):
            attempts.succeed(name, "elsewhere")
        attempts.begin("ada", "10.0.0.1", NOON)
    attempts.begin("mallory", "10.0.0.1", NOON)
    attempts.succeed("mallory", "10.0.0.1")
    attempts.begin("mallory", "10.0.0.1", NOON)

    with pytest.raises(TooManyAttempts):
        attempts.begin("ada", "10.0.0.1", NOON)


def test_many_at_once_are_counted_one_by_one() -> None:
    """An attempt counts before the password is looked at, which takes a while."""
    attempts, barrier = Attempts(), Barrier(8)

    def try_often(_: int) -> int:
        barrier.wait()
        refused = 0
        for _ in range(PER_NAME):
            try:
                attempts.begin("ada", "10.0.0.1", NOON)
            except TooManyAttempts:
                refused += 1
        return refused

    with ThreadPoolExecutor(8) as pool:
        refused = sum(pool.map(try_often, range(8)))

    assert refused == 8 * PER_NAME - PER_NAME


def test_not_everything_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who makes names up fills no memory, and forgets what was tried longest ago alone."""
    monkeypatch.setattr(module, "REMEMBERED", 20)
    attempts = Attempts()
    for _ in range(PER_NAME):
        attempts.begin("ada", "10.0.0.1", NOON)
    for number in range(9):
        attempts.begin(f"made-up-{number}", f"10.0.1.{number}", NOON)
    with pytest.raises(TooManyAttempts):
        attempts.begin("ada", "10.0.0.1", NOON)

    attempts.begin("made-up", "10.0.2.1", NOON)

    attempts.begin("ada", "10.0.0.1", NOON)
