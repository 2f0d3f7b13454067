"""Users, tokens and sessions. What is kept of their secrets are hashes, which leave this module only to be compared."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, insert, or_, select, update

from ostinato.model.access import Role, Token, User, UserSession
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.dialects import count_inserted, insert_or_skip


def has_credentials(tx: Tx) -> bool:
    """Tell whether there is any user or token."""
    anybody = or_(exists(select(t.users.c.id)), exists(select(t.tokens.c.id)))
    return bool(tx.execute(select(anybody)).scalar_one())


def add_user(tx: Tx, user: User, *, password_hash: str) -> bool:
    """Enter a user; ``False`` when there is one of that name."""
    values = {"name": user.name, "role": user.role, "created_at": user.created_at, "created_by": user.created_by}
    return count_inserted(tx, insert_or_skip(tx, t.users).values(**values, password_hash=password_hash)) > 0


def find_user(tx: Tx, name: str) -> User | None:
    """Return the user of that name, or ``None``."""
    row = tx.execute(select(t.users).where(t.users.c.name == name)).one_or_none()
    return None if row is None else _to_user(row)


def find_password_hash(tx: Tx, name: str) -> str | None:
    """Return the hash of a user's password, or ``None`` where there is no such user."""
    found: str | None = tx.execute(select(t.users.c.password_hash).where(t.users.c.name == name)).scalar()
    return found


def list_users(tx: Tx) -> list[User]:
    """List all users by name."""
    return [_to_user(row) for row in tx.execute(select(t.users).order_by(t.users.c.name))]


def set_role(tx: Tx, name: str, role: Role) -> bool:
    """Give a user another role; ``False`` where there is no such user."""
    return tx.execute(update(t.users).where(t.users.c.name == name).values(role=role)).rowcount > 0


def set_password_hash(tx: Tx, name: str, password_hash: str) -> bool:
    """Give a user another password, and end their sessions; ``False`` where there is no such user."""
    changed = tx.execute(update(t.users).where(t.users.c.name == name).values(password_hash=password_hash))
    mine = select(t.users.c.id).where(t.users.c.name == name)
    tx.execute(delete(t.sessions).where(t.sessions.c.user_id.in_(mine)))
    return changed.rowcount > 0


def remove_user(tx: Tx, name: str) -> bool:
    """Remove a user with their sessions; ``False`` where there is none of that name."""
    return tx.execute(delete(t.users).where(t.users.c.name == name)).rowcount > 0


def add_token(tx: Tx, token: Token, *, token_hash: str) -> bool:
    """Enter a token; ``False`` when there is one of that name."""
    values = {"name": token.name, "role": token.role, "created_at": token.created_at, "created_by": token.created_by}
    return count_inserted(tx, insert_or_skip(tx, t.tokens).values(**values, token_hash=token_hash)) > 0


def find_token(tx: Tx, token_hash: str) -> Token | None:
    """Return the token with that hash, or ``None``."""
    row = tx.execute(select(t.tokens).where(t.tokens.c.token_hash == token_hash)).one_or_none()
    return None if row is None else _to_token(row)


def list_tokens(tx: Tx) -> list[Token]:
    """List all tokens by name."""
    return [_to_token(row) for row in tx.execute(select(t.tokens).order_by(t.tokens.c.name))]


def remove_token(tx: Tx, name: str) -> Token | None:
    """Remove a token and return it; ``None`` where there is none of that name."""
    row = tx.execute(delete(t.tokens).where(t.tokens.c.name == name).returning(t.tokens)).one_or_none()
    return None if row is None else _to_token(row)


def begin_session(tx: Tx, *, user: str, password_hash: str, secret_hash: str, now: datetime, until: datetime) -> bool:
    """Begin a session of a user; ``False`` when they are gone, or have another password by now."""
    account = t.users.c
    wanted = select(account.id).where(account.name == user, account.password_hash == password_hash)
    user_id = tx.execute(wanted.with_for_update(read=True)).scalar()
    if user_id is None:
        return False
    values = {"secret_hash": secret_hash, "created_at": now, "expires_at": until}
    tx.execute(insert(t.sessions).values(user_id=user_id, **values))
    return True


def find_session(tx: Tx, secret_hash: str, *, now: datetime) -> UserSession | None:
    """Return the session with that secret, unless it has ended by ``now``."""
    session = t.sessions.c
    found = tx.execute(
        select(t.users.c.name, t.users.c.role, session.created_at, session.expires_at)
        .select_from(t.sessions)
        .join(t.users)
        .where(session.secret_hash == secret_hash, session.expires_at > now)
    ).one_or_none()
    return None if found is None else UserSession(found.name, Role(found.role), found.created_at, found.expires_at)


def renew_session(tx: Tx, secret_hash: str, *, until: datetime) -> None:
    """Have a session last until then. One that was ended meanwhile stays so."""
    tx.execute(update(t.sessions).where(t.sessions.c.secret_hash == secret_hash).values(expires_at=until))


def end_session(tx: Tx, secret_hash: str) -> bool:
    """End a session; ``False`` where there is none with that secret."""
    return tx.execute(delete(t.sessions).where(t.sessions.c.secret_hash == secret_hash)).rowcount > 0


def prune_sessions(tx: Tx, *, now: datetime) -> int:
    """Drop the sessions that have ended by ``now``."""
    return tx.execute(delete(t.sessions).where(t.sessions.c.expires_at <= now)).rowcount


def _to_user(row: Any) -> User:
    return User(row.name, Role(row.role), row.created_at, row.created_by)


def _to_token(row: Any) -> Token:
    return Token(row.name, Role(row.role), row.created_at, row.created_by)
