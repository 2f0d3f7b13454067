"""Who asks: the user of the system, also where it has no name."""

from __future__ import annotations

import os

import pytest

from ostinato.operations.people import Person, find_person

NAMES = ("LOGNAME", "USER", "LNAME", "USERNAME")


def test_the_person_is_the_user_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the environment of a login says."""
    monkeypatch.setenv("LOGNAME", "ada")

    assert find_person() == Person("ada")


def test_a_user_without_name_goes_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs as some number which no file of users lists."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_012_345)

    assert find_person() == Person("uid 4012345")
