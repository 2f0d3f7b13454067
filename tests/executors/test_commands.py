from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ostinato.errors import UnresolvedReference
from ostinato.executors.building import build_command, list_values
from ostinato.executors.commands import Command
from ostinato.model.runs import ClaimedRun
from ostinato.model.slots import SlotName
from ostinato.model.steps import COMMAND, Json, Step, StepRules
from ostinato.model.work import WorkItem, WorkKind
from ostinato.policies.declared_plans import plan_definition
from ostinato.testing.factories import make_definition

PROJECT = Path("/srv/shop")
LOGS = PROJECT / "logs"
INHERITED = {"PATH": "/usr/bin:/bin", "HOME": "/home/ada", "OSTINATO_DATABASE": "kept"}
OUTPUTS: dict[int, Json] = {1: {"rows": 7, "name": "{run}", "files": ["a b", {"$ref": 9}], "flags": {"DEEP": "{no}"}}}


def make_run(**values: Any) -> ClaimedRun:
    """Make a claimed run of a slot in New York that lasts the day on which the clocks go forward."""
    facts: dict[str, Any] = {
        "id": 12,
        "slot": SlotName("sales", "acme", "2026-03-08"),
        "account": "acme",
        "labels": {"tier": "gold", "data-centre": "us east"},
        "definition": make_definition("sales"),
        "attempt": 2,
        "parameters": {},
        "starts_at": datetime(2026, 3, 8, 5, tzinfo=UTC),
        "ends_at": datetime(2026, 3, 9, 4, tzinfo=UTC),
        "time_zone": "America/New_York",
        "lease_token": 1,
        "started_at": datetime(2026, 3, 9, 5, tzinfo=UTC),
    }
    return ClaimedRun(**{**facts, **values})


def make_one_off(**values: Any) -> ClaimedRun:
    """Make a claimed run without slot and account."""
    return make_run(**{"slot": None, "account": None, "labels": {}, "starts_at": None, "ends_at": None, **values})


def build(
    run: ClaimedRun, *arguments: Json, inherited: dict[str, str] | None = None, only: bool = True, **more: Any
) -> Command:
    """Build the command of a run's step 3, which knows the output of step 1; ``more`` goes into its input."""
    given = {"arguments": list(arguments or ("true",)), **more}
    step = Step(3, "report", COMMAND, input=given, rules=StepRules(timeout=timedelta(hours=1)))
    return build_command(
        run,
        WorkItem(run.id, WorkKind.RUN, step, "default", outputs=OUTPUTS),
        agent="box",
        project=PROJECT,
        logs=LOGS,
        is_only_step=only,
        inherited=INHERITED if inherited is None else inherited,
    )


def ours(command: Command) -> dict[str, str]:
    """Return the ``OSTINATO_*`` variables of a command without their prefix, but for those of every command."""
    names = {name for name in command.environment if name.startswith("OSTINATO_")}
    names -= {f"OSTINATO_{name}" for name in ("DATABASE", "AGENT", "PROJECT", "STEP", "OUTPUT")}
    return {name.removeprefix("OSTINATO_"): command.environment[name] for name in names}


def test_placeholders_and_variables_say_the_same() -> None:
    """A slot's run tells all it knows in both ways: instants in UTC, dates in the slot's zone."""
    names = ("account", "start", "end", "start_date", "end_date", "slot", "run", "attempt", "definition")
    command = build(make_run(), *(f"{{{name}}}" for name in names), "{labels.tier}", "{labels.data-centre}")

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
    assert list_values(make_run()) == {**expected, "labels.tier": "gold", "labels.data-centre": "us east"}
    assert ours(command) == {
        **{name.upper(): value for name, value in expected.items()},
        "LABEL_TIER": "gold",
        "LABEL_DATA_CENTRE": "us east",
    }


def test_a_run_knows_nothing_of_what_it_has_not() -> None:
    """A one-off without parameters has neither account nor slot nor period, and does not invent them."""
    assert ours(build(make_one_off())) == {"RUN": "12", "ATTEMPT": "2", "DEFINITION": "sales"}
    with pytest.raises(ValueError, match=r"no value for \{start\}"):
        build(make_one_off(), "report", "{start}")


def test_a_run_without_definition_has_no_name_for_one() -> None:
    """A plan that was triggered from Python belongs to no definition."""
    run = make_one_off(definition=None)

    assert ours(build(run)) == {"RUN": "12", "ATTEMPT": "2"}
    with pytest.raises(ValueError, match=r"no value for \{definition\}"):
        build(run, "report", "{definition}")


@pytest.mark.parametrize(
    "start", ["2026-03-08T05:00:00Z", "2026-03-08T00:00:00-05:00", "2026-03-08", "2026-03-08T00:00"]
)
def test_parameters_give_a_one_off_its_period(start: str) -> None:
    """The parameters start and end are instants; without an offset they are of the run's zone."""
    run = make_one_off(parameters={"start": start, "end": "2026-03-09"})
    command = build(run, "report", "{start}", "{start_date}", "{end}")

    assert command.arguments == ("report", "2026-03-08T05:00:00Z", "2026-03-08", "2026-03-09T04:00:00Z")


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
    environment = build(make_run(), environment={"MODE": "{account}"}).environment

    assert environment["HOME"] == "/home/ada"
    assert environment["OSTINATO_DATABASE"] == "kept"
    assert environment["MODE"] == "acme"
    assert environment["PATH"] == f"{Path(sys.executable).parent}:/usr/bin:/bin"
    assert environment["PYTHONUNBUFFERED"] == "1"
    assert (environment["OSTINATO_AGENT"], environment["OSTINATO_PROJECT"]) == ("box", str(PROJECT))
    assert environment["OSTINATO_STEP"] == "report"


def test_what_is_declared_wins_over_what_is_inherited() -> None:
    """A definition has the last word on all but what Ostinato says itself."""
    declared = {"PATH": "/opt/bin", "PYTHONUNBUFFERED": "", "HOME": "/", "OSTINATO_RUN": "0", "OSTINATO_OUTPUT": "/"}
    environment = build(make_run(), environment=declared).environment

    said = {"OSTINATO_RUN": "12", "OSTINATO_OUTPUT": "/srv/shop/logs/12.output.json"}
    assert {name: environment[name] for name in declared} == {**declared, **said}


def test_an_agent_inside_a_run_does_not_pass_that_run_on() -> None:
    """Nothing that the outer run was told reaches the commands of the inner agent."""
    outer = build(make_run(parameters={"deep": "yes"})).environment
    inner = build(make_one_off(), inherited=dict(outer))

    assert ours(inner) == {"RUN": "12", "ATTEMPT": "2", "DEFINITION": "sales"}
    assert inner.environment["OSTINATO_DATABASE"] == "kept"


@pytest.mark.parametrize(
    ("declared", "folder"),
    [
        (None, "/srv/shop"),
        ("jobs/daily", "/srv/shop/jobs/daily"),
        ("/var/tmp", "/var/tmp"),
        ("{account}/in", "/srv/shop/acme/in"),
    ],
)
def test_a_command_starts_in_the_project(declared: str | None, folder: str) -> None:
    """Without a working directory it is the project folder, and a relative one counts from there."""
    assert build(make_run(), working_directory=declared).working_directory == Path(folder)


@pytest.mark.parametrize(("only", "stem"), [(True, "12"), (False, "12.3")])
def test_the_files_of_a_step_bear_its_name(only: bool, stem: str) -> None:
    """A step that is not alone in its run has its number in the names of its log and its output."""
    command = build(make_run(), only=only)

    assert command.key == (12, 3)
    assert command.log == LOGS / f"{stem}.log"
    assert command.output_file == LOGS / f"{stem}.output.json"
    assert command.environment["OSTINATO_OUTPUT"] == str(command.output_file)
    assert command.time_limit == timedelta(hours=1)


def test_references_become_text() -> None:
    """Text is taken as it is, all else is JSON, and nothing that comes out of a reference is a template."""
    command = build(
        make_run(),
        {"$ref": 1, "path": ["rows"]},
        {"$ref": 1, "path": ["name"]},
        {"$ref": 1, "path": ["files"]},
        {"$text": ["{account}/", {"$ref": 1, "path": ["name"]}, "/{{}}"]},
        {"$value": {"$ref": "mine"}},
        5,
        environment={"ROWS": {"$text": ["n=", {"$ref": 1, "path": ["rows"]}]}},
        working_directory={"$ref": 1, "path": ["name"]},
    )

    assert command.arguments[:3] == ("7", "{run}", '["a b", {"$ref": 9}]')
    assert command.arguments[3:] == ("acme/{run}/{}", '{"$ref": "mine"}', "5")
    assert command.environment["ROWS"] == "n=7"
    assert command.working_directory == PROJECT / "{run}"


def test_the_arguments_as_a_whole_may_be_a_reference() -> None:
    """Lists and mappings that another step made are taken part by part, and no part is a template or a reference."""
    whole = build(
        make_run(),
        arguments={"$ref": 1, "path": ["files"]},
        environment={"$ref": 1, "path": ["flags"]},
    )

    assert whole.arguments == ("a b", '{"$ref": 9}')
    assert whole.environment["DEEP"] == "{no}"


def test_literal_texts_are_no_templates() -> None:
    """Who writes a command in Python has said what it is to be; references are followed all the same."""
    command = build(
        make_run(), "{account}", "a } b", {"$ref": 1, "path": ["rows"]}, environment={"A": "{run}"}, literal=True
    )

    assert command.arguments == ("{account}", "a } b", "7")
    assert command.environment["A"] == "{run}"


def test_a_reference_that_leads_nowhere_is_named() -> None:
    """The error says which key is missing, and where."""
    with pytest.raises(UnresolvedReference, match="the output of step 1 has no 'row'; it has 'rows'"):
        build(make_run(), "report", {"$ref": 1, "path": ["row"]})


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"arguments": []}, "the arguments of a command are a list"),
        ({"arguments": "true"}, "the arguments of a command are a list"),
        ({"arguments": {"$ref": 1, "path": ["rows"]}}, "the arguments of a command are a list"),
        ({}, "the arguments of a command are a list"),
        (["true"], "the arguments of a command are a list"),
        ({"arguments": ["true"], "environment": ["A"]}, "the environment of a command is a mapping"),
    ],
)
def test_an_input_that_is_no_command_is_refused(given: Json, complaint: str) -> None:
    """People may edit inputs: one from which nothing can be started says what is missing."""
    item = WorkItem(12, WorkKind.RUN, Step(3, "report", COMMAND, input=given), "default", outputs=OUTPUTS)

    with pytest.raises(ValueError, match=complaint):
        build_command(make_run(), item, agent="box", project=PROJECT, logs=LOGS, is_only_step=True)


def test_what_a_definition_declares_is_what_starts() -> None:
    """The step that a definition's command is planned as gives the command that was declared."""
    declared = make_definition(command=("echo", "{start_date}"), environment={"A": "{attempt}"}, working_directory="in")
    (step,) = plan_definition(declared)
    item = WorkItem(12, WorkKind.RUN, step, "default")
    command = build_command(make_run(), item, agent="box", project=PROJECT, logs=LOGS, is_only_step=True)

    assert command.arguments == ("echo", "2026-03-08")
    assert command.environment["A"] == "2"
    assert command.working_directory == PROJECT / "in"


def test_without_more_ado_the_environment_is_that_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent's environment is the one it runs in."""
    monkeypatch.setenv("CITY", "Paris")
    item = WorkItem(12, WorkKind.RUN, Step(1, "a", COMMAND, input={"arguments": ["true"]}), "default")
    command = build_command(make_run(), item, agent="box", project=PROJECT, logs=LOGS, is_only_step=True)

    assert command.environment["CITY"] == "Paris"
