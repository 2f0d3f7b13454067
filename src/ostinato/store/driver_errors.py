"""What the drivers' errors mean: that the database is away, so that trying again is right, or that something is wrong.

Nothing is tried again here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ostinato.errors import StoreError, StoreUnavailable

_SQLITE_OUTAGES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_POSTGRES_OUTAGES = ("08", "40", "53", "57", "58", "25006", "25P03", "55P03")
"""Classes of SQLSTATE, and single ones: connection, conflict with another transaction, resources, intervention, system;
a server that only reads, as one does that another has taken over from; a transaction that stood still; a lock."""
_WORDS_OF_ANOTHER_SCHEMA = ("no such table", "no such column", "has no column", "does not exist")


@contextmanager
def translated(location: str) -> Iterator[None]:
    """Raise ``StoreUnavailable`` for an outage within this block, ``StoreError`` for any other error of the driver."""
    try:
        yield
    except DBAPIError as error:
        raise _translate(location, error) from error
    except PoolTimeout as error:
        raise StoreUnavailable(
            f"no connection to the database at {location} came free",
            hint="this process does too much at once, or the database answers too slowly",
        ) from error


def is_outage(error: BaseException) -> bool:
    """Tell of an error in a transaction whether it is for want of a database that works. Its connection may be bad."""
    if isinstance(error, StoreUnavailable):
        return True
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or _says_outage(error)


def _says_outage(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_OUTAGES
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state).startswith(_POSTGRES_OUTAGES)
    return isinstance(error, OperationalError | InterfaceError)  # the driver's own words: it could not connect


def _translate(location: str, error: DBAPIError) -> StoreError:
    if is_outage(error):
        return StoreUnavailable(
            f"the database at {location} is not available: {str(error.orig).strip()}",
            hint="check that it is running, reachable, has room, and that no other program holds it",
        )
    said = _first_line(error.orig)
    if any(words in said for words in _WORDS_OF_ANOTHER_SCHEMA):
        return StoreError(f"the database at {location} does not have the expected schema: {said}")
    return StoreError(f"the database refused a statement: {said}")


def _first_line(error: BaseException | None) -> str:
    """Return what a driver says went wrong, without the row's content that PostgreSQL adds: it may be private."""
    return str(error).strip().partition("\n")[0]
