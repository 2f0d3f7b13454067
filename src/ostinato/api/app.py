"""The API as one application: its routes, what is known to all of them, and its description."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from threading import Event
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from ostinato import __version__
from ostinato.api.access import Access
from ostinato.api.answers import EVERY_ROUTE, answer_errors
from ostinato.api.feed import Feed
from ostinato.api.routes import actions, audit, declared, engine, live, night, overview, plans, runs, session, slots
from ostinato.operations.news import Reporter
from ostinato.operations.night import Nights
from ostinato.world import World

PREFIX = "/api/v1"
DESCRIPTION = """\
What the command line shows and does, for programs. Both call the same operations and answer with the same JSON.

Keys are in snake_case, instants in UTC as ISO 8601 with Z, durations in seconds. More keys may come; these stay. Lists
come in pages: `next` of one page is the `cursor` of the next. Whatever fails is answered with
`{"error": {"code", "message", "hint"}}`; `code` is stable.
"""
ROUTERS: tuple[APIRouter, ...] = (
    overview.router,
    night.router,
    live.router,
    slots.router,
    runs.router,
    plans.router,
    declared.router,
    engine.router,
    actions.router,
    audit.router,
    session.router,
)
"""The routes of every subject."""


def make_app(world: World, *, access: Access, stopping: Event | None = None) -> FastAPI:
    """Make the application that answers for the project of ``world``, which it does not close.

    ``stopping`` is set by whoever runs it when it is to stop: streams end then.
    """
    app = _make_bare_app()
    app.state.world, app.state.access, app.state.stopping = world, access, stopping or Event()
    app.state.nights = Nights(world)
    app.state.feed = Feed(partial(Reporter, app.state.nights), app.state.stopping)
    return app


def describe_api() -> dict[str, Any]:
    """Return the description of the API, in OpenAPI: what `make docs` writes and clients are generated from."""
    return _make_bare_app().openapi()


class _Api(FastAPI):
    """An application whose description knows no 422: a wrong question is answered like everything that fails."""

    def openapi(self) -> dict[str, Any]:
        """Return the description, in OpenAPI."""
        described = super().openapi()
        for operations in described["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            described["components"]["schemas"].pop(name, None)
        return described


def _make_bare_app() -> FastAPI:
    app = _Api(
        title="Ostinato",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=_name_operation,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        routes=[*_list_routes()],
    )
    answer_errors(app)
    return app


@cache
def _list_routes() -> Sequence[BaseRoute]:
    """List all routes. What is worked out of them at the first request is shared by the applications of a process."""
    api = APIRouter(prefix=PREFIX, responses=EVERY_ROUTE, generate_unique_id_function=_name_operation)
    for router in ROUTERS:
        api.include_router(router)
    return tuple(api.routes)


def _name_operation(route: APIRoute) -> str:
    """Name an operation for its function: generated clients call it that."""
    return route.name
