"""Accounts in a database: any that SQLAlchemy knows, by a query that returns a row for each account."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ostinato.documents import Document, Place
from ostinato.documents.fields import Filled, Name
from ostinato.documents.forms import Form, read_form
from ostinato.errors import ConfigurationError
from ostinato.model.accounts import DeclaredAccount
from ostinato.sources.account_rows import gather_row
from ostinato.sources.gathering import Gathering
from ostinato.sources.protocols import Loaded

CONNECT_SECONDS = 10
_KNOW_CONNECT_TIMEOUT = {"postgresql", "mysql", "mariadb"}


class SqlForm(Form):
    """Accounts in a database."""

    url: Filled
    """The database's address, as SQLAlchemy reads it. Take its password from the environment: ${NAME}."""
    query: Filled
    """Returns a row for each account, with a column token and any of time_zone, starts_on, active, maintenance,
    maintenance_from, maintenance_until, weight and concurrency. Every other column is a label."""
    name: Name | None = None
    """What the source is called, to tell several queries to one database from each other."""


class SqlAccountSource:
    """The accounts that a query returns. Nothing is written, and no connection outlives a load."""

    kind = "sql"

    def __init__(self, options: Any, *, folder: Path, place: Place) -> None:
        form = read_form(SqlForm, Document(options, place))
        url = _read_url(form.url, place.at("url"))
        self._url = _locate(url, folder)
        self._query = form.query
        self._place = place
        self.name = f"{self.kind}:{form.name or _show(url)}"

    def load(self) -> Loaded[DeclaredAccount]:
        columns, rows = self._fetch()
        if "token" not in columns:
            message = f"the query returns {', '.join(columns)}, and no token"
            raise self._place.at("query").error(message, hint="name the column that identifies an account: … AS token")
        gathering: Gathering[DeclaredAccount] = Gathering()
        for number, values in enumerate(rows, start=1):
            row = dict(zip(columns, values, strict=True))
            key = f"{self._place.key} row {number} ({row['token']})"
            gather_row(Document(row, Place(self._place.file, self._place.line, key)), gathering)
        return gathering.finish()

    def fingerprint(self) -> None:
        """Return ``None``: what a query returns is not known before it runs."""

    def _fetch(self) -> tuple[list[str], list[Sequence[Any]]]:
        self._check_file()
        seconds = {"connect_timeout": CONNECT_SECONDS}
        arguments = seconds if self._url.get_backend_name() in _KNOW_CONNECT_TIMEOUT else {}
        try:
            engine = create_engine(self._url, poolclass=NullPool, connect_args=arguments)
            with engine.connect() as connection:
                result = connection.execution_options(no_parameters=True).exec_driver_sql(self._query)
                return list(result.keys()), [tuple(row) for row in result]
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise self._fail(str(error), hint="install the driver of this database beside Ostinato") from None
        except DBAPIError as error:
            raise self._fail(str(error.orig)) from None
        except SQLAlchemyError as error:
            raise self._fail(str(error)) from None

    def _check_file(self) -> None:
        """Refuse a file that is not there: SQLite would make an empty one."""
        if self._url.get_backend_name() == "sqlite" and not Path(self._url.database or "").is_file():
            raise self._fail(f"there is no file {self._url.database}")

    def _fail(self, said: str, *, hint: str = "") -> ConfigurationError:
        """Return the error that tells what a driver said; drivers may repeat the password."""
        first = said.strip().partition("\n")[0]
        for secret in (self._url.password, quote(self._url.password or "")):
            first = first.replace(secret, "***") if secret else first
        message = f"the accounts of {self.name} cannot be read: {first}"
        return ConfigurationError(message, hint=hint or f"check url and query at {self._place}")


def _read_url(text: str, place: Place) -> URL:
    hint = "write it as in postgresql://${DB_USER}:${DB_PASSWORD}@host/name"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise place.error("this is no database address", hint=hint) from None
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise place.error(
            "an SQLite database in memory has no accounts", hint="write sqlite:/// and the path of a file"
        )
    return url


def _locate(url: URL, folder: Path) -> URL:
    """Make the path of an SQLite file absolute."""
    if url.get_backend_name() != "sqlite":
        return url
    return url.set(database=str(folder / Path(url.database or "").expanduser()))


def _show(url: URL) -> str:
    """Return the address without what is secret or of no account."""
    return URL.create(url.get_backend_name(), host=url.host, port=url.port, database=url.database).render_as_string()
