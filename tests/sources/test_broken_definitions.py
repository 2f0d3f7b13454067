"""Each mistake that people make in a file of definitions, and what they are told."""

from __future__ import annotations

from typing import Any

import pytest

ONE = "definitions:\n  d:\n    command: [run]\n"
"""A definition on lines 1 to 3; what a test appends stands on line 4."""

BROKEN = [
    # the file
    ("definitions: {}\ndefault: {}", 2, "default", "unknown key", "did you mean defaults?"),
    ("defaults: {}", 1, "definitions", "this key is missing", "The definitions, by name."),
    ("definitions:", 1, "definitions", "expected a mapping, not nothing", "key: value"),
    ("definitions: [d]", 1, "definitions", "expected a mapping, not a list", "key: value"),
    ("just words", 1, "", "expected a mapping, not a text", "defaults, definitions"),
    ("definitions:\n  d:", 2, "definitions.d", "expected a mapping, not nothing", "command, shell"),
    ("definitions:\n  d: [run]", 2, "definitions.d", "expected a mapping, not a list", "command, shell"),
    ("defaults: {que: x}\ndefinitions: {}", 1, "defaults.que", "unknown key", "did you mean queue?"),
    ("definitions:\n  d:\n    command: [a]\n  d:\n    command: [b]", 4, "definitions.d", "appears twice", ""),
    # names
    ("definitions:\n  a/b: {command: [x]}", 2, "definitions.a/b", "'a/b' cannot be a name", "begin with a letter"),
    ("definitions:\n  a b: {command: [x]}", 2, "definitions.a b", "'a b' cannot be a name", "begin with a letter"),
    ("definitions:\n  '-': {command: [x]}", 2, "definitions.-", "'-' cannot be a name", "begin with a letter"),
    ("definitions:\n  '..': {command: [x]}", 2, "definitions...", "'..' cannot be a name", "begin with a letter"),
    ("definitions:\n  '': {command: [x]}", 2, "definitions.", "'' cannot be a name", "begin with a letter"),
    (f"definitions:\n  {'n' * 201}: {{command: [x]}}", 2, f"definitions.{'n' * 201}", "at most 200 characters", ""),
    # commands
    ("definitions:\n  d: {}", 2, "definitions.d", "this definition does not say what to do", "add command:"),
    ("definitions:\n  d:\n    comand: [run]", 3, "definitions.d.comand", "unknown key", "did you mean command?"),
    (
        "definitions:\n  d:\n    command: python -m 'a b'",
        3,
        "definitions.d.command",
        "a command is a list of words",
        'command: ["python", "-m", "a b"]',
    ),
    ("definitions:\n  d:\n    command: []", 3, "definitions.d.command", "expected one item at least", ""),
    ("definitions:\n  d:\n    command: ['']", 3, "definitions.d.command[0]", "the program has no name", "program"),
    ("definitions:\n  d:\n    command: [run, true]", 3, "definitions.d.command[1]", "a text, not true", '"true"'),
    ("definitions:\n  d:\n    command: [run, [a]]", 3, "definitions.d.command[1]", "a text, not a list", ""),
    ("definitions:\n  d:\n    command:\n    - run\n    - ", 5, "definitions.d.command[1]", "a text, not nothing", ""),
    (
        "definitions:\n  d:\n    command: [run, {account}]",
        3,
        "definitions.d.command[1]",
        "expected a text, not a mapping",
        'put it in quotes: "{account}"',
    ),
    (f"{ONE}    shell: run", 4, "definitions.d.shell", "command and shell exclude each other", "keep one"),
    # placeholders
    (
        "definitions:\n  d:\n    command:\n    - run\n    - '{acount}'",
        5,
        "definitions.d.command[1]",
        "{acount} is no placeholder",
        "did you mean {account}?",
    ),
    (
        "definitions:\n  d:\n    command: [run, '{account}']",
        3,
        "definitions.d.command[1]",
        "{account} needs an account, and this definition has none",
        "matrix: account",
    ),
    ("definitions:\n  d:\n    command: [run, '{a']", 3, "definitions.d.command[1]", "a { stands alone", "{{"),
    (
        "definitions:\n  d:\n    shell: 'echo ${HOME}'",
        3,
        "definitions.d.shell",
        "{HOME} is no placeholder",
        "{{ and }}",
    ),
    (
        "definitions:\n  d:\n    matrix: account\n    shell: 'echo {labels.full-name}'",
        4,
        "definitions.d.shell",
        "a shell would carry it out",
        '"$OSTINATO_LABEL_FULL_NAME"',
    ),
    (
        "definitions:\n  d:\n    matrix: account\n    command: [/bin/bash, -ec, 'echo {labels.x}']",
        4,
        "definitions.d.command[2]",
        "a shell would carry it out",
        '"$OSTINATO_LABEL_X"',
    ),
    (f"{ONE}    working_directory: '{{labels.x}}'", 4, "definitions.d.working_directory", "needs an account", "matrix"),
    # when
    (f"{ONE}    frequency: dayly", 4, "definitions.d.frequency", "'dayly' is not a frequency", "'daily'"),
    (f"{ONE}    frequency: {{each: 15m}}", 4, "definitions.d.frequency", "'each' is not a frequency", "every"),
    (f"{ONE}    frequency: {{every: 15}}", 4, "definitions.d.frequency", "'every' takes a text", "15m"),
    (f"{ONE}    frequency: {{every: soon}}", 4, "definitions.d.frequency", "'soon' is not a duration", "15m"),
    (f"{ONE}    frequency: {{cron: '61 * * * *'}}", 4, "definitions.d.frequency", "61", ""),
    (f"{ONE}    frequency: 5", 4, "definitions.d.frequency", "expected a frequency, not the number 5", "daily"),
    (f"{ONE}    time_zone: Europe/Londn", 4, "definitions.d.time_zone", "not a time zone", "'Europe/London'"),
    (f"{ONE}    starts_on: 01.02.2024", 4, "definitions.d.starts_on", "'01.02.2024' is not a date", "2026-01-31"),
    (f"{ONE}    starts_on: 2024-02-30", 4, "definitions.d.starts_on", "there is no day 2024-02-30", ""),
    (f"{ONE}    starts_on: 2024", 4, "definitions.d.starts_on", "expected a date, not the number 2024", "2026-01-31"),
    (
        f"{ONE}    starts_on: 2024-02-02\n    ends_on: 2024-02-01",
        5,
        "definitions.d.ends_on",
        "ends_on 2024-02-01 is before starts_on 2024-02-02",
        "the last day",
    ),
    (
        f"{ONE}    start: after_sucess",
        4,
        "definitions.d.start",
        "'after_sucess' is no start",
        "did you mean after_success?",
    ),
    (f"{ONE}    start: {{after: {{}}}}", 4, "definitions.d.start.after", "unknown key", "after_completion"),
    (f"{ONE}    start: {{at_start: {{delay: 5}}}}", 4, "definitions.d.start.at_start.delay", "not the number 5", "15m"),
    (f"{ONE}    start: {{at_start: {{dely: 5m}}}}", 4, "definitions.d.start.at_start.dely", "unknown key", "delay"),
    (f"{ONE}    start: {{manual: {{delay: 5m}}}}", 4, "definitions.d.start.manual.delay", "unknown key", "nothing"),
    (f"{ONE}    start: {{manual: , at_start: }}", 4, "definitions.d.start", "expected one start policy", "manual"),
    (f"{ONE}    start: {{}}", 4, "definitions.d.start", "expected one start policy", "after_success"),
    (f"{ONE}    matrix: acount", 4, "definitions.d.matrix", "'acount' is not known here", "did you mean account?"),
    (f"{ONE}    matrix: [account]", 4, "definitions.d.matrix", "expected a word, not a list", "none, account"),
    # again
    (f"{ONE}    retry: nevr", 4, "definitions.d.retry", "'nevr' is no retry policy", "did you mean never?"),
    (f"{ONE}    retry: 5", 4, "definitions.d.retry", "expected a mapping, not the number 5", "exponential"),
    (f"{ONE}    retry: exponential", 4, "definitions.d.retry.exponential.attempts", "this key is missing", "attempts"),
    (
        f"{ONE}    retry: {{exponentail: {{}}}}",
        4,
        "definitions.d.retry.exponentail",
        "unknown key",
        "did you mean exponential?",
    ),
    (f"{ONE}    retry: {{fixed: {{attempts: 2}}}}", 4, "definitions.d.retry.fixed.wait", "this key is missing", "Time"),
    (f"{ONE}    retry: {{fixed: 3}}", 4, "definitions.d.retry.fixed", "a mapping, not the number 3", "attempts, wait"),
    (
        f"{ONE}    retry:\n      exponential:\n        attempts: 0",
        6,
        "definitions.d.retry.exponential.attempts",
        "greater than or equal to 1",
        "",
    ),
    (
        f"{ONE}    retry: {{exponential: {{attempts: 3, base: 1h, max: 1m}}}}",
        4,
        "definitions.d.retry.exponential",
        "max is shorter than base",
        "at least as long",
    ),
    (
        f"{ONE}    retry: {{fixed: {{attempts: 2, wait: 1m}}, series: [1m]}}",
        4,
        "definitions.d.retry",
        "fixed and series exclude each other",
        "keep one",
    ),
    (f"{ONE}    retry: {{series: []}}", 4, "definitions.d.retry.series", "expected one item at least", ""),
    (f"{ONE}    retry: {{series: [1m, 5]}}", 4, "definitions.d.retry.series[1]", "a duration, not the number 5", "15m"),
    (f"{ONE}    retry: {{on_exit_codes: [1]}}", 4, "definitions.d.retry", "but not how often", "add fixed"),
    (
        f"{ONE}    retry: {{series: [1m], on_exit_codes: [0]}}",
        4,
        "definitions.d.retry.on_exit_codes[0]",
        "greater than or equal to 1",
        "",
    ),
    # the rest
    (f"{ONE}    reads_from: {{a: b}}", 4, "definitions.d.reads_from", "expected a list, not a mapping", "[one"),
    (f"{ONE}    reads_from: [a, '']", 4, "definitions.d.reads_from[1]", "this must not be blank", ""),
    (f"{ONE}    writes_to: [5]", 4, "definitions.d.writes_to[0]", "expected a text, not the number 5", '"5"'),
    (f"{ONE}    queue: my queue", 4, "definitions.d.queue", "'my queue' cannot be a name", "begin with a letter"),
    (f"{ONE}    priority: high", 4, "definitions.d.priority", "expected a whole number, not a text", ""),
    (f"{ONE}    time_limit: 0s", 4, "definitions.d.time_limit", "expected more than no time at all", "15m"),
    (f"{ONE}    time_limit: -5m", 4, "definitions.d.time_limit", "a duration cannot be negative", "15m"),
    (f"{ONE}    start_before: 1 hour", 4, "definitions.d.start_before", "'1 hour' is not a duration", "15m"),
    (f"{ONE}    active: yes", 4, "definitions.d.active", "expected true or false, not a text", "without quotes"),
    (f"{ONE}    environment: [A]", 4, "definitions.d.environment", "expected a mapping, not a list", "key: value"),
    (f"{ONE}    environment:\n      A: true", 5, "definitions.d.environment.A", "a text, not true", '"true"'),
    (f"{ONE}    environment:\n      A=B: x", 5, "definitions.d.environment.A=B", "cannot be the name of", ""),
    (f"{ONE}    environment:\n      OSTINATO_X: x", 5, "definitions.d.environment.OSTINATO_X", "set by Ostinato", ""),
    (f"{ONE}    description: [a]", 4, "definitions.d.description", "expected a text, not a list", ""),
    # syntax
    (f"{ONE}\tqueue: x", 4, "", "a tab stands where only spaces are allowed", "indent with spaces"),
    (f"{ONE}   queue: x", 4, "", "this is not YAML", "indentation"),
    (f"{ONE}    frequency: {{cron: * * * * *}}", 4, "", "this is not an alias", "in quotes"),
    (f"{ONE}    queue: *other", 4, "definitions.d.queue", "there is no anchor &other", "in quotes"),
    (f"{ONE}    description: a: b", 4, "", "a ':' stands where none is expected", "in quotes"),
    ("definitions:\n  d:\n    command: [run\n    queue: x", 3, "", "the [ that opens here", "close with ]"),
]


@pytest.mark.parametrize(("text", "line", "key", "message", "hint"), BROKEN)
def test_a_mistake_is_named_with_its_place_and_what_is_right(
    project: Any, *, text: str, line: int, key: str, message: str, hint: str
) -> None:
    """One mistake, one problem: file, line, key, what is wrong, and what to do about it."""
    (project.folder / "d.yaml").write_text(text)

    (problem,) = project.problems_of(project.open_definitions("yaml", "d.yaml"))

    assert (problem.file, problem.line, problem.key) == ("d.yaml", line, key)
    assert message in problem.message
    assert hint in problem.hint


def test_all_mistakes_of_a_file_are_named_at_once(project: Any) -> None:
    """Wrong fields of one definition do not hide what is wrong with another as a whole."""
    project.write(
        "d.yaml",
        """\
        defaults: {frequency: daily}
        definitions:
          a:
            comand: [run]
            queue: 5
          b:
            description: without command
          c:
            command: [run, "{account}"]
            ends_on: 2020-01-01
            starts_on: 2021-01-01
        """,
    )

    problems = project.problems_of(project.open_definitions("yaml", "d.yaml"))

    assert [(problem.line, problem.key) for problem in problems] == [
        (4, "definitions.a.comand"),
        (5, "definitions.a.queue"),
        (6, "definitions.b"),
        (10, "definitions.c.ends_on"),
        (9, "definitions.c.command[1]"),
    ]


def test_a_mistake_in_the_defaults_is_named_once(project: Any) -> None:
    """What is wrong for all definitions is wrong in one place."""
    project.write("d.yaml", "defaults: {queue: 5}\ndefinitions:\n  a: {command: [x]}\n  b: {command: [x]}\n")

    problems = project.problems_of(project.open_definitions("yaml", "d.yaml"))

    assert [(problem.line, problem.key) for problem in problems] == [(1, "defaults.queue")]


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("definitions:\n  caf\xe9: {}\n".encode("latin-1"), 2, "the byte 0xE9 is not UTF-8"),
        (b"", None, "the file is empty"),
        (b"\xef\xbb\xbf", None, "the file is empty"),
    ],
)
def test_a_file_that_is_no_text_is_named(project: Any, content: bytes, line: int | None, message: str) -> None:
    """What cannot be read at all is a problem of the file."""
    (project.folder / "d.yaml").write_bytes(content)

    (problem,) = project.problems_of(project.open_definitions("yaml", "d.yaml"))

    assert (problem.file, problem.line, problem.message) == ("d.yaml", line, message)


def test_a_byte_order_mark_does_no_harm(project: Any) -> None:
    """Files from editors that put one are like any other."""
    (project.folder / "d.yaml").write_bytes(b"\xef\xbb\xbfdefinitions: {d: {command: [run]}}\r\n")

    assert [row.name for row in project.open_definitions("yaml", "d.yaml").load().rows] == ["d"]
