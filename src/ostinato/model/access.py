"""Who may come in by the API, and what each role may do there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a user or a token is there for."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Right(StrEnum):
    """What a request may need."""

    LOOK = "look"
    ACT = "act"
    MANAGE = "manage"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.LOOK}),
    Role.OPERATOR: frozenset({Right.LOOK, Right.ACT}),
    Role.ADMIN: frozenset({Right.LOOK, Right.ACT, Right.MANAGE}),
}
"""What each role may do: look at everything, act on it, say who else may."""


@dataclass(frozen=True, slots=True)
class User:
    """A person who logs in with a password."""

    name: str
    role: Role
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Token:
    """What a program shows to be let in. The token itself is known to nobody but that program."""

    name: str
    role: Role
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class UserSession:
    """The time in which a person who has logged in is known, in one browser. ``role`` is the one they have now."""

    user: str
    role: Role
    created_at: datetime
    expires_at: datetime
