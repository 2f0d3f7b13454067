"""Who asks, and whether they may: dependencies of routes, each of which gives the person.

Every route has one of ``Viewer``, ``Operator``, ``Admin``, ``Visit`` or ``Anybody``; a test walks all of them. Where a
server can be reached from this machine alone, and nobody was given a user or a token, whoever comes counts as the
user of the system. Pages from elsewhere that a browser shows on this machine are kept out by what it says of them: the
name by which it has found the server, and where the page is from.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer

from ostinato.api.dependencies import TheWorld
from ostinato.errors import ConfigurationError, NotAllowed, NotLoggedIn, StoreUnavailable
from ostinato.model.access import RIGHTS, Right, Role
from ostinato.operations.access import find_session, find_token, has_credentials
from ostinato.operations.attempts import Attempts
from ostinato.operations.people import Person, find_person
from ostinato.world import World

COOKIE = "ostinato_session"
CSRF_HEADER = "X-Ostinato-CSRF"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_BY_TOKEN = HTTPBearer(auto_error=False, scheme_name="token", description="A token, from `ostinato token add`.")
_BY_SESSION = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    scheme_name="session",
    description=f"What `POST /session` sets. What changes something needs the header {CSRF_HEADER}, too.",
)


@dataclass(frozen=True, slots=True)
class Access:
    """How a server lets people in.

    With ``login_required`` nobody comes in unknown; without, which is for servers that only this machine can reach,
    anybody does until the first user or token is made.
    """

    login_required: bool
    attempts: Attempts = field(default_factory=Attempts)

    def asks_who_comes(self, world: World) -> bool:
        """Tell whether everybody has to be known by now."""
        return self.login_required or has_credentials(world)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, in which role. ``csrf`` is what a page sends along with changes, where it has logged in."""

    person: Person
    role: Role
    csrf: str | None = None
    login_required: bool = True


def open_access(world: World, host: str) -> Access:
    """Return how a server that listens on ``host`` lets people in. Others may reach any name but ``localhost``.

    ``ConfigurationError`` where others than this machine can reach it, and nobody could log in.
    """
    if _is_this_machine(host):
        return Access(login_required=False)
    if not has_credentials(world):
        raise ConfigurationError(
            f"the console is to listen on {host}, where others reach it, and nobody can log in",
            hint="add somebody: ostinato user add NAME --role admin\nor let it listen on 127.0.0.1",
        )
    return Access(login_required=True)


def find_visitor(
    request: Request,
    world: TheWorld,
    token: Annotated[object, Depends(_BY_TOKEN)],
    session: Annotated[object, Depends(_BY_SESSION)],
) -> Visitor:
    """Return who asks. ``NotLoggedIn`` where that is not known, ``NotAllowed`` for what a foreign page asks.

    ``token`` and ``session`` are there to be described.
    """
    access: Access = request.app.state.access
    if authorization := request.headers.get("authorization"):
        return _find_by_token(world, authorization)
    if access.asks_who_comes(world):
        return _find_by_session(request, world)
    refuse_strangers(request)
    return Visitor(replace(find_person(), via="console"), Role.ADMIN, login_required=False)


def may_still_look(request: Request, world: World) -> bool:
    """Tell whether who was let in by a request would be now, too; as long as the database is away, so it is taken."""
    try:
        find_visitor(request, world, None, None)
    except (NotLoggedIn, NotAllowed):
        return False
    except StoreUnavailable:
        return True
    return True


def let_anybody(request: Request, world: TheWorld) -> None:
    """Let a request through without knowing who asks: for logging in."""
    access: Access = request.app.state.access
    if not access.asks_who_comes(world):
        refuse_strangers(request)
    elif _is_asked_by_foreign_page(request):
        raise NotAllowed("a page from elsewhere may not log anybody in", hint="log in on the page of this server")


def refuse_strangers(request: Request) -> None:
    """Refuse what comes from elsewhere, or from a page from elsewhere: it says so without meaning to."""
    host = request.headers.get("host", "")
    if any(name in request.headers for name in _PROXY_HEADERS):
        raise NotAllowed(
            "this came through a proxy, and nobody has to log in here",
            hint="make a user, and everybody has to: ostinato user add NAME --role admin",
        )
    if not _is_this_machine(_host_name(host)):
        raise NotAllowed(
            f"this server is not called {host!r}", hint="call it localhost, or 127.0.0.1, as the address says"
        )
    origin = request.headers.get("origin")
    foreign = origin is not None and _netloc(origin) != host.casefold()
    if foreign or _is_asked_by_foreign_page(request):
        raise NotAllowed("a page from elsewhere may not ask this server", hint="use the page of this server itself")


def name_cookie(request: Request) -> str:
    """Return what the cookie of a session is called. Browsers keep cookies by host: projects differ by their port."""
    port = request.headers.get("host", "").rpartition(":")[2]
    return f"{COOKIE}_{port}" if port.isascii() and port.isdigit() else COOKIE


def make_csrf(secret: str) -> str:
    """Return what a page sends along with changes: who cannot read this server's answers does not know it."""
    return hmac.new(secret.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256).hexdigest()


def _is_asked_by_foreign_page(request: Request) -> bool:
    """Tell whether a browser says that a page of another server asks, and not somebody who follows a link there."""
    foreign = request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
    return foreign and request.headers.get("sec-fetch-mode") != "navigate"


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.casefold()
    except ValueError:
        return ""


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_this_machine(name: str) -> bool:
    """Tell of a name or an address whether it certainly means this machine, and is of use nowhere else.

    Any other name may be one that a stranger has given to an address of this machine.
    """
    try:
        return name.casefold().rstrip(".") == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def _find_by_token(world: World, authorization: str) -> Visitor:
    scheme, _, secret = authorization.partition(" ")
    token = find_token(world, secret.strip()) if scheme.casefold() == "bearer" else None
    if token is None:
        raise NotLoggedIn("this token is none of this project", hint="one is made by: ostinato token add NAME")
    return Visitor(Person(token.name, via=f"token {token.name}"), token.role)


def _find_by_session(request: Request, world: World) -> Visitor:
    secret = request.cookies.get(name_cookie(request))
    session = None if secret is None else find_session(world, secret)
    if secret is None or session is None:
        said = "nobody is logged in" if secret is None else "this session has ended"
        raise NotLoggedIn(said, hint="log in; programs show a token, which is made by: ostinato token add NAME")
    csrf = make_csrf(secret)
    shown = request.headers.get(CSRF_HEADER, "")
    if request.method not in _SAFE_METHODS and not hmac.compare_digest(shown.encode(), csrf.encode()):
        raise NotAllowed(f"the header {CSRF_HEADER} does not fit the session", hint="its value is csrf of GET /me")
    return Visitor(Person(session.user, via="session"), session.role, csrf)


Visit = Annotated[Visitor, Depends(find_visitor)]
"""Whoever is known, whatever their role."""

Anybody = Depends(let_anybody)
"""Whoever comes: a dependency of routes for those who are not known yet."""


def _may(right: Right) -> Callable[[Visitor], Person]:
    def check(visitor: Visit) -> Person:
        if right in RIGHTS[visitor.role]:
            return visitor.person
        needed = " or ".join(role for role in Role if right in RIGHTS[role])
        raise NotAllowed(
            f"{visitor.person.name} is {visitor.role} here, and this wants {needed}",
            hint="roles are given where the project is: ostinato user role NAME ROLE",
        )

    return check


may_look, may_act, may_manage = (_may(right) for right in (Right.LOOK, Right.ACT, Right.MANAGE))

Viewer = Annotated[Person, Depends(may_look)]
"""Somebody who may look."""

Operator = Annotated[Person, Depends(may_act)]
"""Somebody who may act."""

Admin = Annotated[Person, Depends(may_manage)]
"""Somebody who may say who else may."""

GUARDS = frozenset({may_look, may_act, may_manage, find_visitor, let_anybody})
"""What decides who may use a route: each has one."""
