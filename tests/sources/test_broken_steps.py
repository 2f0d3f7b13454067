"""Each mistake that people make in steps and actions, and what they are told."""

from __future__ import annotations

from typing import Any

import pytest

D = "definitions:\n  d:\n"
"""The head of a definition ``d``, on lines 1 and 2."""

S = f"{D}    steps:\n"
"""The head of its steps: the first stands on line 4."""

CIRCLE = f"{S}      x: {{needs: a, shell: x}}\n      a: {{needs: c, shell: x}}\n"
"""Steps x and a, on lines 4 and 5, of which a is part of a circle if there is one."""

A = f"{D}    action: shop.flows:report\n"
"""A definition whose work is an action: what a test appends stands on line 4."""

BROKEN = [
    # one kind of work
    (D + "    {}", 2, "definitions.d", "this definition does not say what to do", "or steps:"),
    (f"{A}    command: [run]", 3, "definitions.d.action", "command and action exclude each other", "keep one"),
    (f"{A}    steps: {{a: {{command: [run]}}}}", 4, "definitions.d.steps", "action and steps exclude", "keep one"),
    (
        f"{D}    command: [run]\n    inputs: {{a: 1}}",
        4,
        "definitions.d.inputs",
        "inputs are for an action",
        "add action",
    ),
    (f"{A}    environment: {{A: x}}", 4, "definitions.d.environment", "environment is for commands", "its inputs"),
    (f"{A}    working_directory: x", 4, "definitions.d.working_directory", "is for commands", "its inputs"),
    (f"{A}    rescue: skip", 4, "definitions.d.rescue", "an action says itself", "in Python"),
    (
        f"{D}    command: [run]\n    rescue: skpi",
        4,
        "definitions.d.rescue",
        "'skpi' is not known",
        "did you mean skip?",
    ),
    (
        f"{D}    command: [run]\n    retry_from: begin",
        4,
        "definitions.d.retry_from",
        "'begin' is not known here",
        "allowed: start, failed_step",
    ),
    # actions
    (f"{D}    action: shop.flows.report", 3, "definitions.d.action", "does not name an action", "shop.flows:report?"),
    (f"{D}    action: report", 3, "definitions.d.action", "'report' does not name an action", "package.module:name"),
    (f"{D}    action: shop:flows:x", 3, "definitions.d.action", "does not name an action", "package.module:name"),
    (f"{D}    action: shop.my-flows:x", 3, "definitions.d.action", "does not name an action", "package.module:name"),
    (f"{D}    action: 5", 3, "definitions.d.action", "expected a text, not the number 5", '"5"'),
    # inputs
    (f"{A}    inputs: [a]", 4, "definitions.d.inputs", "expected a mapping, not a list", "key: value"),
    (
        f"{A}    inputs:\n      a: [x, '{{acount}}']",
        5,
        "definitions.d.inputs.a[1]",
        "{acount} is no placeholder",
        "did you mean {account}?",
    ),
    (f"{A}    inputs:\n      a: {{b: '{{'}}", 5, "definitions.d.inputs.a.b", "a { stands alone", "{{"),
    (f"{A}    inputs:\n      a: '{{account}}'", 5, "definitions.d.inputs.a", "needs an account", "matrix: account"),
    (
        f"{A}    inputs:\n      a: '{{attempt}}'",
        5,
        "definitions.d.inputs.a",
        "that of the first attempt",
        "leave it out",
    ),
    (f'{A}    inputs: {{a: "x\\0"}}', 4, "definitions.d.inputs.a", "a null character", ""),
    (f"{A}    inputs: {{a: .nan}}", 4, "definitions.d.inputs.a", "the number .nan cannot be written as JSON", "text"),
    (f"{A}    inputs: {{a: '{{steps.b}}'}}", 4, "definitions.d.inputs.a", "known to the steps", "in a step"),
    # steps as such
    (f"{D}    steps: {{}}", 3, "definitions.d.steps", "expected one item at least", ""),
    (f"{D}    steps: []", 3, "definitions.d.steps", "expected one item at least", ""),
    (f"{D}    steps: run", 3, "definitions.d.steps", "expected a mapping, not a text", "key: value"),
    (f"{S}      a:", 4, "definitions.d.steps.a", "expected a mapping, not nothing", "command, shell, action"),
    (f"{S}      a: {{}}", 4, "definitions.d.steps.a", "this step does not say what to do", "add command:"),
    (f"{S}      a:\n        comand: [x]", 5, "definitions.d.steps.a.comand", "unknown key", "did you mean command?"),
    (f"{S}      a: {{command: [x], shell: y}}", 4, "definitions.d.steps.a.shell", "exclude each other", "keep one"),
    (
        f"{S}      a:\n        command: [x]\n        action: shop.flows:a",
        6,
        "definitions.d.steps.a.action",
        "command and action exclude each other",
        "keep one of them",
    ),
    (f"{S}      a: {{command: x y}}", 4, "definitions.d.steps.a.command", "a list of words", '["x", "y"]'),
    (f"{S}      a: {{command: [' ']}}", 4, "definitions.d.steps.a.command[0]", "the program has no name", "program"),
    (f"{S}      a: {{command: [x], inputs: {{b: 1}}}}", 4, "definitions.d.steps.a.inputs", "inputs are for", "action"),
    (f"{S}      a: {{command: [x], rescue: stop}}", 4, "definitions.d.steps.a.rescue", "'stop' is not known", "pause"),
    (f"{S}      a: {{command: [x], timeout: 0s}}", 4, "definitions.d.steps.a.timeout", "no time at all", "15m"),
    (f"{S}      a: {{command: [x], queue: a b}}", 4, "definitions.d.steps.a.queue", "cannot be a name", "begin with"),
    (
        f"{S}      a: {{command: [x], idempotent: 1}}",
        4,
        "definitions.d.steps.a.idempotent",
        "expected true or false",
        "",
    ),
    (f"{S}      a: {{command: [x], retry: 3}}", 4, "definitions.d.steps.a.retry", "not the number 3", "fixed"),
    (
        f"{S}      a: {{command: [x], retry: {{lost: 3}}}}",
        4,
        "definitions.d.steps.a.retry.lost",
        "unknown key",
        "allowed: fixed, exponential, series, on_exit_codes",
    ),
    (
        f"{S}      a: {{action: m:a, retry: {{series: [1m], on_exit_codes: [1]}}}}",
        4,
        "definitions.d.steps.a.retry.on_exit_codes",
        "an action has no exit code",
        "leave it out",
    ),
    (f"{S}      a: {{action: m:a, environment: {{A: x}}}}", 4, "definitions.d.steps.a.environment", "for commands", ""),
    # names
    (f"{S}      a b: {{command: [x]}}", 4, "definitions.d.steps.a b", "cannot be the name of a step", "begin with"),
    (f"{S}      a.b: {{command: [x]}}", 4, "definitions.d.steps.a.b", "cannot be the name of a step", "begin with"),
    (f"{S}      {'n' * 201}: {{shell: x}}", 4, f"definitions.d.steps.{'n' * 201}", "at most 200 characters", ""),
    (f"{S}      a: {{command: [x]}}\n      a: {{command: [x]}}", 5, "definitions.d.steps.a", "appears twice", ""),
    (
        f"{S}      a: {{name: b, command: [x]}}",
        4,
        "definitions.d.steps.a.name",
        "is called a already",
        "take name away",
    ),
    (f"{S}    - command: [x]", 4, "definitions.d.steps[0]", "this step has no name", "add name"),
    (
        f"{S}    - {{name: a, command: [x]}}\n    -\n      name: a\n      command: [x]",
        6,
        "definitions.d.steps[1].name",
        "steps[0] is called a already",
        "another name",
    ),
    (f"{S}    - {{name: a, command: [x, true]}}", 4, "definitions.d.steps[0].command[1]", "a text, not true", '"true"'),
    # who waits for whom
    (
        f"{S}      extract: {{command: [x]}}\n      load:\n        command: [x]\n        needs: [extrct]",
        7,
        "definitions.d.steps.load.needs[0]",
        "there is no step extrct",
        "did you mean extract? allowed: extract, load",
    ),
    (
        f"{S}    - {{name: a, command: [x]}}\n    - {{name: b, command: [x], after: [a, c]}}",
        5,
        "definitions.d.steps[1].after[1]",
        "there is no step c",
        "allowed: a, b",
    ),
    (
        f"{S}      a: {{command: [x], needs: {{b: c}}}}",
        4,
        "definitions.d.steps.a.needs",
        "a list, not a mapping",
        "[one",
    ),
    (f"{S}      a: {{command: [x], needs: a}}", 4, "definitions.d.steps.a", "this step waits for itself", "a needs a"),
    (
        f"{CIRCLE}      b: {{command: ['{{steps.a}}']}}\n      c: {{after: b, shell: x}}",
        5,
        "definitions.d.steps.a",
        "these steps wait for each other in a circle: a → c → b → a",
        "a needs c; c comes after b; b uses the output of a",
    ),
    # outputs
    (
        f"{S}      extract: {{command: [x]}}\n      load: {{command: [x, '{{steps.extrct.rows}}']}}",
        5,
        "definitions.d.steps.load.command[1]",
        "there is no step extrct",
        "did you mean extract?",
    ),
    (
        f"{S}      a: {{shell: x}}\n      b:\n        action: m:f\n        inputs:\n          rows: ['{{steps.c}}']",
        8,
        "definitions.d.steps.b.inputs.rows[0]",
        "there is no step c",
        "allowed: a, b",
    ),
    (
        f"{S}      a: {{command: [x]}}\n      b: {{action: m:f, inputs: {{n: 'n={{steps.a.n}}'}}}}",
        5,
        "definitions.d.steps.b.inputs.n",
        "stands among other text",
        "pass it as a value of its own",
    ),
    (
        f"{S}      a: {{command: [x]}}\n      b: {{action: m:f, inputs: {{n: {{$ref: 1, m: '{{steps.a}}'}}}}}}",
        5,
        "definitions.d.steps.b.inputs.n.m",
        "{steps.a} would not be replaced: a mapping with the key $ref is passed on as it is",
        "choose another key",
    ),
    (
        f"{S}      a: {{command: [x, '{{steps.}}']}}",
        4,
        "definitions.d.steps.a.command[1]",
        "names no output",
        "NAME.KEY",
    ),
    (
        f"{S}      a: {{command: [x]}}\n      b: {{shell: 'echo {{steps.a.day}}'}}",
        5,
        "definitions.d.steps.b.shell",
        "{steps.a.day} may hold anything, and a shell would carry it out",
        'environment: {DAY: "{steps.a.day}"}',
    ),
    (
        f"{S}      a: {{command: [x]}}\n      b: {{command: [bash, -c, 'echo {{steps.a}}']}}",
        5,
        "definitions.d.steps.b.command[2]",
        "{steps.a} may hold anything",
        'write "$A" in its place',
    ),
    (f"{D}    command: [x, '{{steps.a}}']", 3, "definitions.d.command[1]", "known to the steps of", "in a step"),
    (
        f"{D}    environment: {{X: '{{steps.a.b}}'}}\n    steps: {{a: {{command: [x]}}}}",
        3,
        "definitions.d.environment.X",
        "{steps.a.b} is known to the steps of a definition alone",
        "waits for a",
    ),
    (
        f"{S}      a: {{command: [x, '{{account}}']}}",
        4,
        "definitions.d.steps.a.command[1]",
        "needs an account",
        "matrix",
    ),
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


def test_all_mistakes_among_steps_are_named_at_once(project: Any) -> None:
    """What is wrong with one step does not hide what is wrong with another."""
    project.write(
        "d.yaml",
        """\
        definitions:
          d:
            steps:
              a: {}
              b: {command: [x], needs: [c, a, d]}
              e: {command: [x, "{steps.f}"], after: f}
        """,
    )

    problems = project.problems_of(project.open_definitions("yaml", "d.yaml"))

    assert [(problem.line, problem.key.removeprefix("definitions.d.steps.")) for problem in problems] == [
        (4, "a"),
        (5, "b.needs[0]"),
        (5, "b.needs[2]"),
        (6, "e.command[1]"),
        (6, "e.after[0]"),
    ]
