from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ostinato.config import AgentSettings, Config, EngineSettings, find_project, load_config
from ostinato.errors import ConfigurationError, DeclarationError, Problem

FULL = """\
database: postgresql://${DB_USER}:${DB_PASSWORD}@db.internal/ostinato
accounts:
  - file: accounts.yaml
  - sql: {url: "sqlite:///crm.db", query: "SELECT token FROM clients WHERE note <> '$${NOTE}'"}
definitions:
  - yaml: definitions/*.yaml
engine:
  interval: 2s
  create_ahead: 3d
  heartbeat_timeout: 2m
  full_pass_every: 1h
  removals: {share: 0.5, more_than: 10, confirmed: true}
  retention: 30d
  passes_kept: 2h
agent:
  concurrency: 12
  queues: [default, io]
  grace_period: 1m
  on_stop: end
  orphan_timeout: 30s
  poll: 500ms
  logs: var/logs
  log_size: 64KiB
  name: agent-1
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return where the project file is to be."""
    return tmp_path / "ostinato.yaml"


def problems_of(project: Path, text: str) -> list[Problem]:
    """Return what is wrong with a project file of this text."""
    project.write_text(text)
    with pytest.raises(DeclarationError) as caught:
        load_config(project)
    return list(caught.value.problems)


def test_everything_that_can_be_set_is_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key of the project file arrives, with variables of the environment in its texts."""
    monkeypatch.setenv("DB_USER", "me")
    monkeypatch.setenv("DB_PASSWORD", "s3cret")
    project.write_text(FULL)

    config = load_config(project)

    assert config.folder == project.parent
    assert config.database == "postgresql://me:s3cret@db.internal/ostinato"
    assert [(entry.kind, str(entry.place)) for entry in config.accounts] == [
        ("file", "ostinato.yaml:3"),
        ("sql", "ostinato.yaml:4"),
    ]
    assert config.accounts[1].options["query"] == "SELECT token FROM clients WHERE note <> '${NOTE}'"
    assert [(entry.kind, entry.options, entry.place.key) for entry in config.definitions] == [
        ("yaml", "definitions/*.yaml", "definitions[0].yaml")
    ]
    assert config.engine.model_dump() == {
        "interval": timedelta(seconds=2),
        "create_ahead": timedelta(days=3),
        "heartbeat_timeout": timedelta(minutes=2),
        "full_pass_every": timedelta(hours=1),
        "removals": {"share": 0.5, "more_than": 10, "confirmed": True},
        "retention": timedelta(days=30),
        "passes_kept": timedelta(hours=2),
    }
    assert config.agent.model_dump() == {
        "concurrency": 12,
        "queues": ("default", "io"),
        "grace_period": timedelta(minutes=1),
        "on_stop": "end",
        "orphan_timeout": timedelta(seconds=30),
        "poll": timedelta(milliseconds=500),
        "logs": "var/logs",
        "log_size": 65_536,
        "name": "agent-1",
    }
    assert config.logs_folder == project.parent / "var/logs"


def test_what_is_left_out_has_its_default(project: Path) -> None:
    """A project file may say next to nothing."""
    project.write_text("accounts: []\n")

    config = load_config(project)

    assert config == Config(project.parent, f"sqlite:///{project.parent}/ostinato.db")
    assert (config.engine.interval, config.engine.create_ahead) == (timedelta(seconds=5), timedelta(days=10))
    assert (config.agent.concurrency, config.agent.queues, config.agent.log_size) == (5, ("default",), 10_000_000)


@pytest.mark.parametrize(
    ("database", "located"),
    [
        ("sqlite:///ostinato.db", "sqlite:///{folder}/ostinato.db"),
        ("sqlite:///data/o.db?timeout=3", "sqlite:///{folder}/data/o.db?timeout=3"),
        ("sqlite:////srv/o.db", "sqlite:////srv/o.db"),
        ("postgresql://host/name", "postgresql://host/name"),
    ],
)
def test_a_relative_database_lies_in_the_project_folder(project: Path, database: str, located: str) -> None:
    """From wherever a command is called, it finds the same database."""
    project.write_text(f"database: {database}\n")

    assert load_config(project).database == located.format(folder=project.parent)


@pytest.mark.parametrize(
    ("text", "line", "key", "message", "hint"),
    [
        ("databse: x", 1, "databse", "unknown key", "did you mean database?"),
        ("database: mysql://me:s3cret@h/n", 1, "database", "SQLite or PostgreSQL", "postgresql://"),
        ("database: s3cret", 1, "database", "this is no database address", "sqlite:///ostinato.db"),
        ("database: 'sqlite://'", 1, "database", "needs a database file", "sqlite:///"),
        ("database: 'sqlite:///:memory:'", 1, "database", "needs a database file", "sqlite:///"),
        ("database: [a]", 1, "database", "expected a text, not a list", ""),
        ("accounts: accounts.yaml", 1, "accounts", "expected a list, not a text", ""),
        ("accounts:\n  - accounts.yaml", 2, "accounts[0]", "expected a kind of source", "- yaml:"),
        ("accounts:\n  - yaml: a\n    json: b", 2, "accounts[0]", "a source has one key", "dash"),
        ("engine:\n  interval: 5", 2, "engine.interval", "expected a duration, not the number 5", "30s"),
        ("engine:\n  interval: 0s", 2, "engine.interval", "more than no time", "30s"),
        ("engine:\n  interval: fast", 2, "engine.interval", "'fast' is not a duration", "30s"),
        ("engine:\n  intervall: 5s", 2, "engine.intervall", "unknown key", "did you mean interval?"),
        ("engine: fast", 1, "engine", "expected a mapping, not a text", "interval"),
        ("engine:\n  removals:\n    share: 2", 3, "engine.removals.share", "less than or equal to 1", ""),
        ("engine:\n  removals:\n    confirmed: yes", 3, "engine.removals.confirmed", "true or false", "without quotes"),
        ("agent:\n  concurrency: 0", 2, "agent.concurrency", "greater than or equal to 1", ""),
        ("agent:\n  concurrency: '5'", 2, "agent.concurrency", "a whole number, not a text", "without quotes"),
        ("agent:\n  concurrency: 1.5", 2, "agent.concurrency", "a whole number, not the number 1.5", ""),
        ("agent:\n  on_stop: leaf", 2, "agent.on_stop", "'leaf' is not known here", "did you mean leave?"),
        ("agent:\n  queues: []", 2, "agent.queues", "one item at least", ""),
        ("agent:\n  queues: [a b]", 2, "agent.queues[0]", "'a b' cannot be a name", "begin with a letter"),
        ("agent:\n  log_size: 10XB", 2, "agent.log_size", "this is not a size", "10MB"),
        ("agent:\n  log_size: 0", 2, "agent.log_size", "at least one byte", "10MB"),
        ("agent:\n  logs: ''", 2, "agent.logs", "this must not be blank", ""),
        ("agent:\n  logs: ${OSTINATO_TEST_UNSET}", 2, "agent.logs", "OSTINATO_TEST_UNSET is not set", "$${"),
        (
            "- a",
            1,
            "",
            "expected a mapping, not a list",
            "database, accounts, definitions, modules, pools, queues, claims, engine, agent",
        ),
        ("", None, "", "the file is empty", ""),
        ("engine: [a", 1, "", "the [ that opens here", ""),
    ],
)
def test_a_mistake_is_named_with_its_place(
    project: Path, *, text: str, line: int | None, key: str, message: str, hint: str
) -> None:
    """File, line, key, what is wrong and what would be right; never a secret."""
    (problem,) = problems_of(project, text)

    assert (problem.file, problem.line, problem.key) == ("ostinato.yaml", line, key)
    assert message in problem.message
    assert hint in problem.hint
    assert "s3cret" not in str(problem)


def test_all_mistakes_are_named_at_once(project: Path) -> None:
    """One look at the file finds what is wrong anywhere in it, in order, and an unset variable only once."""
    text = "database: ${OSTINATO_TEST_UNSET}\nengine:\n  interval: 5\nagent:\n  pol: 1s\n  name: ${OSTINATO_TEST_UNSET}"

    problems = problems_of(project, text)

    assert [problem.key for problem in problems] == ["database", "engine.interval", "agent.pol", "agent.name"]
    assert problems[0].message == problems[3].message == "the environment variable OSTINATO_TEST_UNSET is not set"


def test_secrets_are_not_shown(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an error nor a printed configuration holds what came from the environment."""
    monkeypatch.setenv("SECRET", "s3cret")

    problems = problems_of(project, "database: mysql://me:${SECRET}@h/n\nengine:\n  removals: ${SECRET}\n")
    project.write_text("database: postgresql://me:${SECRET}@h/n\naccounts:\n  - sql: {url: '${SECRET}', query: q}\n")

    assert "s3cret" not in "".join(map(str, problems))
    assert "s3cret" not in repr(load_config(project))


def test_the_project_is_found_from_any_folder_below(project: Path) -> None:
    """A command may be called anywhere in a project."""
    project.write_text("accounts: []")
    below = project.parent / "a" / "b"
    below.mkdir(parents=True)

    assert find_project(below) == project
    assert find_project(project.parent) == project
    assert find_project(project) == project


def test_a_folder_without_project_says_how_to_make_one(tmp_path: Path) -> None:
    """Outside of a project, the way into one is shown."""
    with pytest.raises(ConfigurationError, match=r"there is no ostinato\.yaml in") as caught:
        find_project(tmp_path)

    assert "ostinato init" in caught.value.hint
    with pytest.raises(ConfigurationError, match="there is no file or folder"):
        find_project(tmp_path / "none" / "ostinato.yaml")
    with pytest.raises(ConfigurationError, match="there is no project file"):
        load_config(tmp_path / "ostinato.yaml")


def test_settings_can_be_made_in_code() -> None:
    """Tests and programs make settings of durations, without a file."""
    assert EngineSettings(interval=timedelta(seconds=1)).interval == timedelta(seconds=1)
    assert AgentSettings(queues=("io",)).queues == ("io",)


def test_limits_and_how_runs_rise_are_read(project: Path) -> None:
    """A queue that is named without a limit has none."""
    project.write_text("pools: {warehouse: 8}\nqueues: {io: {concurrency: 4}, cpu: {}}\nclaims: {rises_every: 1m}\n")
    config = load_config(project)

    assert config.pools == {"warehouse": 8}
    assert {name: queue.concurrency for name, queue in config.queues.items()} == {"io": 4, "cpu": None}
    assert config.claims.rises_every == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("pools: {warehouse: 0}", "pools.warehouse"),
        ("pools: {warehouse: many}", "pools.warehouse"),
        ("pools: [warehouse]", "pools"),
        ("queues: {io: 4}", "queues.io"),
        ("queues: {io: {concurency: 4}}", "queues.io.concurency"),
        ("claims: {rises_every: 0s}", "claims.rises_every"),
    ],
)
def test_a_limit_that_is_none_is_named(project: Path, text: str, key: str) -> None:
    """With its place."""
    assert [problem.key for problem in problems_of(project, text)] == [key]
