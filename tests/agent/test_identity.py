from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ostinato.agent.identity import take_identity
from ostinato.errors import NotPossible

HOLD = """
import fcntl, sys
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_an_agent_is_named_for_its_host(tmp_path: Path) -> None:
    """Without a name of their own, agents of one machine are numbered, and a name that is free again is used again."""
    first, second, third = (take_identity(tmp_path / "agents", None) for _ in range(3))
    second.release()
    fourth = take_identity(tmp_path / "agents", None)

    host = socket.gethostname()
    assert [one.name for one in (first, second, third, fourth)] == [host, f"{host}-2", f"{host}-3", f"{host}-2"]
    for one in (first, third, fourth):
        one.release()


def test_a_name_that_was_asked_for_is_not_changed(tmp_path: Path) -> None:
    """Asking for a name that a living process bears is an error which says so."""
    holder = take_identity(tmp_path, "night-shift")

    with pytest.raises(NotPossible, match=r"an agent named night-shift is running here already \(process \d+\)"):
        take_identity(tmp_path, "night-shift")
    holder.release()
    take_identity(tmp_path, "night-shift").release()


def test_a_name_is_free_when_its_bearer_is_killed(tmp_path: Path) -> None:
    """The death of a process gives its name back, however it died."""
    path = tmp_path / "box.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(NotPossible, match="box is running here already"):
            take_identity(tmp_path, "box")
        holder.kill()

    take_identity(tmp_path, "box").release()


def test_a_name_is_free_when_nobody_refers_to_its_bearer(tmp_path: Path) -> None:
    """What was dropped without a word holds nothing."""
    take_identity(tmp_path, "box")

    take_identity(tmp_path, "box").release()


@pytest.mark.parametrize("name", ["", "../box", "a b", ".hidden", "box/2"])
def test_a_name_must_be_fit_for_a_file(tmp_path: Path, name: str) -> None:
    """A name cannot lead out of the folder of locks."""
    with pytest.raises(NotPossible, match="is no name for an agent"):
        take_identity(tmp_path, name)
