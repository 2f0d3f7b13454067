"""Definitions of several steps, and of actions, in all the forms in which they can be declared."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.documents import parse_json
from ostinato.durations import format_duration
from ostinato.model.definitions import (
    DeclaredDefinition,
    DeclaredStep,
    Matrix,
    Rescue,
    RetryFrom,
    RetryKind,
    RetryRule,
)
from ostinato.sources.definition_rows import gather_definitions, write_definition
from ostinato.sources.gathering import Gathering

MINUTE = timedelta(minutes=1)

YAML = """\
definitions:
  refresh_sales:
    matrix: account
    steps:
      extract:
        command: [python, -m, shop.extract, --account, "{account}"]
        retry: {fixed: {attempts: 3, wait: 10s}, on_exit_codes: [75]}
        timeout: 10m
        environment: {TIER: "{labels.tier}"}
        working_directory: in
      check:
        action: shop.quality:check
        inputs: {day: "{start_date}", rows: "{steps.extract.rows}", limits: [1, 2.5, 1e3, true, null], deep: {"": x}}
        needs: extract
        rescue: skip
      load: {shell: "gzip -c in > out", needs: [extract], after: [check], queue: io, idempotent: true}
    retry: {exponential: {attempts: 3}}
    retry_from: start
    rescue: pause
    environment: {MODE: full}
"""

REFRESH = DeclaredDefinition(
    "refresh_sales",
    matrix=Matrix.ACCOUNT,
    steps=(
        DeclaredStep(
            "extract",
            ("python", "-m", "shop.extract", "--account", "{account}"),
            retry=RetryRule(RetryKind.FIXED, attempts=3, base=timedelta(seconds=10), on_exit_codes=frozenset({75})),
            timeout=10 * MINUTE,
            environment={"TIER": "{labels.tier}"},
            working_directory="in",
        ),
        DeclaredStep(
            "check",
            action="shop.quality:check",
            inputs={
                "day": "{start_date}",
                "rows": "{steps.extract.rows}",
                "limits": [1, 2.5, 1000.0, True, None],
                "deep": {"": "x"},
            },
            needs=("extract",),
            rescue=Rescue.SKIP,
        ),
        DeclaredStep(
            "load",
            ("/bin/sh", "-c", "gzip -c in > out"),
            needs=("extract",),
            after=("check",),
            queue="io",
            idempotent=True,
        ),
    ),
    retry=RetryRule(RetryKind.EXPONENTIAL, attempts=3, base=timedelta(seconds=30)),
    retry_from=RetryFrom.START,
    rescue=Rescue.PAUSE,
    environment={"MODE": "full"},
)


def load(project: Any, text: str, file: str = "d.yaml") -> dict[str, DeclaredDefinition]:
    """Load the definitions of one file."""
    project.write(file, text)
    return {row.name: row for row in project.open_definitions("file", file).load().rows}


def test_everything_that_can_be_said_of_steps_is_read(project: Any) -> None:
    """Each key of a step arrives in its record, and their order is that of the file."""
    assert load(project, YAML)["refresh_sales"] == REFRESH


def test_an_action_may_be_all_that_a_definition_does(project: Any) -> None:
    """An action with inputs stands where a command would."""
    rows = load(
        project,
        """\
        definitions:
          nightly_report:
            action: shop.flows:report
            inputs: {name: "{definition}", day: "{start_date}", braces: "{{}}", 5: 007}
        """,
    )

    assert rows["nightly_report"] == DeclaredDefinition(
        "nightly_report",
        action="shop.flows:report",
        inputs={"name": "{definition}", "day": "{start_date}", "braces": "{{}}", "5": 7},
    )


def test_inputs_forget_how_their_numbers_were_written(project: Any) -> None:
    """They are plain JSON: what the store writes, it reads back the same."""
    inputs = load(project, "definitions: {d: {action: 'm:f', inputs: {a: [1.10, 0x10]}}}")["d"].inputs

    assert [type(item) for item in inputs["a"]] == [float, int]
    assert json.dumps(inputs) == '{"a": [1.1, 16]}'


def test_steps_may_be_a_list(project: Any) -> None:
    """With a name in each, a list says the same as a mapping."""
    listed = """\
        definitions:
          d:
            steps:
              - {name: b, command: [run]}
              - {name: a, command: [run], needs: b}
        """
    mapped = "definitions: {d: {steps: {b: {command: [run]}, a: {command: [run], needs: [b]}}}}"

    assert load(project, listed) == load(project, mapped)
    assert [step.name for step in load(project, listed)["d"].steps] == ["b", "a"]


def test_the_same_steps_in_json_are_the_same(project: Any) -> None:
    """YAML and JSON are two ways to write one form."""
    steps = {
        "extract": {"command": ["run", 5], "retry": "never"},
        "load": {
            "action": "shop.flows:load",
            "inputs": {"n": "{steps.extract.files[0]}", "x": 1.5},
            "after": "extract",
        },
    }
    text = json.dumps({"definitions": {"d": {"steps": steps, "rescue": "skip"}}})

    assert load(project, text, "d.json") == load(project, text, "d.yaml")


RECORDS = """\
from datetime import timedelta
from ostinato.model.definitions import *

MINUTE = timedelta(minutes=1)
EXTRACT = DeclaredStep(
    "extract", ("run", "{account}"), retry=RetryRule(RetryKind.SERIES, 2, waits=(MINUTE,)), timeout=10 * MINUTE,
    environment={"A": "1"}, working_directory="in", queue="io")
CHECK = DeclaredStep(
    "check", action="shop.quality:check", inputs={"rows": "{steps.extract.rows}", "deep": [{"a": None}]},
    after=("extract",), rescue=Rescue.SKIP, idempotent=True)
JOBS = [
    DeclaredDefinition("refresh_sales", steps=(EXTRACT, CHECK), matrix=Matrix.ACCOUNT,
                       rescue=Rescue.PAUSE, retry_from=RetryFrom.START),
    DeclaredDefinition("report", action="shop.flows:report", inputs={"day": "{start_date}"}),
    {"name": "mapped", "steps": {"a": {"command": ["run"]}, "b": {"command": ("walk",), "needs": {"a"}}}},
]
"""


def test_records_and_mappings_in_python_pass_all_on(project: Any) -> None:
    """What Python declares comes back as it was declared, through the form of files."""
    project.write("jobs.py", RECORDS)

    rows = project.open_definitions("python", "jobs:JOBS").load().rows

    assert rows == (
        DeclaredDefinition(
            "refresh_sales",
            steps=(
                DeclaredStep(
                    "extract",
                    ("run", "{account}"),
                    retry=RetryRule(RetryKind.SERIES, 2, waits=(MINUTE,)),
                    timeout=10 * MINUTE,
                    environment={"A": "1"},
                    working_directory="in",
                    queue="io",
                ),
                DeclaredStep(
                    "check",
                    action="shop.quality:check",
                    inputs={"rows": "{steps.extract.rows}", "deep": [{"a": None}]},
                    after=("extract",),
                    rescue=Rescue.SKIP,
                    idempotent=True,
                ),
            ),
            matrix=Matrix.ACCOUNT,
            rescue=Rescue.PAUSE,
            retry_from=RetryFrom.START,
        ),
        DeclaredDefinition("report", action="shop.flows:report", inputs={"day": "{start_date}"}),
        DeclaredDefinition("mapped", steps=(DeclaredStep("a", ("run",)), DeclaredStep("b", ("walk",), needs=("a",)))),
    )


def test_a_record_that_says_two_things_is_refused(project: Any) -> None:
    """Records are held to what files are held to."""
    declared = 'DeclaredDefinition("d", ("run",), steps=(DeclaredStep("a", ("run",), needs=("b",)),))'
    project.write("jobs.py", f"from ostinato.model.definitions import *\nJOBS = [{declared}]\n")

    problems = project.problems_of(project.open_definitions("python", "jobs:JOBS"))

    assert [problem.message for problem in problems] == ["command and steps exclude each other", "there is no step b"]


def test_inputs_in_python_are_json(project: Any) -> None:
    """A date would come back as a text, so it has to be one."""
    project.write(
        "jobs.py",
        'from datetime import date\nJOBS = [{"name": "d", "action": "m:f", "inputs": {"a": date(2026, 1, 5)}}]',
    )

    (problem,) = project.problems_of(project.open_definitions("python", "jobs:JOBS"))

    assert (problem.key, problem.message) == ("d.inputs.a", "a date cannot be written as JSON")
    assert problem.hint == "write it as a text"


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("{}", DeclaredDefinition("d", ("run",), environment={"A": "1"}, working_directory="in", rescue=Rescue.SKIP)),
        (
            "{steps: {a: {command: [walk]}}}",
            DeclaredDefinition(
                "d",
                steps=(DeclaredStep("a", ("walk",)),),
                environment={"A": "1"},
                working_directory="in",
                rescue=Rescue.SKIP,
            ),
        ),
        ("{action: 'm:f'}", DeclaredDefinition("d", action="m:f")),
        (
            "{rescue: fail, environment: {A: '2'}}",
            DeclaredDefinition("d", ("run",), environment={"A": "2"}, working_directory="in"),
        ),
    ],
)
def test_defaults_give_way_to_another_kind_of_work(project: Any, own: str, expected: DeclaredDefinition) -> None:
    """A definition's own work replaces that of the defaults, of whatever kind; an action takes nothing for commands."""
    defaults = "{command: [run], environment: {A: '1'}, working_directory: in, rescue: skip}"

    assert load(project, f"defaults: {defaults}\ndefinitions:\n  d: {own}\n") == {"d": expected}


def test_inputs_alone_are_given_to_the_action_of_the_defaults(project: Any) -> None:
    """Many definitions may call one action."""
    rows = load(project, "defaults: {action: 'm:f', inputs: {a: 1}}\ndefinitions: {d: {inputs: {b: 2}}, e: {}}")

    assert (rows["d"].action, rows["d"].inputs, rows["e"].inputs) == ("m:f", {"b": 2}, {"a": 1})


def test_steps_are_part_of_the_version(project: Any) -> None:
    """A changed step makes a new version of the definition; what was declared before there were steps keeps its own."""
    changed = YAML.replace("timeout: 10m", "timeout: 11m")

    assert load(project, changed)["refresh_sales"].version != REFRESH.version
    assert DeclaredDefinition("sales", ("true",), starts_on=date(2026, 1, 8)).version == "7bd05a40c85d"


texts = st.sampled_from(["", "x", "{start_date}", "{{", "a {run} b"])
durations = st.integers(1, 100_000).map(lambda seconds: timedelta(seconds=seconds))
environments = st.dictionaries(st.sampled_from("ABC"), texts, max_size=2)
folders = st.none() | st.just("in")
inputs = st.dictionaries(
    st.sampled_from(["a", "$ref", "$text"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.just("{{x}}"),
        lambda below: st.lists(below, max_size=2) | st.dictionaries(st.sampled_from("ab"), below, max_size=2),
        max_leaves=4,
    ),
    max_size=2,
)
retries = st.one_of(
    st.just(RetryRule()),
    st.builds(RetryRule, st.just(RetryKind.FIXED), st.integers(1, 9), durations),
    st.lists(durations, min_size=1, max_size=3).map(
        lambda waits: RetryRule(RetryKind.SERIES, len(waits) + 1, waits=tuple(waits), on_exit_codes=frozenset({1}))
    ),
)
commands = st.tuples(st.just("run"), texts)


@st.composite
def steps(draw: st.DrawFn) -> tuple[DeclaredStep, ...]:
    """Draw steps of which each may wait for those before it, and use their output."""
    declared: list[DeclaredStep] = []
    for name in draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4, unique=True)):
        former = st.lists(st.sampled_from(declared), unique_by=lambda step: step.name) if declared else st.just([])
        common: dict[str, Any] = {
            "needs": tuple(step.name for step in draw(former)),
            "after": tuple(step.name for step in draw(former)),
            "timeout": draw(st.none() | durations),
            "rescue": draw(st.none() | st.sampled_from(Rescue)),
            "idempotent": draw(st.booleans()),
            "queue": draw(st.none() | st.just("io")),
        }
        used = {f"from_{step.name}": f"{{steps.{step.name}.rows[0]}}" for step in draw(former)}
        if draw(st.booleans()):
            work: dict[str, Any] = {"action": "m:f", "inputs": {"own": draw(inputs), **used}}
        else:
            work = {
                "command": (*draw(commands), *used.values()),
                "retry": draw(retries),
                "environment": draw(environments),
                "working_directory": draw(folders),
            }
        declared.append(DeclaredStep(name, **common, **work))
    return tuple(declared)


definitions = st.one_of(
    st.builds(
        DeclaredDefinition,
        st.just("d"),
        commands,
        environment=environments,
        working_directory=folders,
        rescue=st.sampled_from(Rescue),
        retry=retries,
    ),
    st.builds(DeclaredDefinition, st.just("d"), action=st.just("m:f"), inputs=inputs),
    st.builds(
        DeclaredDefinition,
        st.just("d"),
        steps=steps(),
        environment=environments,
        rescue=st.sampled_from(Rescue),
        retry_from=st.sampled_from(RetryFrom),
    ),
)


@given(definitions)
def test_every_record_can_be_written_as_a_file(declared: DeclaredDefinition) -> None:
    """Written as fields and as JSON, and read again, a definition is the same, down to its version."""
    text = json.dumps({"definitions": {"d": write_definition(declared)}}, default=format_duration)
    gathering: Gathering[DeclaredDefinition] = Gathering()

    gather_definitions(parse_json(text, "d.json"), gathering)

    assert gathering.finish().rows == (declared,)
    assert gathering.finish().rows[0].version == declared.version
