"""How errors are answered: which status they have, and the one form in which all of them are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, NotRequired

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import TypedDict

from ostinato.errors import (
    ActionNotFound,
    DeclarationError,
    InvalidValue,
    NoDatabase,
    NotAllowed,
    NotFound,
    NotLoggedIn,
    NotPossible,
    OstinatoError,
    PlanningError,
    Problem,
    SchemaMismatch,
    StoreUnavailable,
    TooManyAttempts,
)
from ostinato.operations.shapes import Problem as ProblemShape

STATUSES: tuple[tuple[type[OstinatoError], HTTPStatus], ...] = (
    (InvalidValue, HTTPStatus.BAD_REQUEST),
    (NotLoggedIn, HTTPStatus.UNAUTHORIZED),
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (TooManyAttempts, HTTPStatus.TOO_MANY_REQUESTS),
    (NotFound, HTTPStatus.NOT_FOUND),
    (ActionNotFound, HTTPStatus.NOT_FOUND),
    (NotPossible, HTTPStatus.CONFLICT),
    (PlanningError, HTTPStatus.CONFLICT),
    (StoreUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (SchemaMismatch, HTTPStatus.SERVICE_UNAVAILABLE),
    (NoDatabase, HTTPStatus.SERVICE_UNAVAILABLE),
)
"""The status of each error that is told apart. All others are the server's own: 500."""

_BUG_HINT = "this is a bug in Ostinato: the log of the server has the traceback, which is what a report should hold"
_CODES = {
    HTTPStatus.NOT_FOUND: ("not_found", "there is nothing at {path}", "what there is: /api/v1/openapi.json"),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "method_not_allowed",
        "{path} knows no {method}",
        "the header Allow says what it does",
    ),
}

log = structlog.get_logger()


class ErrorDetail(TypedDict):
    """What is wrong, and what to do about it. ``code`` is stable; programs go by it."""

    code: str
    message: str
    hint: str
    problems: NotRequired[list[ProblemShape]]


class ErrorAnswer(TypedDict):
    """What every request is answered with that fails."""

    error: ErrorDetail


def failing(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Declare with which statuses a route may fail, beside those that every route may."""
    return {status.value: {"model": ErrorAnswer, "description": status.phrase} for status in statuses}


EVERY_ROUTE = failing(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
"""How any route may fail: the question is wrong, who asks may not, or the database is away."""


NOT_FOUND = failing(HTTPStatus.NOT_FOUND)
"""How a route may fail, too, that is asked about something by its name."""
NOT_POSSIBLE = failing(HTTPStatus.CONFLICT)
"""And one to which something may not apply in the present state."""


def status_of(error: OstinatoError) -> HTTPStatus:
    """Return the status with which an error is answered."""
    found = (status for kind, status in STATUSES if isinstance(error, kind))
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR)


def make_answer(
    status: HTTPStatus,
    code: str,
    message: str,
    hint: str = "",
    *,
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Make the answer to a request that fails."""
    detail: dict[str, Any] = {"code": code, "message": message, "hint": hint}
    if problems:
        detail["problems"] = [asdict(problem) for problem in problems]
    return JSONResponse({"error": detail}, status_code=status, headers=headers)


def answer_errors(app: FastAPI) -> None:
    """Have an app answer everything that fails in the one form."""
    app.exception_handler(OstinatoError)(_answer_ours)
    app.exception_handler(RequestValidationError)(_answer_wrong_request)
    app.exception_handler(HTTPException)(_answer_http)
    app.add_middleware(_Unforeseen)


def _answer_ours(request: Request, error: OstinatoError) -> JSONResponse:
    status = status_of(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request_failed", path=request.url.path, code=error.code, error=error.message, exc_info=error)
    problems = error.problems if isinstance(error, DeclarationError) else ()
    return make_answer(status, error.code, error.message, error.hint, problems=problems, headers=_headers_of(error))


def _headers_of(error: OstinatoError) -> dict[str, str]:
    """Return what the status of an error has told by a header."""
    match error:
        case TooManyAttempts():
            return {"Retry-After": str(error.retry_after_seconds)}
        case NotLoggedIn():
            return {"WWW-Authenticate": "Bearer"}
    return {}


def _answer_wrong_request(request: Request, error: RequestValidationError) -> JSONResponse:
    problems = list(_read_problems(error.errors()))
    message = "1 thing is wrong with the request" if len(problems) == 1 else f"{len(problems)} things are wrong with it"
    return make_answer(HTTPStatus.BAD_REQUEST, "bad_request", message, problems[0].message, problems=problems)


def _read_problems(errors: Iterable[Mapping[str, Any]]) -> Iterable[Problem]:
    for error in errors:
        place, *keys = error["loc"]
        yield Problem(str(error["msg"]).removeprefix("Value error, "), key=".".join(map(str, keys)) or str(place))


def _answer_http(request: Request, error: HTTPException) -> JSONResponse:
    """Answer what the framework refuses by itself: a path that is not there, a method that a path has not."""
    status, path = HTTPStatus(error.status_code), request.url.path
    code, message, hint = _CODES.get(status, (status.name.lower(), error.detail, ""))
    text = message.format(path=path, method=request.method) if status in _CODES else message
    return make_answer(status, code, text, hint, headers=error.headers)


class _Unforeseen:
    """Answers exceptions that nobody foresaw, and logs their traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            log.exception("request_failed", path=scope["path"], error=repr(error))
            if begun:  # its beginning is on its way: all that is left is to break it off
                raise
            answer = make_answer(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "bug",
                f"something went wrong that nobody foresaw: {type(error).__name__}",
                _BUG_HINT,
            )
            await answer(scope, receive, send)
