from __future__ import annotations

import sys
from typing import Any

import pytest

from ostinato.errors import DeclarationError
from ostinato.model.definitions import DeclaredDefinition, Matrix

OPTIONS = {"module": "nightly", "command": ["./run.sh", "{name}", "--on={start_date}"]}


def load_one(project: Any, entry: str, *, before: str = "", **options: Any) -> DeclaredDefinition:
    """Load the batch that has this one entry."""
    project.write("nightly.py", f"from datetime import timedelta\n{before}\nCOMMANDS = [{entry}]\n")
    (row,) = project.open_definitions("batch", {**OPTIONS, **options}).load().rows
    definition: DeclaredDefinition = row
    return definition


def test_a_command_line_may_be_any(project: Any) -> None:
    """Without Django, a template says how a command is run; what is doubled in it stays braces."""
    options: dict[str, Any] = {
        "command": ["./{name}.sh", "{{name}}", "{account}"],
        "arguments": ["{run}"],
        "defaults": {"matrix": "account"},
    }

    row = load_one(project, "{'name': 'agg', 'args': ['x', 5], 'kwargs': {'only_new': True, 'ids': [1, 2]}}", **options)

    assert row == DeclaredDefinition(
        "agg",
        ("./agg.sh", "{{name}}", "{account}", "{run}", "x", "5", "--only-new", "--ids=1", "--ids=2"),
        matrix=Matrix.ACCOUNT,
    )


@pytest.mark.parametrize(
    ("before", "entry", "name", "command"),
    [
        ("", "'agg'", "agg", "agg"),
        ("", "('agg',)", "agg", "agg"),
        ("", "['agg', 'daily']", "agg", "agg"),
        ("", "{'command': 'agg'}", "agg", "agg"),
        ("", "{'name': 'agg_all', 'command': 'agg'}", "agg_all", "agg"),
        ("class UpdateAggPct: pass", "UpdateAggPct", "update_agg_pct", "update_agg_pct"),
        ("class SQLToCSV: pass", "SQLToCSV", "sql_to_csv", "sql_to_csv"),
        ("class Agg: name = 'agg'", "Agg", "agg", "agg"),
        ("class Agg:\n  def __init__(self): self.name = 'agg'", "Agg()", "agg", "agg"),
        ("class Agg:\n  @property\n  def name(self): return 'agg'", "Agg()", "agg", "agg"),
        ("from collections import namedtuple\nT = namedtuple('T', 'name queue')", "T('agg', 'q')", "agg", "agg"),
        ("from types import SimpleNamespace as N", "N(name='agg', owner='me')", "agg", "agg"),
        ("from enum import Enum\nclass E(Enum):\n  A = 'agg'", "{'name': E.A}", "agg", "agg"),
    ],
)
def test_an_entry_may_have_many_shapes(project: Any, before: str, entry: str, name: str, command: str) -> None:
    """Mapping, tuple, name, object or class: what it is called can be told."""
    row = load_one(project, entry, before=before)

    assert (row.name, row.command) == (name, ("./run.sh", command, "--on={start_date}"))


def test_a_mapping_of_entries_names_them(project: Any) -> None:
    """The list may be a mapping from names."""
    project.write("nightly.py", "def commands():\n    return {'a': {'priority': 1}, 'b': ()}\n")

    rows = project.open_definitions("batch", {**OPTIONS, "name": "commands"}).load().rows

    assert [(row.name, row.command[1], row.priority) for row in rows] == [("a", "a", 1), ("b", "b", 0)]


@pytest.mark.parametrize(
    ("declared", "frequency"),
    [
        ("'Daily'", "daily"),
        ("' WEEKLY '", "weekly"),
        ("timedelta(hours=1)", "hourly"),
        ("timedelta(days=1)", "daily"),
        ("timedelta(weeks=1)", "weekly"),
        ("timedelta(minutes=15)", "every 15m"),
        ("'0 3 * * mon'", "cron 0 3 * * MON"),
        ("{'every': '2h'}", "every 2h"),
        ("None", "daily"),
    ],
)
def test_a_frequency_may_be_what_python_code_has(project: Any, declared: str, frequency: str) -> None:
    """Words in any case, durations and the five fields of cron."""
    assert load_one(project, f"{{'name': 'agg', 'frequency': {declared}}}").frequency == frequency


@pytest.mark.parametrize(
    ("declared", "tables"),
    [
        ("'a'", ("a",)),
        ("['a', 'b', 'a']", ("a", "b")),
        ("('b', 'a')", ("b", "a")),
        ("{'b', 'a'}", ("a", "b")),
        ("Model", ("Model",)),
        ("[Model, Django, Alchemy, Django()]", ("Model", "app_table", "alchemy")),
        ("[]", ()),
        ("None", ()),
    ],
)
@pytest.mark.parametrize("word", ["reads_from", "read_from", "reads"])
def test_tables_may_be_names_or_models(project: Any, word: str, declared: str, tables: tuple[str, ...]) -> None:
    """What a model stands for is found in the ways of Django and SQLAlchemy, or is its name."""
    before = """\
class Model: pass
class Meta: db_table = "app_table"
class Django: _meta = Meta()
class Alchemy: __tablename__ = "alchemy"
"""

    assert load_one(project, f"{{'name': 'agg', '{word}': {declared}}}", before=before).reads_from == tables


def test_a_module_may_be_named_by_its_path(project: Any) -> None:
    """A path is imported as part of the package that it lies in, if it does."""
    project.write("jobs/batch/__init__.py", "")
    project.write("jobs/batch/names.py", "NAMES = ['a', 'b']")
    project.write("jobs/batch/nightly.py", "from .names import NAMES as COMMANDS")
    project.write("jobs/alone.py", "import sys\nCOMMANDS = ['c']")

    in_package = project.open_definitions("batch", {**OPTIONS, "module": "jobs/batch/nightly.py"}).load()
    alone = project.open_definitions("batch", {**OPTIONS, "module": "jobs/alone.py"}).load()

    assert [row.name for row in in_package.rows] == ["a", "b"]
    assert in_package.places["a"] == "jobs/batch/nightly.py:1"
    assert [row.name for row in alone.rows] == ["c"]


def test_management_commands_start_in_the_folder_of_manage_py(project: Any) -> None:
    """A project that is its own Django project needs no other folder."""
    project.write("manage.py", "")
    project.write("web/manage.py", "")

    here = load_one(project, "'agg'", command=None, manage="manage.py", python=sys.executable)
    below = load_one(project, "'agg'", command=None, manage="web/manage.py")

    assert (here.command, here.working_directory) == ((sys.executable, "manage.py", "agg"), None)
    assert (below.command, below.working_directory) == (("python", "manage.py", "agg"), "web")


def test_items_of_tuples_may_have_another_order(project: Any) -> None:
    """The project file says what they are."""
    row = load_one(project, "('q', 'agg', ['a'])", fields=["queue", "name", "writes_to"])

    assert (row.name, row.queue, row.writes_to) == ("agg", "q", ("a",))


def test_another_python_may_read_the_module(project: Any) -> None:
    """A path starts in the project folder; the commands of a template are run as they are."""
    (project.folder / "bin").mkdir()
    (project.folder / "bin" / "python").symlink_to(sys.executable)

    assert load_one(project, "'agg'", python="bin/python").name == "agg"


@pytest.mark.parametrize(
    ("entry", "key", "message"),
    [
        ("5", "[0]", "this entry is the number 5"),
        ("None", "[0]", "this entry is nothing"),
        ("{}", "[0]", "this entry has no name"),
        ("{'frequency': 'daily'}", "[0]", "this entry has no name"),
        ("N(owner='me')", "[0]", "this entry has no name"),
        ("('agg', 'daily', [], [], 5)", "agg", "this entry has 5 items, not 4"),
        ("{'name': 'a b'}", "a b", "'a b' cannot be a name"),
        ("{'name': 'agg', 'frequncy': 'daily'}", "agg.frequncy", "unknown key"),
        ("{'name': 'agg', 'shell': 'x'}", "agg.shell", "unknown key"),
        ("N(name='agg', reads_form=['a'])", "agg.reads_form", "unknown key"),
        ("{'name': 'agg', 'reads_from': ['a'], 'read_from': ['b']}", "agg.read_from", "reads_from is said twice"),
        ("{'name': 'agg', 'frequency': 'dayly'}", "agg.frequency", "'dayly' is not a frequency"),
        ("{'name': 'agg', 'reads_from': [5]}", "agg.reads_from", "the number 5 stands for no table"),
        ("{'name': 'agg', 'writes_to': [object()]}", "agg.writes_to", "a object stands for no table"),
        ("{'name': 'agg', 'args': [object()]}", "agg.args", "a object cannot be an argument"),
        ("{'name': 'agg', 'args': ['{acount}']}", "agg.command[3]", "{acount} is no placeholder"),
        ("{'name': 'agg', 'args': ['{account}']}", "agg.command[3]", "{account} needs an account"),
        ("{'name': 'agg', 'kwargs': ['x']}", "agg.kwargs", "expected a mapping, not a list"),
        ("{'name': 'agg', 'kwargs': {'x': object()}}", "agg.kwargs.x", "a object cannot be the value of an option"),
        ("{'name': 'agg', 'time_limit': 5}", "agg.time_limit", "expected a duration, not the number 5"),
        ("'agg', 'agg'", "agg", "agg is declared twice, first at nightly.py:2"),
    ],
)
def test_a_wrong_entry_is_named_with_its_place_in_the_module(project: Any, entry: str, key: str, message: str) -> None:
    """What an entry cannot mean is refused, not guessed."""
    project.write("nightly.py", f"from types import SimpleNamespace as N\nCOMMANDS = [{entry}]\n")

    (problem,) = project.problems_of(project.open_definitions("batch", OPTIONS))

    assert (problem.file, problem.line, problem.key) == ("nightly.py", 2, key)
    assert message in problem.message


@pytest.mark.parametrize(
    ("options", "key", "message"),
    [
        ("nightly", "", "expected a mapping, not a text"),
        ({"command": ["x"]}, ".module", "this key is missing"),
        ({"module": "nightly"}, "", "expected manage or command"),
        ({"module": "nightly", "command": ["x"], "manage": "manage.py"}, "", "expected manage or command"),
        ({"module": "nightly", "command": "run {name}"}, ".command", "a command is a list of words"),
        ({"module": "nightly", "command": ["{nme}"]}, ".command[0]", "{nme} is no placeholder"),
        ({"module": "nightly", "command": ["x"], "arguments": ["{x"]}, ".arguments[0]", "a { stands alone"),
        ({"module": "nightly", "command": ["x"], "defaults": {"shell": "x"}}, "", "one command line for all"),
        ({"module": "nightly", "command": ["x"], "defaults": {"action": "m:f"}}, "", "one command line for all"),
        ({"module": "nightly", "command": ["x"], "defaults": {"queu": "x"}}, ".defaults.queu", "unknown key"),
        ({"modul": "nightly", "module": "x", "command": ["x"]}, ".modul", "unknown key"),
    ],
)
def test_wrong_options_are_refused_when_the_source_is_opened(
    project: Any, options: Any, key: str, message: str
) -> None:
    """The project file is checked before any module is read."""
    with pytest.raises(DeclarationError) as caught:
        project.open_definitions("batch", options)

    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key) == ("ostinato.yaml", 3, f"definitions[0].batch{key}")
    assert message in problem.message


@pytest.mark.parametrize(
    ("options", "key", "message"),
    [
        ({"module": "none.py"}, ".module", "there is no module"),
        ({"module": "json.py"}, ".module", "/json.py, Python imports"),
        ({"settings": "shop.settings"}, ".module", "has no Django"),
        ({"module": "none"}, ".module", "there is no module none"),
        ({"name": "JOBS"}, ".module", "the module nightly has no JOBS"),
        ({"python": "bin/nopython"}, ".module", "cannot be started: No such file"),
        ({"command": None, "manage": "web/manage.py"}, ".manage", "web/manage.py: No such file"),
        ({"command": None, "manage": "web/manage.py", "settings": "x"}, ".manage", "web/manage.py: No such file"),
    ],
)
def test_what_cannot_be_read_is_a_problem_of_the_project_file(
    project: Any, options: dict[str, Any], key: str, message: str
) -> None:
    """A module, a Python or a project that is not there is a matter of the line that names it."""
    project.write("nightly.py", "COMMANDS = []")
    project.write("json.py", "COMMANDS = []")
    project.write("django.py", "raise ModuleNotFoundError('as if there were none', name='django')")

    (problem,) = project.problems_of(project.open_definitions("batch", {**OPTIONS, **options}))

    assert (problem.file, problem.key) == ("ostinato.yaml", f"definitions[0].batch{key}")
    assert message in problem.message
