from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ostinato.config import Config, SourceEntry
from ostinato.documents import Place
from ostinato.errors import DeclarationError
from ostinato.sources import Source, open_account_sources, open_definition_sources
from ostinato.sources.files import YamlFileSource
from ostinato.sources.registry import ACCOUNT_SOURCES, DEFINITION_SOURCES

PLUGIN = """\
from ostinato.model.definitions import DeclaredDefinition
from ostinato.sources import Loaded

class Fixed:
    kind = "fixed"

    def __init__(self, options, *, folder, place):
        if options == "broken":
            raise RuntimeError("no luck")
        if options == "wrong":
            raise place.at("key").error("this is wrong", hint="make it right")
        self.name = f"fixed:{options}"
        self.folder = folder

    def load(self):
        return Loaded((DeclaredDefinition("d", ("run",)),), {"d": "somewhere"})

    def fingerprint(self):
        return "always"
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package with a plug-in for definitions, as pip would."""
    site = tmp_path / "site"
    monkeypatch.syspath_prepend(str(site))

    def install_package(package: str, kind: str, group: str = "ostinato.definition_sources") -> None:
        info = site / f"{package}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{kind} = {package}_plugin:Fixed\n")
        (site / f"{package}_plugin.py").write_text(PLUGIN)

    yield install_package
    for module in [name for name in sys.modules if name.endswith("_plugin")]:
        del sys.modules[module]


def entry(kind: str, options: Any, line: int = 3) -> SourceEntry:
    """Make an entry as it could stand in a project file."""
    return SourceEntry(kind, options, Place("ostinato.yaml", line, f"definitions[0].{kind}"))


def config(tmp_path: Path, *entries: SourceEntry) -> Config:
    """Make a project with these sources of definitions."""
    return Config(tmp_path, "sqlite:///ostinato.db", definitions=entries)


def problem_of(tmp_path: Path, *entries: SourceEntry) -> Any:
    """Return the one thing that is wrong with these sources."""
    with pytest.raises(DeclarationError) as caught:
        open_definition_sources(config(tmp_path, *entries))
    (problem,) = caught.value.problems
    return problem


def test_our_own_sources_need_no_metadata(tmp_path: Path) -> None:
    """Every built-in kind can be opened from a bare checkout."""
    options: dict[str, Any] = {
        "python": "package.module:name",
        "sql": {"url": "sqlite:///crm.db", "query": "SELECT 1 AS token"},
        "batch": {"module": "nightly", "command": ["run", "{name}"]},
    }
    made = Config(
        tmp_path,
        "sqlite:///ostinato.db",
        accounts=tuple(entry(kind, options.get(kind, "file")) for kind in ACCOUNT_SOURCES.built_in),
        definitions=tuple(entry(kind, options.get(kind, "file")) for kind in DEFINITION_SOURCES.built_in),
    )

    sources: list[Source[Any]] = [*open_account_sources(made), *open_definition_sources(made)]

    assert [source.kind for source in sources] == [*ACCOUNT_SOURCES.built_in, *DEFINITION_SOURCES.built_in]
    assert all(source.name.startswith(f"{source.kind}:") for source in sources)


def test_a_package_may_add_a_kind(tmp_path: Path, install: Install) -> None:
    """An entry point is all that a plug-in needs."""
    install("other", "fixed")

    (source,) = open_definition_sources(config(tmp_path, entry("fixed", "x")))

    assert (source.kind, source.name, source.fingerprint()) == ("fixed", "fixed:x", "always")
    assert [row.name for row in source.load().rows] == ["d"]


def test_a_package_may_not_take_the_place_of_a_built_in_kind(tmp_path: Path, install: Install) -> None:
    """What is built in stays what it is, whatever is installed."""
    install("other", "yaml")

    (source,) = open_definition_sources(config(tmp_path, entry("yaml", "d.yaml")))

    assert type(source) is YamlFileSource


def test_two_packages_with_one_kind_are_named(tmp_path: Path, install: Install) -> None:
    """Nobody guesses which of two plug-ins is meant."""
    install("one", "fixed")
    install("two", "fixed")

    problem = problem_of(tmp_path, entry("fixed", "x"))

    assert problem.message == "one and two both bring a source 'fixed'"


def test_an_unknown_kind_is_named_with_the_known_ones(tmp_path: Path, install: Install) -> None:
    """Kinds of plug-ins are among those that are allowed."""
    install("other", "fixed")

    problem = problem_of(tmp_path, entry("yml", "d.yml"))

    assert (problem.file, problem.line) == ("ostinato.yaml", 3)
    assert problem.message == "'yml' is no kind of source"
    assert problem.hint == "did you mean yaml? allowed: file, yaml, json, python, batch, fixed"


def test_a_plug_in_for_accounts_is_none_for_definitions(tmp_path: Path, install: Install) -> None:
    """The two groups are kept apart."""
    install("other", "fixed", "ostinato.account_sources")

    assert problem_of(tmp_path, entry("fixed", "x")).message == "'fixed' is no kind of source"


@pytest.mark.parametrize(
    ("options", "key", "message"),
    [
        ("broken", "definitions[0].fixed", "the source fixed (other) failed: RuntimeError: no luck"),
        ("wrong", "definitions[0].fixed.key", "this is wrong"),
    ],
)
def test_a_plug_in_that_fails_is_a_problem_with_its_place(
    tmp_path: Path, install: Install, options: str, key: str, message: str
) -> None:
    """A plug-in's own refusals pass as they are; whatever else it raises names the package."""
    install("other", "fixed")

    problem = problem_of(tmp_path, entry("fixed", options))

    assert (problem.line, problem.key, problem.message) == (3, key, message)


def test_a_source_that_is_listed_twice_is_an_error(tmp_path: Path) -> None:
    """The name is what rows are owned by, so it must be one source's own."""
    problem = problem_of(tmp_path, entry("yaml", "d.yaml", 3), entry("yaml", "d.yaml", 4))

    assert problem.line == 4
    assert problem.message == "the source yaml:d.yaml is listed twice, first at ostinato.yaml:3"


def test_all_wrong_sources_are_named_at_once(tmp_path: Path) -> None:
    """One look at the project file finds every wrong source."""
    with pytest.raises(DeclarationError) as caught:
        open_definition_sources(config(tmp_path, entry("nope", 1, 3), entry("yaml", 5, 4), entry("python", "x", 5)))

    assert [problem.line for problem in caught.value.problems] == [3, 4, 5]
