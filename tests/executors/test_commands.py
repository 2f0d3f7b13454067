from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ostinato.executors.commands import Command, build_command
from ostinato.model.runs import ClaimedRun
from ostinato.model.slots import SlotName
from ostinato.testing.factories import make_definition

PROJECT = Path("/srv/shop")
LOGS = PROJECT / "logs"
INHERITED = {"PATH": "/usr/bin:/bin", "HOME": "/home/ada", "OSTINATO_DATABASE": "kept"}


def make_run(*command: str, definition: dict[str, Any] | None = None, **values: Any) -> ClaimedRun:
    """Make a claimed run of a slot in New York that lasts the day on which the clocks go forward."""
    facts: dict[str, Any] = {
        "id": 12,
        "slot": SlotName("sales", "acme", "2026-03-08"),
        "account": "acme",
        "labels": {"tier": "gold", "data-centre": "us east"},
        "definition": make_definition("sales", command=command or ("true",), **(definition or {})),
        "attempt": 2,
        "parameters": {},
        "starts_at": datetime(2026, 3, 8, 5, tzinfo=UTC),
        "ends_at": datetime(2026, 3, 9, 4, tzinfo=UTC),
        "time_zone": "America/New_York",
        "lease_token": 1,
        "started_at": datetime(2026, 3, 9, 5, tzinfo=UTC),
    }
    return ClaimedRun(**{**facts, **values})


def make_one_off(*command: str, **values: Any) -> ClaimedRun:
    """Make a claimed run without slot and account."""
    return make_run(
        *command, **{"slot": None, "account": None, "labels": {}, "starts_at": None, "ends_at": None, **values}
    )


def build(run: ClaimedRun, inherited: dict[str, str] | None = None) -> Command:
    """Build the command of a run."""
    return build_command(
        run, agent="box", project=PROJECT, logs=LOGS, inherited=INHERITED if inherited is None else inherited
    )


def ours(command: Command) -> dict[str, str]:
    """Return the ``OSTINATO_*`` variables of a command without their prefix, but for those of every command."""
    names = {name for name in command.environment if name.startswith("OSTINATO_")}
    names -= {"OSTINATO_DATABASE", "OSTINATO_AGENT", "OSTINATO_PROJECT"}
    return {name.removeprefix("OSTINATO_"): command.environment[name] for name in names}


def test_placeholders_and_variables_say_the_same() -> None:
    """A slot's run tells all it knows in both ways: instants in UTC, dates in the slot's zone."""
    names = ("account", "start", "end", "start_date", "end_date", "slot", "run", "attempt", "definition")
    command = build(make_run(*(f"{{{name}}}" for name in names), "{labels.tier}", "{labels.data-centre}"))

    expected = {
        "account": "acme",
        "start": "2026-03-08T05:00:00Z",
        "end": "2026-03-09T04:00:00Z",
        "start_date": "2026-03-08",
        "end_date": "2026-03-09",
        "slot": "sales/acme/2026-03-08",
        "run": "12",
        "attempt": "2",
        "definition": "sales",
    }
    assert command.arguments == (*expected.values(), "gold", "us east")
    assert ours(command) == {
        **{name.upper(): value for name, value in expected.items()},
        "LABEL_TIER": "gold",
        "LABEL_DATA_CENTRE": "us east",
    }


def test_a_run_knows_nothing_of_what_it_has_not() -> None:
    """A one-off without parameters has neither account nor slot nor period, and does not invent them."""
    assert ours(build(make_one_off())) == {"RUN": "12", "ATTEMPT": "2", "DEFINITION": "sales"}
    with pytest.raises(ValueError, match=r"no value for \{start\}"):
        build(make_one_off("report", "{start}"))


@pytest.mark.parametrize(
    "start", ["2026-03-08T05:00:00Z", "2026-03-08T00:00:00-05:00", "2026-03-08", "2026-03-08T00:00"]
)
def test_parameters_give_a_one_off_its_period(start: str) -> None:
    """The parameters start and end are instants; without an offset they are of the run's zone."""
    run = make_one_off("report", "{start}", "{start_date}", "{end}", parameters={"start": start, "end": "2026-03-09"})

    assert build(run).arguments == ("report", "2026-03-08T05:00:00Z", "2026-03-08", "2026-03-09T04:00:00Z")


def test_a_parameter_that_is_no_instant_is_named() -> None:
    """A period that cannot be read is an error and not a text."""
    with pytest.raises(ValueError, match="the parameter end is 'tomorrow', which is no instant"):
        build(make_one_off(parameters={"end": "tomorrow"}))


def test_parameters_are_variables_of_their_own() -> None:
    """Parameters do not overrule what a run knows of itself."""
    variables = ours(build(make_run(parameters={"run": "99", "dry-run": "yes"})))

    assert variables["RUN"] == "12"
    assert variables["PARAMETER_RUN"] == "99"
    assert variables["PARAMETER_DRY_RUN"] == "yes"


def test_the_environment_is_the_agents_and_more() -> None:
    """Commands inherit; Python is the one that Ostinato runs with, and does not hold its output back."""
    environment = build(make_run(definition={"environment": {"MODE": "{literal}"}})).environment

    assert environment["HOME"] == "/home/ada"
    assert environment["OSTINATO_DATABASE"] == "kept"
    assert environment["MODE"] == "{literal}"
    assert environment["PATH"] == f"{Path(sys.executable).parent}:/usr/bin:/bin"
    assert environment["PYTHONUNBUFFERED"] == "1"
    assert (environment["OSTINATO_AGENT"], environment["OSTINATO_PROJECT"]) == ("box", str(PROJECT))


def test_what_is_declared_wins_over_what_is_inherited() -> None:
    """A definition has the last word on all but what Ostinato says itself."""
    declared = {"PATH": "/opt/bin", "PYTHONUNBUFFERED": "", "HOME": "/", "OSTINATO_RUN": "0"}
    environment = build(make_run(definition={"environment": declared})).environment

    assert {name: environment[name] for name in declared} == {**declared, "OSTINATO_RUN": "12"}


def test_an_agent_inside_a_run_does_not_pass_that_run_on() -> None:
    """Nothing that the outer run was told reaches the commands of the inner agent."""
    outer = build(make_run(parameters={"deep": "yes"})).environment
    inner = build(make_one_off(), dict(outer))

    assert ours(inner) == {"RUN": "12", "ATTEMPT": "2", "DEFINITION": "sales"}
    assert inner.environment["OSTINATO_DATABASE"] == "kept"


@pytest.mark.parametrize(
    ("declared", "folder"),
    [(None, "/srv/shop"), ("jobs/daily", "/srv/shop/jobs/daily"), ("/var/tmp", "/var/tmp")],
)
def test_a_command_starts_in_the_project(declared: str | None, folder: str) -> None:
    """Without a working directory it is the project folder, and a relative one counts from there."""
    command = build(make_run(definition={"working_directory": declared, "time_limit": timedelta(hours=1)}))

    assert command.working_directory == Path(folder)
    assert command.log == LOGS / "12.log"
    assert command.time_limit == timedelta(hours=1)


def test_without_more_ado_the_environment_is_that_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent's environment is the one it runs in."""
    monkeypatch.setenv("CITY", "Paris")
    command = build_command(make_run(), agent="box", project=PROJECT, logs=LOGS)

    assert command.environment["CITY"] == "Paris"
