"""``ostinato console``, and the console beside ``ostinato up``."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import structlog
from cyclopts import Parameter
from rich.text import Text

from ostinato.cli.log_lines import Logs
from ostinato.cli.options import Given, LogFormatOption, Plain, PortOption
from ostinato.cli.project import opened, project_file
from ostinato.cli.session import Session
from ostinato.console.driver import run_console
from ostinato.console.pages import is_built
from ostinato.console.server import ConsoleServer, PortTaken
from ostinato.world import open_world

log = structlog.get_logger()


def console(
    *,
    host: Annotated[
        str | None, Plain, Parameter(help="The address to listen on. Left out, as the project says.")
    ] = None,
    port: PortOption = None,
    log_format: LogFormatOption = None,
    session: Given,
) -> None:
    """Serve the console: pages for people, and the API for programs.

    It listens on this machine alone unless the project or `--host` says otherwise, and on an address that others can
    reach only if somebody can log in. Ctrl-C or SIGTERM stops it. It is no part of the work: engine and agents go on
    without it.

    With `--json` it prints an object with its `url` when it listens.
    """
    level = logging.WARNING if session.messages.is_terminal else logging.INFO
    with opened(session, logs=Logs(level, log_format)) as world:
        server = ConsoleServer(world, host=host, port=port)
        tell_where(session, server)
        run_console(server)


@contextmanager
def beside(session: Session, *, port: int | None) -> Iterator[None]:
    """Serve the console of a project that has a database while something else goes on.

    It has connections of its own, so that no reader keeps the engine waiting. Where its port is taken, it is left out.
    """
    with open_world(project_file(session), create=False) as world:
        try:
            server = ConsoleServer(world, port=port)
        except PortTaken as taken:
            _tell(session, f"The console is left out: {taken.message}", "console_left_out", reason=taken.message)
            yield
        else:
            tell_where(session, server)
            with server:
                yield


def tell_where(session: Session, server: ConsoleServer) -> None:
    """Say where to open the console, and whether there is anything to be seen."""
    if session.json:
        session.answer_json({"event": "console", "url": server.url}, on_one_line=True)
    elif session.messages.is_terminal:  # elsewhere there is a line in the log
        session.tell(Text.assemble("Console: ", (server.url, "bold")))
    if not is_built():
        hint = "only the API works; to build them: make console"
        _tell(session, f"The pages of the console are not built here: {hint}", "console_not_built", hint=hint)


def _tell(session: Session, sentence: str, event: str, **values: str) -> None:
    """Tell something to a person at a terminal, or else to the log."""
    if session.messages.is_terminal:
        session.tell(sentence)
    else:
        log.warning(event, **values)
