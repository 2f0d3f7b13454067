"""Who may use the API of a project: users, tokens for programs, and the sessions of those who have logged in.

No secret is told to anybody but once to whom it belongs: none is in an answer for others, in the audit log or in an
error.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from ostinato.errors import InvalidValue, NotFound, NotLoggedIn, NotPossible
from ostinato.model.access import Role, Token, User, UserSession
from ostinato.operations import command_lines
from ostinato.operations.passwords import hash_password, is_right
from ostinato.operations.people import Person, note_change
from ostinato.store import access
from ostinato.store.database import Tx
from ostinato.world import World

IDLE = timedelta(hours=24)
"""How long a session lasts after the last request in it."""

LONGEST = timedelta(days=30)
"""How long a session lasts at most; then one logs in again."""

RENEWED_AFTER = timedelta(minutes=10)
"""How much of ``IDLE`` must have passed before a request renews a session: so hardly any request has to write."""

TOKEN_PREFIX = "ostinato_"  # noqa: S105  by which programs that look for leaked secrets know one
_SECRET_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was made. ``secret`` is what programs show; it is known here and now, and never again."""

    token: Token
    secret: str


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session that begins. ``secret`` is what the browser shows with each request."""

    session: UserSession
    secret: str


def has_credentials(world: World) -> bool:
    """Tell whether there is a user or a token with which somebody could be let in."""
    with world.store.read() as tx:
        return access.has_credentials(tx)


def add_user(world: World, name: str, password: str, *, role: Role, by: Person, reason: str = "") -> User:
    """Enter a user. ``InvalidValue`` for a name or password that will not do, ``NotPossible`` for a name in use."""
    _check_name(name)
    password_hash, now = hash_password(password), world.clock.now()
    user = User(name, role, now, by.name)
    with world.store.write() as tx:
        if not access.add_user(tx, user, password_hash=password_hash):
            raise NotPossible(f"there is a user {name} already", hint=f"to change the role: ostinato user role {name}")
        line = command_lines.simple("user", "add", name, "--role", role)
        note_change(tx, by, "add-user", f"user {name}: {role}", line=line, reason=reason, now=now)
    return user


def list_users(world: World) -> list[User]:
    """List all users by name."""
    with world.store.read() as tx:
        return access.list_users(tx)


def change_role(world: World, name: str, role: Role, *, by: Person, reason: str = "") -> User:
    """Give a user another role, which counts from their next request on."""
    with world.store.write() as tx:
        _get_user(tx, name)
        access.set_role(tx, name, role)
        line = command_lines.simple("user", "role", name, role)
        note_change(tx, by, "change-role", f"user {name}: {role}", line=line, reason=reason, now=world.clock.now())
        return _get_user(tx, name)


def change_password(world: World, name: str, password: str, *, by: Person, reason: str = "") -> User:
    """Give a user another password. Whoever is logged in by the old one is so no longer."""
    password_hash = hash_password(password)
    with world.store.write() as tx:
        user = _get_user(tx, name)
        access.set_password_hash(tx, name, password_hash)
        line = command_lines.simple("user", "password", name)
        note_change(tx, by, "change-password", f"user {name}", line=line, reason=reason, now=world.clock.now())
    return user


def remove_user(world: World, name: str, *, by: Person, reason: str = "") -> User:
    """Remove a user, and end their sessions."""
    with world.store.write() as tx:
        user = _get_user(tx, name)
        access.remove_user(tx, name)
        line = command_lines.simple("user", "remove", name)
        note_change(tx, by, "remove-user", f"user {name}", line=line, reason=reason, now=world.clock.now())
    return user


def add_token(world: World, name: str, *, role: Role, by: Person, reason: str = "") -> NewToken:
    """Make a token for a program. ``NotPossible`` for a name in use."""
    _check_name(name)
    secret, now = TOKEN_PREFIX + secrets.token_urlsafe(_SECRET_BYTES), world.clock.now()
    token = Token(name, role, now, by.name)
    with world.store.write() as tx:
        if not access.add_token(tx, token, token_hash=_hash(secret)):
            raise NotPossible(
                f"there is a token {name} already", hint=f"to make it anew, first: ostinato token remove {name}"
            )
        line = command_lines.simple("token", "add", name, "--role", role)
        note_change(tx, by, "add-token", f"token {name}: {role}", line=line, reason=reason, now=now)
    return NewToken(token, secret)


def list_tokens(world: World) -> list[Token]:
    """List all tokens by name."""
    with world.store.read() as tx:
        return access.list_tokens(tx)


def remove_token(world: World, name: str, *, by: Person, reason: str = "") -> Token:
    """Remove a token: whoever shows it is let in no longer."""
    with world.store.write() as tx:
        removed = access.remove_token(tx, name)
        if removed is None:
            raise NotFound(f"there is no token {name}", hint="those there are: ostinato token list")
        line = command_lines.simple("token", "remove", name)
        note_change(tx, by, "remove-token", f"token {name}", line=line, reason=reason, now=world.clock.now())
    return removed


def find_token(world: World, secret: str) -> Token | None:
    """Return the token that a program shows, or ``None``."""
    with world.store.read() as tx:
        return access.find_token(tx, _hash(secret))


def log_in(world: World, name: str, password: str) -> LoggedIn:
    """Begin a session. ``NotLoggedIn`` where name and password do not fit, whichever of them is wrong."""
    with world.store.read() as tx:
        kept = access.find_password_hash(tx, name)
    if not is_right(password, kept) or kept is None:
        raise _refuse()
    secret, now = secrets.token_urlsafe(_SECRET_BYTES), world.clock.now()
    until = now + IDLE
    with world.store.write() as tx:
        access.prune_sessions(tx, now=now)
        begun = access.begin_session(tx, user=name, password_hash=kept, secret_hash=_hash(secret), now=now, until=until)
        session = access.find_session(tx, _hash(secret), now=now)
    if not begun or session is None:
        raise _refuse()
    return LoggedIn(session, secret)


def find_session(world: World, secret: str) -> UserSession | None:
    """Return the session whose secret a browser shows, renewed if that is due; ``None`` when it has ended."""
    secret_hash, now = _hash(secret), world.clock.now()
    with world.store.read() as tx:
        session = access.find_session(tx, secret_hash, now=now)
    if session is None:
        return None
    until = min(now + IDLE, session.created_at + LONGEST)
    if until - session.expires_at >= RENEWED_AFTER:
        with world.store.write() as tx:
            access.renew_session(tx, secret_hash, until=until)
    return session


def log_out(world: World, secret: str) -> None:
    """End the session with that secret, if there is one."""
    with world.store.write() as tx:
        access.end_session(tx, _hash(secret))


def _hash(secret: str) -> str:
    """Return what is kept of a secret. It is random: no slow hash is needed to keep it from guesses."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidValue(
            f"{name!r} cannot be a name here", hint="take up to 100 letters and digits, and of these . _ @ + - inside"
        )


def _get_user(tx: Tx, name: str) -> User:
    user = access.find_user(tx, name)
    if user is None:
        raise NotFound(f"there is no user {name}", hint="those there are: ostinato user list")
    return user


def _refuse() -> NotLoggedIn:
    return NotLoggedIn("name and password do not fit each other", hint="look at both; capital letters count")
