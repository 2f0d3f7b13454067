from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ostinato.errors import DeclarationError
from ostinato.model.accounts import DeclaredAccount, Maintenance
from ostinato.model.definitions import (
    DeclaredDefinition,
    Matrix,
    RetryKind,
    RetryRule,
    StartKind,
    StartRule,
)
from ostinato.sources import python_modules

MODULE = """\
    from datetime import date, timedelta
    from pathlib import Path

    print("hello from the module")

    TABLES = ["sales", "stock"]

    JOBS = [
        {
            "name": f"update_{table}",
            "command": ("python", "-m", "shop", table, 5),
            "frequency": {"every": "15m"},
            "starts_on": date(2024, 1, 1),
            "time_limit": timedelta(minutes=5),
            "working_directory": Path("work"),
            "reads_from": {"b", "a"},
        }
        for table in TABLES
    ]
"""


def test_a_list_of_mappings_is_read_as_in_a_file(project: Any) -> None:
    """The schema is that of files; Python's own dates, durations, paths, tuples and sets are understood."""
    project.write("shop/__init__.py", "")
    project.write("shop/jobs.py", MODULE)

    source = project.open_definitions("python", "shop.jobs:JOBS")
    loaded = source.load()

    assert source.name == "python:shop.jobs:JOBS"
    assert [row.name for row in loaded.rows] == ["update_sales", "update_stock"]
    assert loaded.rows[0] == DeclaredDefinition(
        "update_sales",
        ("python", "-m", "shop", "sales", "5"),
        frequency="every 15m",
        starts_on=date(2024, 1, 1),
        time_limit=timedelta(minutes=5),
        working_directory="work",
        reads_from=("a", "b"),
    )
    assert loaded.places["update_sales"] == "shop/jobs.py:8"


DECLARED = """\
from datetime import date, timedelta
from ostinato.model.definitions import *

def list_jobs():
    yield DeclaredDefinition("plain", ("run",))
    yield DeclaredDefinition(
        "full", ("run", "{account}"), "every 15m", Matrix.ACCOUNT, "Europe/London", date(2024, 1, 1), date(2024, 1, 2),
        StartRule(StartKind.AT_START, timedelta(minutes=1)),
        RetryRule(RetryKind.EXPONENTIAL, 3, timedelta(seconds=5), 3.0, timedelta(hours=1), 0.5, (), frozenset({7}), 9),
        ("a",), ("b",), "io", 7, timedelta(hours=1), timedelta(hours=2), "work", {"A": "1"}, False, "what for",
    )
    yield DeclaredDefinition("series", ("run",), "cron 0 6 * * *", retry=RetryRule(
        RetryKind.SERIES, 3, waits=(timedelta(minutes=1), timedelta(minutes=2))))
"""


def test_a_function_may_return_the_records_themselves(project: Any) -> None:
    """A generator of ``DeclaredDefinition`` passes every field on."""
    project.write("jobs.py", DECLARED)

    rows = project.open_definitions("python", "jobs:list_jobs").load().rows

    assert rows == (
        DeclaredDefinition("plain", ("run",)),
        DeclaredDefinition(
            "full",
            ("run", "{account}"),
            "every 15m",
            Matrix.ACCOUNT,
            "Europe/London",
            date(2024, 1, 1),
            date(2024, 1, 2),
            StartRule(StartKind.AT_START, timedelta(minutes=1)),
            RetryRule(
                RetryKind.EXPONENTIAL, 3, timedelta(seconds=5), 3.0, timedelta(hours=1), 0.5, (), frozenset({7}), 9
            ),
            ("a",),
            ("b",),
            "io",
            7,
            timedelta(hours=1),
            timedelta(hours=2),
            "work",
            {"A": "1"},
            False,
            "what for",
        ),
        DeclaredDefinition(
            "series",
            ("run",),
            "cron 0 6 * * *",
            retry=RetryRule(RetryKind.SERIES, 3, waits=(timedelta(minutes=1), timedelta(minutes=2))),
        ),
    )


def test_a_mapping_from_names_serves_as_well(project: Any) -> None:
    """Names may stand outside, as in files."""
    project.write("jobs.py", 'JOBS = {"a": {"command": ["run"]},\n        "b": {"command": ["walk"]}}')

    loaded = project.open_definitions("python", "jobs:JOBS").load()

    assert [(row.name, row.command) for row in loaded.rows] == [("a", ("run",)), ("b", ("walk",))]
    assert loaded.places == {"a": "jobs.py:1", "b": "jobs.py:2"}


def test_accounts_come_from_python_too(project: Any) -> None:
    """Mappings and ``DeclaredAccount`` are both taken, with their places."""
    project.write(
        "tenants.py",
        """\
        from datetime import date, datetime, timezone
        from ostinato.model.accounts import DeclaredAccount, Maintenance

        ACCOUNTS = [
            {"token": 7, "time_zone": "Asia/Tokyo", "maintenance": {"from": datetime(2026, 2, 1)}},
            {"token": "plain"},
            DeclaredAccount(
                "full", "Europe/London", date(2024, 1, 1), False,
                Maintenance(datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 1, 2, tzinfo=timezone.utc)),
                {"tier": "gold"}, 2.5,
            ),
            DeclaredAccount("off", maintenance=Maintenance(None, None)),
        ]
        """,
    )

    loaded = project.open_accounts("python", "tenants:ACCOUNTS").load()

    day = Maintenance(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    assert loaded.rows == (
        DeclaredAccount("7", "Asia/Tokyo", maintenance=Maintenance(datetime(2026, 1, 31, 15, tzinfo=UTC), None)),
        DeclaredAccount("plain"),
        DeclaredAccount("full", "Europe/London", date(2024, 1, 1), False, day, {"tier": "gold"}, 2.5),
        DeclaredAccount("off", maintenance=Maintenance(None, None)),
    )
    assert loaded.places["full"] == "tenants.py:8"


def test_a_changed_module_is_seen(project: Any) -> None:
    """A long-running engine follows the module, and all of the project that it imports."""
    project.write("shared.py", 'COMMAND = ["run"]')
    project.write("jobs.py", 'from shared import COMMAND\nJOBS = [{"name": "d", "command": COMMAND}]')
    source = project.open_definitions("python", "jobs:JOBS")
    assert source.fingerprint() is None

    assert source.load().rows[0].command == ("run",)
    before = source.fingerprint()
    assert source.fingerprint() == before is not None
    project.write("shared.py", 'COMMAND = ["not"]')

    assert source.fingerprint() != before
    assert source.load().rows[0].command == ("not",)
    assert not (project.folder / "__pycache__").exists()


def test_a_function_is_called_every_time(project: Any) -> None:
    """What a function returns may depend on anything, so nobody claims to know."""
    project.write("names.txt", "a b")
    project.write(
        "jobs.py",
        """\
        from pathlib import Path

        def list_jobs():
            names = Path("names.txt").read_text().split()
            return [{"name": name, "command": ["run"]} for name in names]
        """,
    )
    source = project.open_definitions("python", "jobs:list_jobs")

    first = source.load()
    project.write("names.txt", "a b c")

    assert source.fingerprint() is None
    assert [row.name for row in first.rows] == ["a", "b"]
    assert [row.name for row in source.load().rows] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("module", "file", "line", "message"),
    [
        ("JOBS = [1 / 0]", "jobs.py", 1, "ZeroDivisionError: division by zero"),
        ("x = 1\ndef JOBS():\n    return missing", "jobs.py", 3, "NameError: name 'missing' is not defined"),
        ("import other\nJOBS = []", "other.py", 2, "KeyError: 'x'"),
        ("x = 1\nimport json\nJOBS = json.loads('[')", "jobs.py", 3, "JSONDecodeError: Expecting value"),
        ("JOBS = [\n  1,\n  (", "jobs.py", 3, "SyntaxError: '(' was never closed"),
        ("x = 1\nimport no_such_module", "jobs.py", 2, "ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = 1\nraise SystemExit(3)", "jobs.py", 2, "SystemExit: 3"),
        ("x = 1\nraise SystemExit", "jobs.py", 2, "SystemExit"),
    ],
)
def test_an_exception_of_users_is_a_problem_on_their_line(
    project: Any, module: str, file: str, line: int, message: str
) -> None:
    """Whatever users' code raises is told with the file and line of their code, not of ours."""
    project.write("jobs.py", module)
    project.write("other.py", "x = {}\nx['x']\n")

    (problem,) = project.problems_of(project.open_definitions("python", "jobs:JOBS"))

    assert (problem.file, problem.line) == (file, line)
    assert problem.message.startswith(message)
    assert "jobs:JOBS" in problem.hint


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ("nojobs:JOBS", "there is no module nojobs", "modules are imported from"),
        ("jobs.deeper:JOBS", "there is no module jobs.deeper", "modules are imported from"),
        ("jobs:JOB", "the module jobs has no JOB", "did you mean JOBS?"),
        ("crash:JOBS", "reading crash:JOBS ended the process with exit code 7", ""),
    ],
)
def test_what_cannot_be_read_is_a_problem_of_the_project_file(
    project: Any, options: str, message: str, hint: str
) -> None:
    """A module or list that is not there is a matter of the line that names it."""
    project.write("jobs.py", "JOBS = []")
    project.write("crash.py", "import os\nos._exit(7)")

    (problem,) = project.problems_of(project.open_definitions("python", options))

    assert (problem.file, problem.line, problem.key) == ("ostinato.yaml", 3, "definitions[0].python")
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("module", "line", "key", "message"),
    [
        ("x = 1\nJOBS = 5", 2, "", "JOBS is the number 5, and not a list"),
        ("x = 1\nJOBS = 'ab'", 2, "", "JOBS is a text, and not a list"),
        ("x = 1\nclass JOBS: pass", 2, "", "JOBS is the class JOBS, and not a list"),
        ("x = 1\nJOBS = [{'command': ['x']}]", 2, "[0]", "this entry has no name"),
        ("x = 1\nJOBS = [5]", 2, "[0]", "expected a mapping or a DeclaredDefinition, not the number 5"),
        ("x = 1\nJOBS = [{'name': 'd',\n 'comand': ['x']}]", 2, "d.comand", "unknown key"),
        ("x = 1\nJOBS = [{'name': 'd',\n 'command': ['{acount}']}]", 2, "d.command[0]", "{acount} is no placeholder"),
        ("x = 1\nJOBS = [{'name': 'd', 'command': ['x'], 'queue': object()}]", 2, "d.queue", "expected a text"),
        ("x = 1\nJOBS = [{'name': 'd', 'command': ['x']}] * 2", 2, "d", "d is declared twice"),
        ("x = 1\nJOBS = {'a b': {'command': ['x']}}", 2, "a b", "'a b' cannot be a name"),
        (
            "from ostinato.model.definitions import *\nJOBS = [DeclaredDefinition('d', 'run')]",
            2,
            "[0].command",
            "this should be a valid tuple",
        ),
        (
            "from ostinato.model.definitions import *\nJOBS = [DeclaredDefinition('d', ('{account}',))]",
            2,
            "d.command[0]",
            "{account} needs an account",
        ),
        (
            "from ostinato.model.definitions import *\nJOBS = [DeclaredDefinition('d', ('x',), 'dayly')]",
            2,
            "d.frequency",
            "'dayly' is not a frequency",
        ),
    ],
)
def test_a_wrong_entry_is_a_problem_of_the_module(project: Any, module: str, line: int, key: str, message: str) -> None:
    """Entries are checked like those of files, and found in the module by their names."""
    project.write("jobs.py", module)

    (problem,) = project.problems_of(project.open_definitions("python", "jobs:JOBS"))

    assert (problem.file, problem.line, problem.key) == ("jobs.py", line, key)
    assert message in problem.message


def test_a_module_that_does_not_end_is_stopped(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that takes too long to make does not hold up whoever reads it."""
    monkeypatch.setattr(python_modules, "LONGEST_SECONDS", 0.5)
    project.write("jobs.py", "import threading\nthreading.Event().wait()\n")

    (problem,) = project.problems_of(project.open_definitions("python", "jobs:JOBS"))

    assert (problem.file, problem.message) == ("ostinato.yaml", "jobs:JOBS was not read within 0.5 seconds")


@pytest.mark.parametrize("options", ["jobs", "jobs:", ":JOBS", 5, None, ["jobs:JOBS"]])
def test_the_option_is_a_module_and_a_name(project: Any, options: Any) -> None:
    """Anything else is refused when the source is opened."""
    with pytest.raises(DeclarationError, match=r"write package\.module:name"):
        project.open_definitions("python", options)


def test_users_code_runs_in_a_process_of_its_own(project: Any) -> None:
    """It changes nothing here: neither modules nor environment nor working directory."""
    project.write(
        "jobs.py",
        """\
        import os, threading, time
        os.environ["OSTINATO_TEST_LEAK"] = "1"
        os.chdir("/")
        threading.Thread(target=time.sleep, args=[600]).start()
        JOBS = [{"name": str(os.getpid()), "command": ["run"]}]
        """,
    )
    folder = Path.cwd()

    (row,) = project.open_definitions("python", "jobs:JOBS").load().rows

    assert row.name != str(os.getpid())
    assert "OSTINATO_TEST_LEAK" not in os.environ
    assert Path.cwd() == folder
