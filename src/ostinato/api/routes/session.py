"""Logging in and out: by a name and a password, for people with a browser."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import Field
from typing_extensions import TypedDict

from ostinato.api.access import Access, Anybody, Visit, make_csrf, name_cookie
from ostinato.api.answers import failing
from ostinato.api.dependencies import TheWorld
from ostinato.errors import NotLoggedIn, NotPossible
from ostinato.model.access import Role
from ostinato.operations import access as operations
from ostinato.operations import shapes
from ostinato.operations.passwords import LONGEST

router = APIRouter(tags=["access"])
log = structlog.get_logger()


class Credentials(TypedDict):
    """What somebody logs in by."""

    name: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
    password: Annotated[str, Field(max_length=LONGEST)]


@shapes.described
class Session(TypedDict):
    """A session that has begun. ``csrf`` goes along with whatever a page changes, in the header X-Ostinato-CSRF."""

    name: str
    role: Role
    csrf: str


@router.post("/session", dependencies=[Anybody], responses=failing(HTTPStatus.TOO_MANY_REQUESTS))
def log_in(given: Credentials, request: Request, response: Response, world: TheWorld) -> Session:
    """Log in. The session is kept in a cookie that no script can read."""
    access: Access = request.app.state.access
    address = request.client.host if request.client else ""
    access.attempts.begin(given["name"], address, world.clock.now())
    try:
        begun = operations.log_in(world, given["name"], given["password"])
    except NotLoggedIn:
        log.warning("login_refused", address=address)  # who mistakes one field for the other has typed a password there
        raise
    access.attempts.succeed(given["name"], address)
    log.info("logged_in", user=begun.session.user, address=address)
    response.set_cookie(
        name_cookie(request),
        begun.secret,
        max_age=int(operations.LONGEST.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return {"name": begun.session.user, "role": begun.session.role, "csrf": make_csrf(begun.secret)}


@router.delete("/session", status_code=HTTPStatus.NO_CONTENT, responses=failing(HTTPStatus.CONFLICT))
def log_out(request: Request, response: Response, world: TheWorld, visitor: Visit) -> None:
    """Log out: the session ends, here and for whoever has got hold of it."""
    if visitor.csrf is None:
        raise NotPossible("nobody has logged in to ask this", hint="a token is removed by: ostinato token remove NAME")
    operations.log_out(world, request.cookies[name_cookie(request)])
    response.delete_cookie(name_cookie(request), httponly=True, samesite="strict", secure=request.url.scheme == "https")
