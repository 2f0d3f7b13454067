from __future__ import annotations

import json
import time
from datetime import date, timedelta
from typing import Any

import pytest

from ostinato.model.definitions import (
    DeclaredDefinition,
    Matrix,
    RetryKind,
    RetryRule,
    StartKind,
    StartRule,
)


def load(project: Any, text: str) -> dict[str, DeclaredDefinition]:
    """Load the definitions of one YAML file."""
    project.write("d.yaml", text)
    return {row.name: row for row in project.open_definitions("yaml", "d.yaml").load().rows}


def load_one(project: Any, fields: str) -> DeclaredDefinition:
    """Load one definition ``d`` with these fields, written in braces, beside a command."""
    return load(project, f"definitions:\n  d: {{command: [run], {fields}}}\n")["d"]


EVERYTHING = """\
definitions:
  update_agg_sales:
    description: Sum up the sales
    command: [python, -m, shop.sales, --account, "{account}", --limit, 10, --rate, 1.10]
    frequency: {cron: "0 6 * * 1-5"}
    matrix: account
    time_zone: Europe/London
    starts_on: 2024-01-01
    ends_on: 2024-12-31
    start: {after_completion: {delay: 15m}}
    retry:
      exponential: {attempts: 5, base: 30s, max: 1h, factor: 3, jitter: 0.1}
      on_exit_codes: [75, 1]
      lost: 7
    reads_from: [attrib_sales, rates]
    writes_to: agg_sales
    queue: io
    priority: -5
    concurrency: 3
    uses: {warehouse: 2}
    start_before: 2h
    time_limit: 45m
    working_directory: "work/{account}"
    environment: {TIER: "{labels.tier}", LIMIT: 010}
    active: false
"""


def test_everything_that_can_be_declared_is_read(project: Any) -> None:
    """Each key of a definition arrives in its record."""
    assert load(project, EVERYTHING)["update_agg_sales"] == DeclaredDefinition(
        name="update_agg_sales",
        command=("python", "-m", "shop.sales", "--account", "{account}", "--limit", "10", "--rate", "1.10"),
        frequency="cron 0 6 * * 1-5",
        matrix=Matrix.ACCOUNT,
        time_zone="Europe/London",
        starts_on=date(2024, 1, 1),
        ends_on=date(2024, 12, 31),
        start=StartRule(StartKind.AFTER_COMPLETION, timedelta(minutes=15)),
        retry=RetryRule(
            RetryKind.EXPONENTIAL,
            attempts=5,
            base=timedelta(seconds=30),
            factor=3.0,
            longest=timedelta(hours=1),
            jitter=0.1,
            on_exit_codes=frozenset({1, 75}),
            lost_attempts=7,
        ),
        reads_from=("attrib_sales", "rates"),
        writes_to=("agg_sales",),
        queue="io",
        priority=-5,
        concurrency=3,
        uses={"warehouse": 2},
        start_before=timedelta(hours=2),
        time_limit=timedelta(minutes=45),
        working_directory="work/{account}",
        environment={"TIER": "{labels.tier}", "LIMIT": "010"},
        active=False,
        description="Sum up the sales",
    )


def test_a_command_is_all_that_must_be_said(project: Any) -> None:
    """A definition with nothing but a command has the defaults of the record."""
    assert load(project, "definitions:\n  d:\n    command: [run]\n")["d"] == DeclaredDefinition("d", ("run",))


@pytest.mark.parametrize(
    ("declared", "rule"),
    [
        ("after_success", StartRule()),
        ("after_completion", StartRule(StartKind.AFTER_COMPLETION)),
        ("at_start", StartRule(StartKind.AT_START)),
        ("manual", StartRule(StartKind.MANUAL)),
        ("{after_success: {delay: 15m}}", StartRule(StartKind.AFTER_SUCCESS, timedelta(minutes=15))),
        ("{at_start: {delay: 1h}}", StartRule(StartKind.AT_START, timedelta(hours=1))),
        ("{at_start: }", StartRule(StartKind.AT_START)),
        ("{manual: {}}", StartRule(StartKind.MANUAL)),
    ],
)
def test_a_start_policy_is_a_word_or_has_options(project: Any, declared: str, rule: StartRule) -> None:
    """What needs no option is one word."""
    assert load_one(project, f"start: {declared}").start == rule


@pytest.mark.parametrize(
    ("declared", "rule"),
    [
        ("never", RetryRule()),
        ("{lost: 0}", RetryRule(lost_attempts=0)),
        (
            "{fixed: {attempts: 3, wait: 5m}}",
            RetryRule(RetryKind.FIXED, attempts=3, base=timedelta(minutes=5)),
        ),
        (
            "{exponential: {attempts: 4}}",
            RetryRule(RetryKind.EXPONENTIAL, attempts=4, base=timedelta(seconds=30)),
        ),
        (
            "{series: [1m, 5m, 1h], on_exit_codes: [75]}",
            RetryRule(
                RetryKind.SERIES,
                attempts=4,
                waits=(timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1)),
                on_exit_codes=frozenset({75}),
            ),
        ),
    ],
)
def test_a_retry_policy_is_a_word_or_has_options(project: Any, declared: str, rule: RetryRule) -> None:
    """Each policy has its own options, and those that all share stand beside it."""
    assert load_one(project, f"retry: {declared}").retry == rule


@pytest.mark.parametrize(
    ("declared", "key"),
    [("daily", "daily"), ("{every: 900s}", "every 15m"), ('{cron: "@daily"}', "cron 0 0 * * *")],
)
def test_a_frequency_is_kept_by_its_key(project: Any, declared: str, key: str) -> None:
    """However a frequency is written, the record has the one form that the calendar knows."""
    assert load_one(project, f"frequency: {declared}").frequency == key


def test_a_shell_is_used_only_when_asked_for(project: Any) -> None:
    """The text of ``shell`` goes to a shell as it is, but for placeholders."""
    rows = load(project, 'definitions:\n  d: {shell: "gzip -c $IN > {start_date}.gz"}\n')

    assert rows["d"].command == ("/bin/sh", "-c", "gzip -c $IN > {start_date}.gz")


def test_defaults_hold_where_nothing_else_is_said(project: Any) -> None:
    """A definition's own key replaces that of the defaults; both environments count, and null takes a default away."""
    rows = load(
        project,
        """\
        defaults:
          command: [run, "{definition}"]
          queue: io
          time_limit: 1h
          retry: {fixed: {attempts: 3, wait: 5m}}
          environment: {A: default, B: default}
        definitions:
          a: {}
          b: {queue: cpu, time_limit: null, retry: never, environment: {B: own}}
          c: {shell: "echo"}
        """,
    )

    assert rows["a"].command == ("run", "{definition}")
    assert (rows["a"].queue, rows["a"].time_limit, rows["a"].retry.attempts) == ("io", timedelta(hours=1), 3)
    assert (rows["b"].queue, rows["b"].time_limit, rows["b"].retry) == ("cpu", None, RetryRule())
    assert rows["b"].environment == {"A": "default", "B": "own"}
    assert rows["c"].command == ("/bin/sh", "-c", "echo")


def test_a_matrix_may_come_from_defaults_or_after_the_command(project: Any) -> None:
    """Whether a command may name its account is judged when all is known of the definition."""
    rows = load(project, 'defaults: {matrix: account}\ndefinitions:\n  d: {command: [run, "{account}"]}\n')

    assert rows["d"].matrix is Matrix.ACCOUNT


def test_anchors_and_merge_keys_save_writing(project: Any) -> None:
    """Definitions may share what is not default, by the means of YAML."""
    rows = load(
        project,
        """\
        definitions:
          a: &nightly
            command: [run]
            frequency: {cron: "0 2 * * *"}
            queue: night
          b:
            <<: *nightly
            command: [walk]
        """,
    )

    assert (rows["b"].command, rows["b"].queue, rows["b"].frequency) == (("walk",), "night", "cron 0 2 * * *")


def test_the_same_definitions_in_json_are_the_same(project: Any) -> None:
    """YAML and JSON are two ways to write one form."""
    text = {"defaults": {"queue": "io"}, "definitions": {"d": {"command": ["run", 5, 1.5], "priority": 3}}}
    project.write("d.json", json.dumps(text))
    project.write("d.yaml", "defaults: {queue: io}\ndefinitions:\n  d: {command: [run, 5, 1.5], priority: 3}\n")

    from_json = project.open_definitions("json", "d.json").load()
    from_yaml = project.open_definitions("yaml", "d.yaml").load()
    by_ending = project.open_definitions("file", "d.json").load()

    assert from_json.rows == from_yaml.rows == by_ending.rows
    assert from_json.rows[0].command == ("run", "5", "1.5")


def test_a_pattern_takes_all_files_and_knows_where_each_row_stands(project: Any) -> None:
    """Files are read in the order of their names; each definition has its file and line."""
    project.write("defs/b.yaml", "definitions:\n  b: {command: [run]}\n")
    project.write("defs/a.yaml", "definitions:\n\n  a: {command: [run]}\n")
    project.write("defs/deep/c.yml", "definitions: {c: {command: [run]}}\n")
    (project.folder / "defs" / "folder.yaml").mkdir()

    flat = project.open_definitions("yaml", "defs/*.yaml")
    deep = project.open_definitions("file", "defs/**/*.y*ml").load()

    assert flat.name == "yaml:defs/*.yaml"
    assert [row.name for row in flat.load().rows] == ["a", "b"]
    assert flat.load().places == {"a": "defs/a.yaml:3", "b": "defs/b.yaml:2"}
    assert [row.name for row in deep.rows] == ["a", "b", "c"]


def test_a_name_in_two_files_is_an_error_with_both_places(project: Any) -> None:
    """Which of two definitions is meant is for people to say."""
    project.write("a.yaml", "definitions:\n  d: {command: [run]}\n")
    project.write("b.yaml", "definitions:\n\n  d: {command: [walk]}\n")

    (problem,) = project.problems_of(project.open_definitions("yaml", "*.yaml"))

    assert (problem.file, problem.line) == ("b.yaml", 3)
    assert problem.message == "d is declared twice, first at a.yaml:2"


def test_all_files_are_read_before_problems_are_told(project: Any) -> None:
    """One look finds what is wrong in any file."""
    project.write("a.yaml", "definitions:\n  d: {command: [run], queue: 5}\n")
    project.write("b.yaml", "definitions: [\n")
    project.write("c.yaml", "definitions:\n  e: {}\n")

    problems = project.problems_of(project.open_definitions("yaml", "*.yaml"))

    assert [(problem.file, problem.line) for problem in problems] == [("a.yaml", 2), ("b.yaml", 2), ("c.yaml", 2)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("none/*.yaml", "no file matches none/*.yaml"),
        ("none.yaml", "there is no file none.yaml"),
        ("d.txt", "the ending of this file does not say what it holds"),
    ],
)
def test_what_names_no_file_is_an_error(project: Any, options: str, message: str) -> None:
    """A pattern that matches nothing is a mistake, and never an empty declaration."""
    project.write("d.txt", "definitions: {}")

    (problem,) = project.problems_of(project.open_definitions("file", options))

    assert message in problem.message


def test_a_folder_in_place_of_a_file_says_what_to_write(project: Any) -> None:
    """Naming the folder alone is a likely mistake."""
    (project.folder / "definitions").mkdir()

    (problem,) = project.problems_of(project.open_definitions("yaml", "definitions"))

    assert problem.message == "this is a folder, not a file"
    assert "definitions/*.yaml" in problem.hint


def test_no_definitions_can_be_meant(project: Any) -> None:
    """An empty mapping declares nothing, in as many words."""
    assert load(project, "definitions: {}") == {}


def test_the_fingerprint_tells_every_change_of_the_files(project: Any) -> None:
    """Writing, adding and removing a file changes it; reading does not."""
    project.write("a.yaml", "definitions: {a: {command: [run]}}")
    source = project.open_definitions("yaml", "*.yaml")
    seen = [source.fingerprint()]
    source.load()
    assert source.fingerprint() == seen[0]

    project.write("a.yaml", "definitions: {a: {command: [walk it]}}")
    seen.append(source.fingerprint())
    project.write("b.yaml", "definitions: {}")
    seen.append(source.fingerprint())
    (project.folder / "a.yaml").unlink()
    seen.append(source.fingerprint())

    assert len(set(seen)) == 4


def test_two_thousand_definitions_load_in_about_a_second(project: Any) -> None:
    """Size is no reason to wait."""
    one = EVERYTHING.removeprefix("definitions:\n")
    project.write(
        "d.yaml", "definitions:\n" + "".join(one.replace("update_agg", f"update_{n}_agg") for n in range(2_000))
    )
    source = project.open_definitions("yaml", "d.yaml")
    began = time.process_time()

    rows = source.load().rows

    assert len(rows) == 2_000
    assert time.process_time() - began < 4  # a second, as a rule; this machine may be busy
