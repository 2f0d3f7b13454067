"""What is told to the service manager, on the socket that it listens to."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from ostinato.agent.notifying import Notifier, Stage, notifying, take_notifier
from ostinato.clock import ManualClock
from ostinato.testing.factories import NOON

LIMIT = 60_000_000


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Callable[[], list[str]]]]:
    """Lend the address of a service manager, and a reader of all that it was told since it was last asked."""
    address = str(tmp_path / "notify") if request.param == "path" else f"@{uuid4()}"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as line:
        line.bind(address.replace("@", "\0"))
        line.setblocking(False)

        def read() -> list[str]:
            told = []
            while True:
                try:
                    told.append(line.recv(4096).decode())
                except BlockingIOError:
                    return told

        yield address, read


def test_each_stage_is_told_at_once(manager: tuple[str, Callable[[], list[str]]]) -> None:
    """With what the process does, and once."""
    address, told = manager
    notifier = Notifier(ManualClock(NOON), address)

    for stage in (Stage.STARTING, Stage.READY, Stage.STOPPING):
        for _ in range(2):
            assert notifier.tell(stage, "2 runs\nin hand") == math.inf

    assert told() == [
        "STATUS=2 runs in hand",
        "READY=1\nSTATUS=2 runs in hand",
        "STOPPING=1\nSTATUS=2 runs in hand",
    ]


def test_a_sign_of_life_is_due_twice_within_the_limit(manager: tuple[str, Callable[[], list[str]]]) -> None:
    """Who does not tell, because its loop hangs, sends none."""
    address, told = manager
    clock = ManualClock(NOON)
    notifier = Notifier(clock, address, limit=LIMIT)
    waits = [notifier.tell(Stage.READY, "idle")]
    clock.sleep(29)
    waits.append(notifier.tell(Stage.READY, "idle"))
    early = told()
    clock.sleep(waits[-1])
    waits.append(notifier.tell(Stage.READY, "idle"))

    assert waits == [30.0, 1.0, 30.0]
    assert early == told() == ["READY=1\nWATCHDOG=1\nSTATUS=idle"]


def test_one_that_starts_asks_for_time_as_long_as_its_loop_turns(
    manager: tuple[str, Callable[[], list[str]]],
) -> None:
    """A database that is away delays the start, and does not fail it."""
    address, told = manager
    notifier = Notifier(ManualClock(NOON), address, limit=LIMIT)
    notifier.tell(Stage.STARTING, "starting; the database is away")

    assert told() == [f"EXTEND_TIMEOUT_USEC={LIMIT}\nWATCHDOG=1\nSTATUS=starting; the database is away"]


def test_news_are_told_once_a_second(manager: tuple[str, Callable[[], list[str]]]) -> None:
    """However fast they change; the last is told in the end."""
    address, told = manager
    clock = ManualClock(NOON)
    notifier = Notifier(clock, address)
    notifier.tell(Stage.READY, "0 runs")
    pauses = [notifier.tell(Stage.READY, f"{number} runs") for number in range(1, 4)]
    early = told()
    clock.sleep(pauses[-1])

    assert pauses == [1.0, 1.0, 1.0]
    assert notifier.tell(Stage.READY, "3 runs") == math.inf
    assert (len(early), told()) == (1, ["READY=1\nSTATUS=3 runs"])


def test_what_names_the_line_is_taken_out_of_the_environment(manager: tuple[str, Callable[[], list[str]]]) -> None:
    """Commands would tell the manager things that are not theirs to tell."""
    address, _ = manager
    environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": str(LIMIT), "WATCHDOG_PID": str(os.getpid()), "HOME": "/"}
    notifier = take_notifier(environment, ManualClock(NOON))

    assert notifier.tell(Stage.READY, "idle") == 30.0
    assert environment == {"HOME": "/"}


def test_a_watchdog_for_another_process_is_not_heeded(manager: tuple[str, Callable[[], list[str]]]) -> None:
    """As for the program that a wrapper has started."""
    address, _ = manager
    notifier = take_notifier(
        {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": str(LIMIT), "WATCHDOG_PID": "1"}, ManualClock(NOON)
    )

    assert notifier.tell(Stage.READY, "idle") == math.inf


def test_without_a_manager_nothing_is_said() -> None:
    """And nobody has to come back for it."""
    assert take_notifier({}, ManualClock(NOON)).tell(Stage.READY, "idle") == math.inf


@pytest.mark.parametrize("address", ["/nowhere/notify", "vsock:2:1", "/" + "x" * 200])
def test_a_manager_that_cannot_be_reached_keeps_nobody_from_work(address: str) -> None:
    """What could not be said is said with the next sign of life."""
    assert Notifier(ManualClock(NOON), address, limit=LIMIT).tell(Stage.READY, "idle") == 30.0


def test_the_end_is_told(manager: tuple[str, Callable[[], list[str]]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by a process that ends of an error."""
    address, told = manager
    monkeypatch.setenv("NOTIFY_SOCKET", address)

    def fail() -> None:
        with notifying() as notifier:
            notifier.tell(Stage.READY, "idle")
            raise RuntimeError("no moon")

    with pytest.raises(RuntimeError):
        fail()

    assert [message.split("\n")[0] for message in told()] == ["STATUS=starting", "READY=1", "STOPPING=1"]
    assert "NOTIFY_SOCKET" not in os.environ
