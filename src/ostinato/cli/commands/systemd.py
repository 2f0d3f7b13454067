"""``ostinato systemd``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from ostinato.cli.options import Flag, Given
from ostinato.cli.project import project_file
from ostinato.config import load_config
from ostinato.processes.units import Part, Unit, make_units


def systemd(
    part: Annotated[
        Part | None, Parameter(help="What the unit is to run. Left out: engine, agent and console, each by itself.")
    ] = None,
    /,
    *,
    user: Annotated[bool, Flag, Parameter(help="For the systemd of a user, and not that of the machine.")] = False,
    name: Annotated[
        str, Parameter(help="What the units are called: each project of a machine needs a name of its own.")
    ] = "ostinato",
    session: Given,
) -> None:
    """Print units of systemd for this project.

    They start the present interpreter in the project's folder, as the user whose folder it is. All of them say when
    they are ready, what they do, and that they live; when an agent is started again, the commands that it has
    begun go on. Each line that is not obvious says why it is there. Nothing is installed.
    """
    file = project_file(session)
    parts = (Part.ENGINE, Part.AGENT, Part.CONSOLE) if part is None else (part,)
    units = make_units(load_config(file), file, parts, name=name, user=user)
    if session.json:
        session.answer_json([asdict(unit) for unit in units])
    else:
        session.answer(_lines(units))


def _lines(units: Sequence[Unit]) -> Iterator[str]:
    for unit in units:
        yield f"# {unit.folder}/{unit.name}"
        yield f"# To start it, now and at every boot: {unit.start}"
        yield unit.text
