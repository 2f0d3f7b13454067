"""Who may come in, and what people changed. No shape has a place for a secret but that of a token just made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from ostinato.model import access as model
from ostinato.model import engine
from ostinato.model.access import Role
from ostinato.operations.shapes.values import Instant, described, instant

if TYPE_CHECKING:  # who shows one answer need not load what makes all the others
    from ostinato.operations import access as operations


class User(TypedDict):
    """A person who logs in with a password."""

    user: str
    role: Role
    created_at: Instant
    created_by: str


class Token(TypedDict):
    """What a program shows to be let in, by its name."""

    token: str
    role: Role
    created_at: Instant
    created_by: str


@described
class NewToken(Token):
    """A token that was just made."""

    secret: str
    """What the program shows. It cannot be asked for again."""


@described
class AuditEntry(TypedDict):
    """One thing that a person changed."""

    entry: int
    at: Instant
    actor: str
    via: str
    """How they came in: `session`, `token` and its name, `console` where nobody logs in; empty for users of the machine
    itself."""
    action: str
    target: str
    reason: str
    command: str | None
    """How the command line does the same, secrets masked; null where it cannot say all of it."""


def user(row: model.User) -> User:
    """Return a user."""
    return {
        "user": row.name,
        "role": row.role,
        "created_at": instant(row.created_at),
        "created_by": row.created_by,
    }


def token(row: model.Token) -> Token:
    """Return a token, by its name alone."""
    return {
        "token": row.name,
        "role": row.role,
        "created_at": instant(row.created_at),
        "created_by": row.created_by,
    }


def new_token(row: operations.NewToken) -> NewToken:
    """Return a token that was just made, with its secret."""
    return {**token(row.token), "secret": row.secret}


def audit_entry(row: engine.AuditEntry) -> AuditEntry:
    """Return an entry of the audit log that has been stored."""
    return {
        "entry": row.id or 0,
        "at": instant(row.at),
        "actor": row.actor,
        "via": row.via,
        "action": row.action,
        "target": row.target,
        "reason": row.reason,
        "command": row.command,
    }
