"""Units of systemd, and what the processes tell it: with a socket in its place, and real processes."""

from __future__ import annotations

import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from configparser import RawConfigParser
from contextlib import closing
from pathlib import Path

import pytest

from ostinato.config import Config
from ostinato.processes.units import Part, make_units
from ostinato.testing.program import Program, wait_for, write_files

PROJECT = "definitions: [{yaml: definitions.yaml}]\nengine: {interval: 100ms}\n"
AGENT = "agent: {name: here, poll: 100ms, grace_period: 5m}\n"
DEFINITION = "definitions:\n  a: {command: [env], starts_on: 2026-01-05, ends_on: 2026-01-05}\n"
PATIENCE_SECONDS = 60.0


@pytest.fixture
def project(program: Program) -> Program:
    """Give the program in a project with one run."""
    write_files(program.folder, {"ostinato.yaml": PROJECT + AGENT, "definitions.yaml": DEFINITION})
    return program


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """Lend the address of a service manager, and the socket where it listens."""
    address = str(tmp_path / "notify")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as line:
        line.bind(address)
        line.settimeout(PATIENCE_SECONDS)
        yield address, line


def listen_for(line: socket.socket, word: str) -> dict[str, str]:
    """Wait until the manager is told ``word``; return all that this message says."""
    while True:
        message = line.recv(4096).decode()
        if word in message:
            return dict(said.split("=", 1) for said in message.split("\n"))


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["engine", "--forever"], "leads: "),
        (["agent", "--forever"], "at work: "),
        (["console", "--port", "0"], "serves http://127.0.0.1:"),
        (["up"], "engine leads: "),
    ],
)
def test_processes_tell_how_they_are(
    project: Program, manager: tuple[str, socket.socket], arguments: list[str], status: str
) -> None:
    """That they are ready once the database knows them, that they live, what they do, and that they stop."""
    address, line = manager
    project("engine")
    environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "400000"}
    with Program(project.folder, environment).running(*arguments) as process:
        starting = listen_for(line, "STATUS=starting")
        ready = listen_for(line, "READY=1")
        living = [listen_for(line, "WATCHDOG=1") for _ in range(3)]
        process.send_signal(signal.SIGTERM)
        listen_for(line, "STOPPING=1")
        process.communicate()

    assert starting["EXTEND_TIMEOUT_USEC"] == "400000"
    assert "READY" not in starting
    assert ready["STATUS"].startswith(status)
    assert all(sign["READY"] == "1" for sign in living)
    assert process.returncode == 0


def test_an_engine_that_stands_by_is_ready(project: Program, manager: tuple[str, socket.socket]) -> None:
    """It would wait for ever for a pass of its own."""
    address, line = manager
    with project.running("engine", "--forever") as first:
        wait_for(first, "engine_leads")
        with Program(project.folder, {"NOTIFY_SOCKET": address}).running("engine", "--forever") as second:
            ready = listen_for(line, "READY=1")
            second.send_signal(signal.SIGTERM)
            second.communicate()

    assert ready["STATUS"] == "stands by"


def test_commands_know_nothing_of_the_manager(project: Program, manager: tuple[str, socket.socket]) -> None:
    """They would speak for the agent."""
    address, line = manager
    environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "60000000"}
    answer = Program(project.folder, environment)("up", "--until-idle")

    assert answer.code == 0
    assert listen_for(line, "READY=1")
    written = project("logs", "a/2026-01-05").out
    assert "OSTINATO_SLOT" in written
    assert "NOTIFY_SOCKET" not in written
    assert "WATCHDOG" not in written


def read_units(text: str) -> dict[str, RawConfigParser]:
    """Read the units that were printed, by the names of their files."""
    units: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith(("# /", "# ~")):
            name = Path(line.removeprefix("# ")).name
            units[name] = []
        elif line:
            units[name].append(line)
    return {name: read_unit("\n".join(lines)) for name, lines in units.items()}


def read_unit(text: str) -> RawConfigParser:
    """Read one unit."""
    unit = RawConfigParser(comment_prefixes="#", delimiters="=", strict=True)
    unit.optionxform = str  # type: ignore[assignment, method-assign]  # systemd tells upper from lower case
    unit.read_string(text)
    return unit


def test_units_for_engine_agent_and_console_are_printed(project: Program) -> None:
    """For this interpreter and this project, with the times that its settings ask for."""
    units = read_units(project("systemd").out)
    engine, agent, console = (unit["Service"] for unit in units.values())
    file = project.folder / "ostinato.yaml"

    assert list(units) == ["ostinato-engine.service", "ostinato-agent@.service", "ostinato-console.service"]
    for service in (engine, agent, console):
        assert (service["Type"], service["Restart"], service["WatchdogSec"]) == ("notify", "always", "180")
        assert service["WorkingDirectory"] == str(project.folder)
        assert service["ExecStart"].startswith(f"{sys.executable} -P -m ostinato ")
        assert service["ExecStart"].endswith(f" --project {file}")
        assert service["User"] == project.folder.owner()
    assert agent["KillMode"] == "process"
    assert agent["TimeoutStopSec"] == "330"  # grace period, farewell and leeway
    for service in (engine, console):
        assert (service["NoNewPrivileges"], "KillMode" in service) == ("yes", False)
    assert " --name %H-%i " in agent["ExecStart"]


def test_units_for_a_user_are_for_that_user(project: Program) -> None:
    """No user is named, and nothing that only the machine's systemd knows; the name is as it was asked for."""
    (unit,) = project("systemd", "up", "--user", "--name", "shop", "--json").json
    parsed = read_unit(unit["text"])

    assert (unit["name"], unit["folder"]) == ("shop-up.service", "~/.config/systemd/user")
    assert unit["start"] == "systemctl --user enable --now shop-up.service"
    assert "User" not in parsed["Service"]
    assert parsed["Install"]["WantedBy"] == "default.target"
    assert "network-online" not in unit["text"]


@pytest.mark.parametrize("folder", ["plain", "with space", '100% $HOME "quoted" it\'s back\\slashed'])
@pytest.mark.parametrize("user", [False, True])
def test_systemd_understands_the_units(tmp_path: Path, folder: str, user: bool) -> None:
    """Whatever the project's folder is called; systemd itself is asked where it is there."""
    config = Config(folder=tmp_path / folder, database="sqlite:///ostinato.db")
    config.folder.mkdir()
    file = config.folder / "ostinato.yaml"
    units = make_units(config, file, list(Part), name="shop", user=user)
    for unit in units:
        (tmp_path / unit.name).write_text(unit.text)
        service = read_unit(unit.text)["Service"]
        words = shlex.split(service["ExecStart"].replace("$$", "$").replace("%%", "%"))

        assert words[-1] == str(file)
        assert service["WorkingDirectory"].replace("%%", "%") == str(config.folder)
    if analyze := shutil.which("systemd-analyze"):
        verify = [analyze, "--man=no", "verify", *(str(tmp_path / unit.name) for unit in units)]
        verified = subprocess.run(verify, capture_output=True, text=True, check=False)
        assert (verified.returncode, verified.stderr) == (0, "")
