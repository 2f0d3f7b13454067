"""Worlds to ask about, and clients: of a night that tests drive by hand, and of a project whose night is over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ostinato.api.access import Access
from ostinato.api.app import make_app
from ostinato.cli import main
from ostinato.config import Config
from ostinato.testing.night import Night, open_night
from ostinato.testing.program import Program, write_files
from ostinato.world import World, open_world

HOME = "http://127.0.0.1:8642"

PROJECT = """\
database: sqlite:///ostinato.db
accounts: [{file: accounts.yaml}]
definitions: [{yaml: definitions.yaml}]
pools: {warehouse: 2}
engine: {interval: 100ms, create_ahead: 2d}
agent: {concurrency: 4, poll: 100ms, name: here}
"""
DEFINITIONS = """\
defaults: {starts_on: 2026-01-05, ends_on: 2026-01-06}
definitions:
  fetch: {matrix: account, command: [echo, "fetched {account} {start_date}"], writes_to: [raw]}
  report:
    command: [python, report.py, "{start_date}", "it's done", --api-key=s3cret, "postgresql://me:hush@db/shop"]
    environment: {DB_PASSWORD: swordfish, REGION: "north west"}
    reads_from: [raw]
    writes_to: [report]
  summary: {command: [echo, done], reads_from: [report]}
  several:
    starts_on: 2026-01-05
    ends_on: 2026-01-05
    uses: {warehouse: 1}
    steps:
      - {name: one, command: [echo, first]}
      - {name: two, command: [echo, second], after: [one]}
  by_hand: {command: [echo, "{start_date}"], start: manual}
"""
REPORT = """\
import os, sys
print("writing", *sys.argv[1:], os.environ["REGION"], os.environ["OSTINATO_SLOT"], flush=True)
if sys.argv[1] > "2026-01-05":
    print("WARNING: not much", flush=True)
    raise ValueError("there is nothing")
"""


@pytest.fixture
def night(database_url: str) -> Iterator[Night]:
    """Lend a night on an empty database."""
    with open_night(database_url) as night:
        yield night


@pytest.fixture
def world(night: Night, database_url: str, tmp_path: Path) -> World:
    """Lend the world in which the night takes place."""
    return World(Config(folder=tmp_path, database=database_url), night.store, night.clock)


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    """Lend a client of the API of that world."""
    with TestClient(make_app(world, access=Access(login_required=False)), base_url=HOME) as client:
        yield client


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project whose night is over: some has succeeded, and some failed for good. Only look at it."""
    folder = tmp_path_factory.mktemp("project")
    files = {
        "ostinato.yaml": PROJECT,
        "accounts.yaml": "accounts:\n  acme: {time_zone: Europe/London, labels: {tier: gold}}\n  bolt: {}\n",
        "definitions.yaml": DEFINITIONS,
        "report.py": REPORT,
    }
    write_files(folder, files)
    Program(folder)("up", "--until-idle")
    return folder


@pytest.fixture(scope="session")
def over(project: Path) -> Iterator[World]:
    """Lend the world of that project. It is nobody's current world: tests of other things come in between."""
    with closing(open_world(project / "ostinato.yaml", create=False)) as world:
        yield world


@pytest.fixture(scope="session")
def reader(over: World) -> Iterator[TestClient]:
    """Lend a client of the API of that project."""
    with TestClient(make_app(over, access=Access(login_required=False)), base_url=f"{HOME}/api/v1") as client:
        yield client


@pytest.fixture
def ask(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Lend the command line of that project: it returns the JSON that a command prints."""

    def call(*arguments: str) -> Any:
        capsys.readouterr()
        main(["--project", str(project), *arguments, "--json"])
        return json.loads(capsys.readouterr().out)

    return call
