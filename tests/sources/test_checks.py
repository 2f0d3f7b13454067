from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ostinato
from ostinato.config import load_config
from ostinato.sources import check_declarations


def check(project: Any) -> list[str]:
    """Return what is wrong with the project, each thing as people see it."""
    return [str(problem) for problem in check_declarations(load_config(project.folder / "ostinato.yaml"))]


@pytest.fixture(autouse=True)
def project_file(project: Any) -> None:
    """Give the project a file that names one source of accounts and two of definitions."""
    project.write(
        "ostinato.yaml",
        """\
        accounts:
          - yaml: accounts.yaml
        definitions:
          - yaml: a.yaml
          - yaml: b.yaml
        """,
    )
    project.write("accounts.yaml", "accounts:\n  one: {labels: {tier: gold}}\n  two: {}\n")
    project.write("a.yaml", "definitions: {}\n")
    project.write("b.yaml", "definitions: {}\n")


def test_a_project_without_mistakes_has_no_problems(project: Any) -> None:
    """Nothing is reported of what is right."""
    project.write("a.yaml", 'definitions:\n  a: {command: [run, "{account}"], matrix: account, writes_to: x}\n')
    project.write("b.yaml", "definitions:\n  b: {command: [run], reads_from: [x, y], writes_to: y}\n")

    assert check(project) == []


def test_the_example_has_no_problems() -> None:
    """What ships as an example is an example."""
    folder = Path(ostinato.__file__).parent / "examples" / "flights"

    assert check_declarations(load_config(folder / "ostinato.yaml")) == []


def test_everything_that_is_wrong_is_reported_at_once(project: Any) -> None:
    """Sources that cannot be opened or loaded do not hide what is wrong with others."""
    project.write(
        "ostinato.yaml",
        """\
        accounts:
          - yaml: accounts.yaml
          - sql: {url: "sqlite:///none.db", query: "SELECT 1 AS token"}
        definitions:
          - yml: a.yaml
          - yaml: b.yaml
          - yaml: c/*.yaml
        """,
    )
    project.write("accounts.yaml", "accounts:\n  one: {tier: gold}\n")
    project.write("b.yaml", "definitions:\n  b: {}\n")

    problems = check(project)

    assert [problem.partition(": ")[0] for problem in problems] == [
        "accounts.yaml:2",
        "b.yaml:2",
        "ostinato.yaml:3",
        "ostinato.yaml:5",
        "ostinato.yaml:7",
    ]
    assert "there is no file" in problems[2]
    assert "check url and query" in problems[2]


def test_a_name_in_two_sources_is_reported_with_both_places(project: Any) -> None:
    """A row belongs to one source."""
    project.write("a.yaml", "definitions:\n  d: {command: [run]}\n")
    project.write("b.yaml", "definitions:\n\n  d: {command: [run]}\n")

    (problem,) = check(project)

    assert problem.startswith("b.yaml:3: d: d is declared twice, first at a.yaml:2\n")


def test_a_circle_is_named_in_full_with_its_places(project: Any) -> None:
    """Who reads what from whom, all the way around, across files."""
    project.write(
        "a.yaml",
        """\
        definitions:
          a: {command: [run], reads_from: [z, own], writes_to: [x, own]}
          b: {command: [run], reads_from: x, writes_to: y}
        """,
    )
    project.write("b.yaml", "definitions:\n  c: {command: [run], reads_from: [y, other], writes_to: [z]}\n")

    (problem,) = check(project)

    assert problem == (
        "a.yaml:2: a: these definitions wait for each other in a circle: a → c → b → a\n"
        "  a (a.yaml:2) reads z, which c writes; c (b.yaml:2) reads y, which b writes;"
        " b (a.yaml:3) reads x, which a writes"
    )


def test_a_label_that_an_account_lacks_is_reported(project: Any) -> None:
    """A command with a hole in it would fail; a definition is told before its runs are."""
    project.write(
        "a.yaml",
        """\
        definitions:
          d:
            matrix: account
            command: [run, "{labels.tier}"]
            environment: {PLACE: "{labels.base}"}
        """,
    )

    problems = check(project)

    assert [problem.partition("\n")[0] for problem in problems] == [
        "a.yaml:2: d: {labels.tier} has no value for the account two",
        "a.yaml:2: d: {labels.base} has no value for the account one and 1 more",
    ]
    project.write("accounts.yaml", "accounts:\n  one: {labels: {tier: gold, base: x}}\n  two: {active: false}\n")
    assert check(project) == []


def test_a_label_that_only_a_step_uses_is_reported_too(project: Any) -> None:
    """Steps have holes like commands, in arguments and in inputs."""
    project.write(
        "a.yaml",
        """\
        definitions:
          d:
            matrix: account
            steps:
              a: {command: [run, "{labels.tier}"]}
              b: {action: "m:f", inputs: {x: ["{labels.tier}"]}}
        """,
    )

    (problem,) = check(project)

    assert problem.startswith("a.yaml:2: d: {labels.tier} has no value for the account two\n")


def test_no_accounts_are_no_mistake(project: Any) -> None:
    """Accounts may yet come; a definition that waits for them is right."""
    project.write("accounts.yaml", "accounts: {}\n")
    project.write("a.yaml", 'definitions:\n  a: {command: [run, "{account}"], matrix: account}\n')

    assert check(project) == []


def test_a_pool_that_is_not_there_or_too_small_is_reported(project: Any) -> None:
    """Each with the place of the definition that uses it, and with what to do."""
    project.write("ostinato.yaml", "pools: {warehouse: 8}\ndefinitions:\n  - yaml: a.yaml\n  - yaml: b.yaml\n")
    project.write(
        "a.yaml",
        """\
        definitions:
          right: {command: [run], uses: {warehouse: 8}}
          wrong: {command: [run], uses: {warehose: 1, warehouse: 9}}
        """,
    )

    assert check(project) == [
        """\
a.yaml:3: wrong.uses.warehose: there is no pool warehose
  declare it in ostinato.yaml: pools: {warehose: 8}; did you mean warehouse? allowed: warehouse""",
        """\
a.yaml:3: wrong.uses.warehouse: it uses 9 places of the pool warehouse, which has 8
  use fewer, or give the pool more""",
    ]


def test_a_queue_that_is_not_named_is_no_mistake(project: Any) -> None:
    """It has no limit."""
    project.write("ostinato.yaml", "queues: {io: {concurrency: 4}}\ndefinitions:\n  - yaml: a.yaml\n")
    project.write("a.yaml", "definitions:\n  a: {command: [run], queue: other}\n")

    assert check(project) == []
