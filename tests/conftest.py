"""What every test may ask for: databases, and the settings under which tests run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from ostinato.testing.postgres import (
    PostgresServer,
    create_schema,
    postgres_server_url,
    temporary_database,
)

# No deadline: a busy machine is no failure. The blob replays a failure that was found elsewhere.
hypothesis.settings.register_profile("ostinato", deadline=None, print_blob=True)
hypothesis.settings.load_profile("ostinato")


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """Lend the URL of one PostgreSQL database to all tests of a worker; each takes a schema of its own."""
    with postgres_server_url() as server_url, temporary_database(server_url) as database_url:
        yield database_url


@pytest.fixture
def postgres_url(postgres_database: str) -> str:
    """Give the URL of an empty PostgreSQL database that is this test's own."""
    return create_schema(postgres_database)


@pytest.fixture
def postgres_server() -> Iterator[PostgresServer]:
    """Lend a PostgreSQL server that this test alone uses, and so may stop, restart and kill."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database that is this test's own, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ostinato.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a test that did not run is a failure: nothing there may be missing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        reporter.ensure_newline()
        reporter.write_line("Skipped tests count as failures in CI.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
