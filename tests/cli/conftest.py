"""Projects for the program to be called in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ostinato.testing.program import Answer, Program, write_files

PROJECT = """\
database: sqlite:///ostinato.db
accounts: [{file: accounts.yaml}]
definitions: [{yaml: definitions.yaml}]
engine: {interval: 100ms, create_ahead: 2d}
agent: {concurrency: 4, poll: 100ms, name: here}
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Give the program in an empty folder."""
    return Program(tmp_path)


@pytest.fixture
def empty(program: Program) -> Program:
    """Give the program in a project that declares nothing."""
    write_files(program.folder, {"ostinato.yaml": "database: sqlite:///ostinato.db\n"})
    return program


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, Answer]:
    """Give the program in a project whose night is over, and what ``up`` said of it. For tests that only look.

    Of two days everything has succeeded on the first, in part at the second attempt; on the second ``report`` has
    failed for good, so that ``summary`` is blocked. ``today`` has slots to come, ``by_hand`` none that starts itself.
    """
    folder = tmp_path_factory.mktemp("night")
    write_files(
        folder,
        {
            "ostinato.yaml": PROJECT,
            "accounts.yaml": "accounts:\n  acme: {time_zone: Europe/London, labels: {tier: gold}}\n  bolt: {}\n",
            "definitions.yaml": f"""\
defaults: {{starts_on: 2026-01-05, ends_on: 2026-01-06}}
definitions:
  fetch: {{matrix: account, command: [echo, "fetched {{account}} {{start_date}}"], writes_to: [raw]}}
  clean:
    command: [python, once.py, "{{start_date}}"]
    retry: {{fixed: {{attempts: 2, wait: 0s}}}}
    reads_from: [raw]
    writes_to: [clean]
  report: {{command: [python, report.py, "{{start_date}}"], reads_from: [clean], writes_to: [report]}}
  summary: {{command: [echo, done], reads_from: [report], description: Sums up the day}}
  by_hand: {{command: [echo, "{{start_date}}"], start: manual}}
  today: {{command: [echo, hello], starts_on: {datetime.now(UTC).date()}, ends_on: null}}
""",
            "once.py": "import pathlib, sys\nfile = pathlib.Path('tried', sys.argv[1])\n"
            "file.exists() or (file.parent.mkdir(exist_ok=True), file.touch(), sys.exit(7))\n",
            "report.py": "import sys\nprint('writing', sys.argv[1])\nsys.exit(3 * (sys.argv[1] > '2026-01-05'))\n",
        },
    )
    program = Program(folder)
    return program, program("up", "--until-idle", "--json")
