"""The console as a process of its own, and beside ``up``."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx2
import pytest

from ostinato.testing.listening import listen_for
from ostinato.testing.program import Program, wait_for


@pytest.fixture
def taken() -> Iterator[str]:
    """Lend a port on which another program listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        yield str(other.getsockname()[1])


def stop(process: subprocess.Popen[str]) -> tuple[str, str, int]:
    """Tell a process to stop; return what it still wrote, and its exit code."""
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate()
    return out, err, process.returncode


def find_url(process: subprocess.Popen[str]) -> str:
    """Return where a process says that it serves the console."""
    url: str = json.loads(wait_for(process, "console_serves"))["url"]
    return url


def test_it_serves_until_it_is_told_to_stop(night: tuple[Program, Any]) -> None:
    """It says where, in JSON if that is wanted, and goes without a word."""
    program, _ = night
    with program.running("console", "--port", "0", "--json") as process:
        told = json.loads(listen_for("url", process.stdout))
        answer = httpx2.get(f"{told['url']}/api/v1/status")
        out, err, code = stop(process)

    assert told == {"event": "console", "url": told["url"]}
    assert answer.json()["slots"]["failed"] == 1
    assert (out, code) == ("", 0)
    assert "console_serves" in {json.loads(line)["event"] for line in err.splitlines()}


def test_a_project_without_a_database_gets_none(empty: Program) -> None:
    """The console only looks."""
    answer = empty("console", "--port", "0")

    assert (answer.code, answer.out) == (5, "")
    assert "ostinato up" in answer.err
    assert not (empty.folder / "ostinato.db").exists()


def test_a_port_that_is_taken_ends_it(night: tuple[Program, Any], taken: str) -> None:
    """With what to do."""
    program, _ = night
    answer = program("console", "--port", taken, "--json")

    assert answer.code == 6
    assert answer.json["error"]["code"] == "port_taken"
    assert "--port" in answer.json["error"]["hint"]


def test_up_serves_it_beside_engine_and_agent(empty: Program) -> None:
    """All of them stop together."""
    with empty.running("up", "--port", "0") as process:
        url = find_url(process)
        wait_for(process, "engine_leads")
        (agent,) = httpx2.get(f"{url}/api/v1/agents").json()["items"]
        _, err, code = stop(process)

    assert agent["alive"]
    assert code == 0
    assert "Traceback" not in err


def test_up_goes_on_without_it_where_its_port_is_taken(empty: Program, taken: str) -> None:
    """Work is what matters; it says that the console is missing."""
    with empty.running("up", "--port", taken) as process:
        said = wait_for(process, "console_left_out")
        wait_for(process, "engine_leads")
        _, err, code = stop(process)

    assert taken in said
    assert (code, "console_serves" in err) == (0, False)


@pytest.mark.parametrize("options", [["--until-idle"], ["--no-console", "--until-idle"]])
def test_up_that_ends_by_itself_serves_none(empty: Program, options: list[str]) -> None:
    """Nobody would have the time to look."""
    answer = empty("up", *options)

    assert answer.code == 0
    assert "console" not in answer.err.lower()


def test_up_serves_none_if_it_is_not_to(empty: Program) -> None:
    """Engine and agent are there all the same."""
    with empty.running("up", "--no-console") as process:
        wait_for(process, "engine_leads")
        _, err, code = stop(process)

    assert (code, "console_serves" in err) == (0, False)


def test_an_address_that_others_reach_wants_somebody_who_can_log_in(night: tuple[Program, Any]) -> None:
    """It says how to make one."""
    program, _ = night
    answer = program("console", "--host", "0.0.0.0", "--port", "0")  # noqa: S104  it is refused

    assert answer.code == 6
    assert "ostinato user add" in answer.err


@pytest.mark.parametrize("command", [["status"], ["slots"], ["up", "--until-idle"]])
def test_nothing_of_it_is_loaded_where_nothing_is_served(empty: Program, command: list[str]) -> None:
    """It would take as long as all the rest."""
    empty("up", "--until-idle")
    code = (
        f"import sys; from ostinato.cli import main; code = main({command!r});"
        "print(int(code), [name for name in ('fastapi', 'starlette', 'uvicorn', 'anyio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=empty.folder, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "0 []"
