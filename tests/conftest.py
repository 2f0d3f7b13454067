"""What every test may ask for: databases, and the settings under which tests run."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

from ostinato.store.database import Store
from ostinato.store.versioning import open_schema
from ostinato.testing.postgres import Databases, PostgresServer, create_schema, memory_folder, postgres_server_url

TESTS = Path(__file__).parent
LONG = {"cli", "docs", "examples", "faults", "simulation", "soak"}

# No deadline: a busy machine is no failure. The blob replays a failure that was found elsewhere.
hypothesis.settings.register_profile("ostinato", deadline=None, print_blob=True)
hypothesis.settings.load_profile("ostinato")

# Where `tmp_path` is made. What tests write need not survive a crash of the machine, and a disk would take its time.
if memory := memory_folder():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


@pytest.fixture(autouse=True)
def _log_lines() -> Iterator[None]:
    """Have log lines after each test as they were before: the command line sets them up for its whole process."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[Databases]:
    """Lend a PostgreSQL server to all tests of a worker, as whoever makes databases there."""
    with postgres_server_url() as server_url, Databases(server_url) as databases:
        yield databases


@pytest.fixture(scope="session")
def postgres_database(postgres_databases: Databases) -> Iterator[str]:
    """Lend the URL of one PostgreSQL database to all tests of a worker; each takes a schema of its own."""
    with postgres_databases.lend() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_databases: Databases) -> Iterator[str]:
    """Lend the URL of a PostgreSQL database that holds our tables and no rows, to be copied and not to be used."""
    with postgres_databases.lend() as url:
        create_tables(url)
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an SQLite file that holds our tables and no rows, to be copied and not to be used."""
    path = tmp_path_factory.mktemp("template") / "ostinato.db"
    create_tables(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgres_url(postgres_databases: Databases, postgres_template: str) -> Iterator[str]:
    """Lend the URL of a PostgreSQL database that holds our tables and no rows and is this test's own."""
    with postgres_databases.lend(copy_of=postgres_template) as url:
        yield url


@pytest.fixture
def postgres_server() -> Iterator[PostgresServer]:
    """Lend a PostgreSQL server that this test alone uses, and so may stop, restart and kill."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database that holds our tables and no rows and is this test's own, once of each kind."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "ostinato.db")
        return f"sqlite:///{tmp_path / 'ostinato.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def empty_postgres_url(postgres_database: str) -> str:
    """Give the URL of a PostgreSQL schema that holds nothing at all and is this test's own."""
    return create_schema(postgres_database)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database that holds nothing at all and is this test's own, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ostinato.db'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


def create_tables(url: str) -> None:
    """Create our tables in an empty database, and leave it."""
    store = Store(url)
    open_schema(store)
    store.close()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folders whose tests take long, so that no worker has one of them left when the others are done."""
    items.sort(key=lambda item: item.path.relative_to(TESTS).parts[0] not in LONG)


def pytest_collection_finish() -> None:
    """Collect garbage less often than by default, and leave what is there by now, which stays to the end, out of it."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a test that did not run is a failure: nothing there may be missing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        reporter.ensure_newline()
        reporter.write_line("Skipped tests count as failures in CI.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
