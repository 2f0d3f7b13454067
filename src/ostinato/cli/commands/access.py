"""Commands about who may come in by the API, and about what people changed: ``user``, ``token`` and ``audit``."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from ostinato.cli.commands.rows import LISTED, LimitOption
from ostinato.cli.options import Flag, Given, Instant, Plain, ReasonOption
from ostinato.cli.project import opened
from ostinato.cli.session import Session
from ostinato.cli.tables import Column, make_table
from ostinato.cli.times import show_distance, show_instant
from ostinato.errors import NotPossible
from ostinato.model.access import Role, Token, User
from ostinato.model.engine import AuditEntry
from ostinato.operations import access
from ostinato.operations.auditing import list_audit
from ostinato.operations.people import find_person
from ostinato.operations.shapes import access as shapes

UserArgument = Annotated[str, Parameter(help="The name of the user.")]
TokenArgument = Annotated[str, Parameter(help="What the token is called.")]
RoleOption = Annotated[
    Role, Plain, Parameter(help="What is allowed: `viewer` looks, `operator` acts, too, `admin` does everything.")
]
PasswordOption = Annotated[
    bool, Flag, Parameter(help="Read the password from standard input. Left out: you are asked for it.")
]


def user_add(
    name: UserArgument,
    /,
    *,
    role: RoleOption,
    password_stdin: PasswordOption = False,
    reason: ReasonOption = "",
    session: Given,
) -> None:
    """Add somebody who may log in to the console.

    From the first user or token on, everybody has to log in, on this machine, too.
    """
    with opened(session, create=True) as world:
        password = _ask_password(session, name, from_stdin=password_stdin)
        user = access.add_user(world, name, password, role=role, by=find_person(), reason=reason)
    _answer_user(session, user, f"{user.name} may log in, as {user.role}.")


def user_list(*, session: Given) -> None:
    """List who may log in to the console."""
    with opened(session) as world:
        rows, now = access.list_users(world), world.clock.now()
    if session.json:
        session.answer_json([shapes.user(row) for row in rows])
    elif rows:
        session.answer(_holder_table("user", rows, now, session.width))
    else:
        session.answer(["There are no users. Add one: ostinato user add NAME --role ROLE"])


def user_role(
    name: UserArgument,
    role: Annotated[Role, Parameter(help="The new role.")],
    /,
    *,
    reason: ReasonOption = "",
    session: Given,
) -> None:
    """Give a user another role, at once."""
    with opened(session) as world:
        user = access.change_role(world, name, role, by=find_person(), reason=reason)
    _answer_user(session, user, f"{user.name} is {user.role} now.")


def user_password(
    name: UserArgument, /, *, password_stdin: PasswordOption = False, reason: ReasonOption = "", session: Given
) -> None:
    """Give a user another password.

    Whoever is logged in by the old one is logged out.
    """
    with opened(session) as world:
        password = _ask_password(session, name, from_stdin=password_stdin)
        user = access.change_password(world, name, password, by=find_person(), reason=reason)
    _answer_user(session, user, f"{user.name} has another password now.")


def user_remove(name: UserArgument, /, *, reason: ReasonOption = "", session: Given) -> None:
    """Remove a user, who is logged out at once."""
    with opened(session) as world:
        user = access.remove_user(world, name, by=find_person(), reason=reason)
    _answer_user(session, user, f"{user.name} may not log in any more.")


def token_add(name: TokenArgument, /, *, role: RoleOption, reason: ReasonOption = "", session: Given) -> None:
    """Make a token, by which a program may use the API.

    It is shown this once, and kept nowhere. Programs send it as `Authorization: Bearer TOKEN`.
    """
    with opened(session, create=True) as world:
        made = access.add_token(world, name, role=role, by=find_person(), reason=reason)
    if session.json:
        session.answer_json(shapes.new_token(made))
    else:
        session.answer([made.secret])
        session.tell(f"This is the token {name}. It is not shown again.")


def token_list(*, session: Given) -> None:
    """List the tokens, by name."""
    with opened(session) as world:
        rows, now = access.list_tokens(world), world.clock.now()
    if session.json:
        session.answer_json([shapes.token(row) for row in rows])
    elif rows:
        session.answer(_holder_table("token", rows, now, session.width))
    else:
        session.answer(["There are no tokens. Make one: ostinato token add NAME --role ROLE"])


def token_remove(name: TokenArgument, /, *, reason: ReasonOption = "", session: Given) -> None:
    """Remove a token, which lets nobody in any more."""
    with opened(session) as world:
        removed = access.remove_token(world, name, by=find_person(), reason=reason)
    if session.json:
        session.answer_json(shapes.token(removed))
    else:
        session.answer([f"The token {name} lets nobody in any more."])


def audit(
    *,
    actor: Annotated[str | None, Plain, Parameter(help="What this person changed alone.")] = None,
    action: Annotated[str | None, Plain, Parameter(help="What was changed in this way alone: `retry`, say.")] = None,
    target: Annotated[str | None, Plain, Parameter(help="Changes of what has this in its name alone.")] = None,
    since: Annotated[Instant, Parameter(help="Changes from this instant on.")] = None,
    until: Annotated[Instant, Parameter(help="Changes before this instant.")] = None,
    limit: LimitOption = None,
    session: Given,
) -> None:
    """List what people changed: who, what, when and why.

    Below each change is how the command line makes the same; values that are named as secrets are masked.
    """
    at_most = LISTED if limit is None and not session.json else limit
    with opened(session) as world:
        rows = list_audit(world, actor=actor, action=action, target=target, since=since, until=until, limit=at_most)
        now = world.clock.now()
    if session.json:
        session.answer_json([shapes.audit_entry(row) for row in rows])
    elif rows:
        session.answer(_audit_lines(rows, now, session.width))
    elif actor or action or target or since or until:
        session.answer(["No change is like that. All of them: ostinato audit"])
    else:
        session.answer(["Nobody has changed anything yet."])


def _ask_password(session: Session, name: str, *, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise NotPossible("there is no terminal to ask for the password on", hint="add --password-stdin")
    password = getpass.getpass(f"Password of {name}: ", stream=sys.stderr)
    if getpass.getpass("Once more: ", stream=sys.stderr) != password:
        raise NotPossible("these are two passwords", hint="type the same twice")
    return password


def _answer_user(session: Session, user: User, said: str) -> None:
    if session.json:
        session.answer_json(shapes.user(user))
    else:
        session.answer([said])


def _holder_table(kind: str, rows: Sequence[User | Token], now: datetime, width: int | None) -> list[Text]:
    columns = [Column(kind), Column("role"), Column("added", drop=1), Column("by", drop=2)]
    cells = [(row.name, row.role.value, show_distance(row.created_at, now), row.created_by) for row in rows]
    return make_table(columns, cells, width=width)


def _audit_lines(rows: Sequence[AuditEntry], now: datetime, width: int | None) -> Iterator[Text]:
    columns = [
        Column("when"),
        Column("who"),
        Column("what"),
        Column("of", elastic=True),
        Column("why", elastic=True),
        Column("by way of", drop=1),
        Column("at", drop=2),
    ]
    cells = [
        (show_distance(row.at, now), row.actor, row.action, row.target, row.reason, row.via, show_instant(row.at))
        for row in rows
    ]
    titles, *lines = make_table(columns, cells, width=width)
    yield titles
    for row, line in zip(rows, lines, strict=True):
        yield line
        if row.command is not None:
            yield Text(f"  {row.command}", style="cyan")
