"""The project file ``ostinato.yaml``: where things are declared and kept, and how the processes behave.

Owns finding and reading it. Sources are kept as they are written, each with its place: what kinds of source
there are, and which options they take, is not known here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from ostinato.documents import Document, Place, read_yaml
from ostinato.documents.fields import (
    Duration,
    Filled,
    Name,
    Names,
    Places,
    PositiveDuration,
    Size,
    as_tuple,
    read_choice,
)
from ostinato.documents.forms import Form, Refusal, describe, in_order, read_form
from ostinato.errors import ConfigurationError, DeclarationError, Problem

PROJECT_FILE = "ostinato.yaml"

_VARIABLE = re.compile(r"\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)\}")
_DATABASES = ["sqlite:///ostinato.db", "postgresql://${DB_USER}:${DB_PASSWORD}@db.internal/ostinato"]
_DATABASE_HINT = "write sqlite:///ostinato.db or postgresql://user:password@host/name"


class RemovalLimits(Form):
    """When a load of a source that would remove rows is held back until somebody confirms it."""

    share: Annotated[float, Field(ge=0, le=1)] = 0.2
    """A load is held back that would remove more than this share of the source's rows, and"""
    more_than: Annotated[int, Field(ge=0)] = 3
    """more rows than this."""
    confirmed: bool = False
    """Lets such loads through. Set it, let the engine make a pass, and take it away again."""


class EngineSettings(Form):
    """How the engine behaves."""

    interval: PositiveDuration = timedelta(seconds=5)
    """Time from one pass to the next."""
    create_ahead: Duration = timedelta(days=10)
    """How far ahead of the present slots exist."""
    heartbeat_timeout: PositiveDuration = timedelta(seconds=60)
    """An agent that is silent for longer is lost, and so is what it was running."""
    full_pass_every: PositiveDuration = timedelta(minutes=10)
    """How often a pass looks at everything, and not only at what has changed."""
    removals: RemovalLimits = RemovalLimits()
    """Guards against a source that has lost its rows by accident."""
    retention: PositiveDuration = timedelta(days=400)
    """How long runs are kept after they ended."""
    passes_kept: PositiveDuration = timedelta(days=1)
    """How long the records of passes are kept."""


class OnStop(StrEnum):
    """What becomes of commands that outlast the grace period of an agent that is told to stop."""

    LEAVE = "leave"
    END = "end"


OnStopChoice = Annotated[OnStop, PlainValidator(read_choice(OnStop)), WithJsonSchema({"enum": list(OnStop)})]


class AgentSettings(Form):
    """How an agent behaves."""

    concurrency: Annotated[int, Field(ge=1, le=10_000)] = 5
    """How much an agent carries out at the same time: commands, or other steps."""
    queues: Names = ("default",)
    """The queues that the agent takes work from, the most urgent first."""
    grace_period: Duration = timedelta(seconds=30)
    """How long an agent that is told to stop waits for what it is running."""
    on_stop: OnStopChoice = OnStop.LEAVE
    """What becomes of commands that go on for longer: leave has them go on without it, for the next agent of its name
    to adopt; end ends them."""
    orphan_timeout: PositiveDuration | None = None
    """Commands without an agent are ended when none of its name has come back for that long. Left out, that is shortly
    before the engine takes their runs for lost (engine.heartbeat_timeout): none runs beside its next attempt."""
    poll: PositiveDuration = timedelta(seconds=1)
    """How often an agent that has room for more asks for runs."""
    logs: Filled = "logs"
    """The folder for the output of runs; a relative path starts in the project folder."""
    log_size: Size = 10_000_000
    """How much output of one run is kept."""
    name: Name | None = None
    """What the agent is called. Left out, it is named for its host and process."""


class ConsoleSettings(Form):
    """Where the console is served: the pages, and the API beneath them."""

    host: Filled = "127.0.0.1"
    """The address that it listens on. On one that others can reach it is not served unless somebody can log in."""
    port: Annotated[int, Field(ge=0, le=65_535)] | None = None
    """The port that it listens on; 0 is any that is free. Left out, it is 8642 or, where another program has that, the
    next one that is free."""


class QueueSettings(Form):
    """What holds for one queue."""

    concurrency: Places | None = None
    """How many runs of the queue may be carried out at the same time, on all agents."""


class ClaimSettings(Form):
    """How agents choose among the runs that wait."""

    rises_every: PositiveDuration = timedelta(minutes=10)
    """A run rises by one step of priority each time that it has waited for so long, while none like it was taken: of
    its definition and account, with its priority."""


def _check_database(url: str) -> str:
    """Check the form of a database's address. It is not repeated in messages: it may hold a password."""
    kind, separator, rest = url.partition("://")
    if not separator:
        raise Refusal("this is no database address", hint=_DATABASE_HINT)
    if kind == "sqlite":
        path = rest.partition("?")[0].removeprefix("/")
        if not rest.startswith("/") or path in ("", ":memory:"):
            raise Refusal("Ostinato needs a database file", hint="write sqlite:/// and the path of the file")
    elif kind not in ("postgresql", "postgresql+psycopg"):
        raise Refusal("Ostinato keeps its rows in SQLite or PostgreSQL", hint=_DATABASE_HINT)
    return url


def _check_source(value: object) -> object:
    if not isinstance(value, Mapping):
        raise Refusal(f"expected a kind of source, not {describe(value)}", hint="write - yaml: definitions/*.yaml")
    if len(value) != 1:
        hint = "begin each source with a dash: - yaml: definitions/*.yaml"
        raise Refusal(f"a source has one key, its kind, and not {len(value)}", hint=hint)
    return value


SourceForm = Annotated[dict[str, Any], BeforeValidator(_check_source)]
Sources = Annotated[tuple[SourceForm, ...], BeforeValidator(as_tuple)]


class ProjectForm(Form):
    """The project file. ``${NAME}`` in any text of it stands for the environment variable NAME."""

    database: Annotated[str, AfterValidator(_check_database), Field(examples=_DATABASES)] = _DATABASES[0]
    """Where Ostinato keeps its own rows; a relative path starts in the project folder."""
    accounts: Sources = ()
    """Where accounts are declared: each entry is one source, a kind with its options."""
    definitions: Sources = ()
    """Where definitions are declared: each entry is one source, a kind with its options."""
    modules: Names = ()
    """Python modules that are imported before actions are planned or carried out: those that define middleware, or
    actions that subscribe to others. Other modules are imported when their actions are used."""
    pools: dict[Name, Places] = Field(default_factory=dict)
    """How many places there are of what definitions use, by name. No more are ever used at the same time."""
    queues: dict[Name, QueueSettings] = Field(default_factory=dict)
    """Limits of queues, by name. A queue that is not named here has none."""
    claims: ClaimSettings = ClaimSettings()
    """How agents choose among the runs that wait."""
    engine: EngineSettings = EngineSettings()
    """How the engine behaves."""
    agent: AgentSettings = AgentSettings()
    """How an agent behaves."""
    console: ConsoleSettings = ConsoleSettings()
    """Where the console is served."""


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A source as the project file names it: its kind, its options as they are written, and their place."""

    kind: str
    options: Any = field(repr=False)
    place: Place


@dataclass(frozen=True, slots=True)
class Config:
    """A project: its folder and what its file says."""

    folder: Path
    database: str = field(repr=False)
    accounts: tuple[SourceEntry, ...] = ()
    definitions: tuple[SourceEntry, ...] = ()
    engine: EngineSettings = field(default_factory=EngineSettings)
    agent: AgentSettings = field(default_factory=AgentSettings)
    console: ConsoleSettings = field(default_factory=ConsoleSettings)
    modules: tuple[str, ...] = ()
    pools: Mapping[str, int] = field(default_factory=dict)
    queues: Mapping[str, QueueSettings] = field(default_factory=dict)
    claims: ClaimSettings = field(default_factory=ClaimSettings)

    @property
    def logs_folder(self) -> Path:
        """Return the folder for the output of runs."""
        return self.folder / self.agent.logs


def find_project(start: Path) -> Path:
    """Return the project file of ``start`` or of the nearest folder above it; a file is taken as it is."""
    start = start.absolute()
    if start.is_file():
        return start
    if not start.is_dir():
        raise ConfigurationError(
            f"there is no file or folder {start}", hint="name a project folder, or its project file"
        )
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder / PROJECT_FILE
    hint = "run this in a project folder, or make one: ostinato init DIR"
    raise ConfigurationError(f"there is no {PROJECT_FILE} in {start} or in any folder above it", hint=hint)


def load_config(path: Path) -> Config:
    """Read the project file at ``path``; a ``DeclarationError`` holds all that is wrong with it."""
    if not path.is_file():
        raise ConfigurationError(f"there is no project file {path}", hint="make a project: ostinato init DIR")
    document = read_yaml(path, path.name)
    problems: list[Problem] = []
    document = Document(_fill_in(document.value, document.place, problems), document.place)
    try:
        form = read_form(ProjectForm, document)
    except DeclarationError as error:
        unset = {problem.key for problem in problems}
        problems += [problem for problem in error.problems if problem.key not in unset]
        raise DeclarationError(in_order(problems)) from None
    if problems:
        raise DeclarationError(problems)
    folder = path.absolute().parent
    return Config(
        folder=folder,
        database=_locate(form.database, folder),
        accounts=_list_entries(form.accounts, document.place.at("accounts")),
        definitions=_list_entries(form.definitions, document.place.at("definitions")),
        modules=form.modules,
        pools=form.pools,
        queues=form.queues,
        claims=form.claims,
        engine=form.engine,
        agent=form.agent,
        console=form.console,
    )


def _list_entries(sources: tuple[dict[str, Any], ...], place: Place) -> tuple[SourceEntry, ...]:
    return tuple(
        SourceEntry(kind, options, place.at(index, kind))
        for index, source in enumerate(sources)
        for kind, options in source.items()
    )


def _locate(database: str, folder: Path) -> str:
    """Make the path of an SQLite file absolute."""
    prefix = "sqlite:///"
    if not database.startswith(prefix):
        return database
    return f"{prefix}{folder / Path(database.removeprefix(prefix)).expanduser()}"


def _fill_in(value: Any, place: Place, problems: list[Problem]) -> Any:
    """Replace ``${NAME}`` in the texts of ``value`` by the variable NAME, and ``$${NAME}`` by ``${NAME}``."""
    if isinstance(value, dict):
        return {key: _fill_in(item, place.at(key), problems) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill_in(item, place.at(index), problems) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def fill_in(found: re.Match[str]) -> str:
        escaped, name = found.groups()
        if escaped:
            return f"${{{name}}}"
        if name not in os.environ:
            hint = f"set it, or write $${{{name}}} if you mean the text itself"
            problems.append(place.problem(f"the environment variable {name} is not set", hint=hint))
        return os.environ.get(name, "")

    return _VARIABLE.sub(fill_in, value)
