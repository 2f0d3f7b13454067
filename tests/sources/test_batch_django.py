"""A batch of a real Django project: what its list says, and that the command lines do the work in that order."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ostinato.model.definitions import DeclaredDefinition
from ostinato.policies.dependencies import derive_dependencies
from ostinato.policies.placeholders import expand
from ostinato.sources.batch import UpdateAggPctBatchSource

VALUES = {"start_date": "2024-01-31"}


@pytest.fixture
def batch(project: Any) -> UpdateAggPctBatchSource:
    """Lend the batch of a Django project that lies in the project folder, with an empty database."""
    shutil.copytree(Path(__file__).parent / "django_project", project.folder / "web")
    manage = [sys.executable, "manage.py", "migrate", "--run-syncdb", "--verbosity=0"]
    subprocess.run(manage, cwd=project.folder / "web", check=True)
    source = project.open_definitions(
        "batch",
        {
            "module": "sales.nightly",
            "manage": "web/manage.py",
            "python": sys.executable,
            "arguments": ["--date", "{start_date}"],
            "defaults": {"time_limit": "1h", "queue": "night"},
        },
    )
    assert isinstance(source, UpdateAggPctBatchSource)
    return source


def in_order(definitions: tuple[DeclaredDefinition, ...]) -> list[DeclaredDefinition]:
    """Put definitions after all that they depend on, as their slots would run."""
    upstreams = {(each.definition, each.upstream) for each in derive_dependencies(definitions)}
    ordered: list[DeclaredDefinition] = []
    while len(ordered) < len(definitions):
        done = {definition.name for definition in ordered}
        ordered.append(
            next(
                row
                for row in definitions
                if row.name not in done and all(up in done for here, up in upstreams if here == row.name)
            )
        )
    return ordered


def run(folder: Path, definition: DeclaredDefinition) -> None:
    """Run a definition's command line as an agent would."""
    command = [expand(word, VALUES) for word in definition.command]
    subprocess.run(command, cwd=folder / (definition.working_directory or ""), check=True, capture_output=True)


def query(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    """Ask the project's database."""
    connection = sqlite3.connect(folder / "web" / "shop.sqlite3")
    rows = connection.execute(statement).fetchall()
    connection.close()
    return rows


def test_the_list_becomes_definitions(batch: UpdateAggPctBatchSource) -> None:
    """Every shape of entry is read: names, models, durations, arguments and options."""
    loaded = batch.load()

    line = (sys.executable, "manage.py")
    common: dict[str, Any] = {"time_limit": timedelta(hours=1), "working_directory": "web"}
    assert loaded.rows == (
        DeclaredDefinition(
            "write_summary",
            (*line, "write_summary", "--date", "{start_date}", "Today"),
            reads_from=("sales_aggpct",),
            writes_to=("sales_summary",),
            queue="night",
            **common,
        ),
        DeclaredDefinition(
            "update_agg_pct",
            (*line, "update_agg_pct", "--date", "{start_date}", "--digits=1", "--strict"),
            reads_from=("agg_sales",),
            writes_to=("sales_aggpct",),
            queue="heavy",
            priority=5,
            **common,
        ),
        DeclaredDefinition(
            "update_agg_sales",
            (*line, "update_agg_sales", "--date", "{start_date}"),
            frequency="cron 0 3 * * *",
            reads_from=("sales_attribsale",),
            writes_to=("agg_sales",),
            queue="night",
            **common,
        ),
        DeclaredDefinition(
            "load_attrib_sales",
            (*line, "load_attrib_sales", "--date", "{start_date}", "--factor=2"),
            writes_to=("sales_attribsale",),
            queue="night",
            **common,
        ),
    )
    assert loaded.places["load_attrib_sales"].startswith("web/sales/nightly.py:")


def test_the_command_lines_do_the_work_in_the_order_of_dependencies(
    batch: UpdateAggPctBatchSource, project: Any
) -> None:
    """Run one after another, the definitions fill the tables; the list itself has them the other way round."""
    definitions = batch.load().rows

    ordered = in_order(definitions)
    for definition in ordered:
        run(project.folder, definition)

    assert [row.name for row in ordered] == [row.name for row in reversed(definitions)]
    assert query(project.folder, "SELECT count(*), sum(amount) FROM sales_attribsale") == [(4, 200)]
    sums = query(project.folder, "SELECT product, amount FROM agg_sales ORDER BY product")
    assert sums == [("coffee", 100), ("milk", 40), ("tea", 60)]
    shares = query(project.folder, "SELECT product, percent FROM sales_aggpct ORDER BY product")
    assert shares == [("coffee", 50), ("milk", 20), ("tea", 30)]
    summary = query(project.folder, "SELECT day, text FROM sales_summary")
    assert summary == [("2024-01-31", "Today coffee is 50 % of 2024-01-31")]


def test_a_command_before_its_turn_fails(batch: UpdateAggPctBatchSource, project: Any) -> None:
    """The order matters: what reads nothing yet ends with an error."""
    (summary,) = [row for row in batch.load().rows if row.name == "write_summary"]

    with pytest.raises(subprocess.CalledProcessError):
        run(project.folder, summary)


def test_a_changed_list_is_seen(batch: UpdateAggPctBatchSource, project: Any) -> None:
    """The module, and the models that it names, are followed while they change."""
    batch.load()
    before = batch.fingerprint()
    module = project.folder / "web" / "sales" / "models.py"

    module.write_text(module.read_text().replace('db_table = "agg_sales"', 'db_table = "agg_sales_2"'))

    assert before is not None
    assert batch.fingerprint() != before
    assert "agg_sales_2" in batch.load().rows[1].reads_from


def test_models_without_settings_are_a_problem_with_a_hint(
    batch: UpdateAggPctBatchSource, project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that needs Django's settings, read as a plain module, says where and what is missing."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    options = {"module": "web/sales/nightly.py", "command": ["run", "{name}"]}

    (problem,) = project.problems_of(project.open_definitions("batch", options))

    assert (problem.file, problem.line) == ("web/sales/models.py", 9)
    assert "ImproperlyConfigured" in problem.message
    assert "settings: shop.settings" in problem.hint
    assert batch.kind == "batch"
