"""Opening the project that a command is about."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ostinato.cli.log_lines import QUIET, Logs, set_up_logging
from ostinato.cli.session import Session
from ostinato.config import PROJECT_FILE, find_project
from ostinato.world import World, open_rehearsal, open_world


@contextmanager
def opened(session: Session, *, create: bool = False, check_schema: bool = True, logs: Logs = QUIET) -> Iterator[World]:
    """Open the project that the session means, with its store, and close it again. Sets up the log lines too.

    From then on the modules in its folder can be imported: its plans and actions are there. ``create`` is for commands
    that a project may begin with; all others raise ``NoDatabase`` where there is none, and make none.
    """
    set_up_logging(session.messages, logs)
    world = open_world(project_file(session), create=create, check_schema=check_schema)
    _make_importable(world)
    try:
        yield world
    finally:
        world.close()


@contextmanager
def opened_to_rehearse(session: Session) -> Iterator[World]:
    """Open the project that the session means as ``opened`` does; one that has no database yet, with an empty one."""
    set_up_logging(session.messages, QUIET)
    with open_rehearsal(project_file(session)) as world:
        _make_importable(world)
        yield world


def _make_importable(world: World) -> None:
    if str(world.config.folder) not in sys.path:
        sys.path.insert(0, str(world.config.folder))


def project_file(session: Session) -> Path:
    """Return the file of the project that the session means."""
    if session.project is None:
        return find_project(Path.cwd())
    return session.project / PROJECT_FILE if session.project.is_dir() else session.project
