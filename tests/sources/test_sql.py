from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from ostinato.errors import ConfigurationError, DeclarationError
from ostinato.model.accounts import DeclaredAccount, Maintenance


@pytest.fixture
def crm(tmp_path: Path) -> Path:
    """Make a database of clients, as another program might have it."""
    path = tmp_path / "crm.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            CREATE TABLE clients (
              token, time_zone, starts_on, active, maintenance, maintenance_from, maintenance_until, weight, tier
            );
            INSERT INTO clients VALUES
              ('uk', 'Europe/London', '2024-01-01', 1, 0, NULL, NULL, 2, 'gold'),
              ('us', 'America/New_York', NULL, 0, 1, NULL, NULL, NULL, NULL),
              ('jp', 'Asia/Tokyo', NULL, NULL, NULL, '2026-02-01 00:00:00', '2026-02-02 00:00:00', 0.5, '50%');
            """
        )
    connection.close()
    return path


@pytest.mark.usefixtures("crm")
def test_a_row_is_an_account(project: Any) -> None:
    """Columns become fields, flags and numbers of any type are read, NULL is left out, further columns are labels."""
    query = "SELECT *, rowid AS 'labels.crm id' FROM clients WHERE tier IS NULL OR tier LIKE '%%' ORDER BY rowid"

    source = project.open_accounts("sql", {"url": "sqlite:///crm.db", "query": query})
    loaded = source.load()

    assert loaded.rows == (
        DeclaredAccount(
            "uk", "Europe/London", starts_on=date(2024, 1, 1), labels={"tier": "gold", "crm id": "1"}, weight=2.0
        ),
        DeclaredAccount(
            "us", "America/New_York", active=False, maintenance=Maintenance(None, None), labels={"crm id": "2"}
        ),
        DeclaredAccount(
            "jp",
            "Asia/Tokyo",
            maintenance=Maintenance(datetime(2026, 1, 31, 15, tzinfo=UTC), datetime(2026, 2, 1, 15, tzinfo=UTC)),
            labels={"tier": "50%", "crm id": "3"},
            weight=0.5,
        ),
    )
    assert source.fingerprint() is None
    assert loaded.places["uk"] == "ostinato.yaml:3"


def test_a_postgresql_database_serves_as_well(project: Any, postgres_url: str) -> None:
    """Dates, times, booleans and decimals of a real database are understood."""
    engine = create_engine(make_url(postgres_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE clients AS SELECT 7 AS token, 'Europe/Paris' AS time_zone,"
                " DATE '2024-01-01' AS starts_on, TRUE AS active, TIMESTAMP '2026-02-01 00:00' AS maintenance_from,"
                " TIMESTAMPTZ '2026-02-02 00:00+00' AS maintenance_until, 1.5::numeric AS weight, FALSE AS is_test"
            )
        )
    engine.dispose()

    loaded = project.open_accounts("sql", {"url": postgres_url, "query": "SELECT * FROM clients", "name": "crm"}).load()

    maintenance = Maintenance(datetime(2026, 1, 31, 23, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC))
    assert loaded.rows == (
        DeclaredAccount(
            "7",
            "Europe/Paris",
            starts_on=date(2024, 1, 1),
            maintenance=maintenance,
            labels={"is_test": "false"},
            weight=1.5,
        ),
    )


@pytest.mark.parametrize(
    ("url", "name", "expected"),
    [
        ("postgresql://me:s3cret@db:5433/crm?sslmode=require", None, "sql:postgresql://db:5433/crm"),
        ("postgresql://me:s3cret@db/crm", "clients", "sql:clients"),
        ("sqlite:///crm.db", None, "sql:sqlite:///crm.db"),
    ],
)
def test_a_source_is_named_without_secrets(project: Any, url: str, name: str | None, expected: str) -> None:
    """The name is stored with each row: it tells sources apart, on whatever machine the project lies."""
    options = {"url": url, "query": "SELECT 1 AS token"} | ({"name": name} if name else {})

    assert project.open_accounts("sql", options).name == expected


@pytest.mark.usefixtures("crm")
def test_a_wrong_row_is_named_with_its_number_and_query(project: Any) -> None:
    """All wrong rows are reported, each with its number, its token and where the query stands."""
    query = "SELECT 'a' AS token, 'UTC' AS time_zone UNION ALL SELECT 'b', 'Mars' UNION ALL SELECT 'c d', 'UTC'"

    problems = project.problems_of(project.open_accounts("sql", {"url": "sqlite:///crm.db", "query": query}))

    assert [(problem.file, problem.line, problem.key) for problem in problems] == [
        ("ostinato.yaml", 3, "accounts[0].sql row 2 (b).time_zone"),
        ("ostinato.yaml", 3, "accounts[0].sql row 3 (c d).token"),
    ]
    assert "'Mars' is not a time zone" in problems[0].message


@pytest.mark.usefixtures("crm")
def test_a_query_without_token_is_refused(project: Any) -> None:
    """What identifies an account must have the name token."""
    source = project.open_accounts("sql", {"url": "sqlite:///crm.db", "query": "SELECT rowid AS id, tier FROM clients"})

    (problem,) = project.problems_of(source)

    assert problem.message == "the query returns id, tier, and no token"
    assert "AS token" in problem.hint


@pytest.mark.parametrize(
    ("url", "query", "message"),
    [
        ("sqlite:///crm.db", "SELECT nme AS token FROM clients", "no such column: nme"),
        ("sqlite:///crm.db", "SELECT token FROM customers", "no such table: customers"),
        ("sqlite:///crm.db", "DELETE FROM clients", "This result object does not return rows"),
        ("sqlite:///none.db", "SELECT 1 AS token", "there is no file"),
        ("postgresql://me:s3cret@127.0.0.1:1/crm", "SELECT 1 AS token", "127.0.0.1"),
        ("nosuch://me:s3cret@host/crm", "SELECT 1 AS token", "nosuch"),
    ],
)
def test_a_database_that_does_not_answer_is_an_error_without_secrets(
    project: Any, crm: Path, url: str, query: str, message: str
) -> None:
    """What the driver says is passed on in one line; nothing is written, nor any file made."""
    source = project.open_accounts("sql", {"url": url, "query": query})

    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        source.load()

    assert message in caught.value.message
    assert "s3cret" not in str(caught.value)
    assert "ostinato.yaml:3" in caught.value.hint or "driver" in caught.value.hint
    assert not (project.folder / "none.db").exists()
    with sqlite3.connect(crm) as connection:
        assert connection.execute("SELECT count(*) FROM clients").fetchone() == (3,)
    connection.close()


@pytest.mark.parametrize(
    ("options", "key", "message"),
    [
        ({"url": "sqlite:///crm.db"}, "accounts[0].sql.query", "this key is missing"),
        ({"url": "s3cret", "query": "q"}, "accounts[0].sql.url", "this is no database address"),
        ({"url": "sqlite://", "query": "q"}, "accounts[0].sql.url", "in memory"),
        ({"url": "sqlite:///crm.db", "query": "q", "sql": "q"}, "accounts[0].sql.sql", "unknown key"),
        ("SELECT 1", "accounts[0].sql", "expected a mapping, not a text"),
    ],
)
def test_wrong_options_are_refused_when_the_source_is_opened(
    project: Any, options: Any, key: str, message: str
) -> None:
    """Nothing is asked of a database before the options are right."""
    with pytest.raises(DeclarationError) as caught:
        project.open_accounts("sql", options)

    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key) == ("ostinato.yaml", 3, key)
    assert message in problem.message
    assert "s3cret" not in str(problem)
