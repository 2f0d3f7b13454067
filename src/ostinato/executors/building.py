"""Building commands: from a step and its input to what is started. Placeholders and ``OSTINATO_*`` say the same."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from ostinato.executors.commands import (
    AGENT_VARIABLE,
    OUTPUT_VARIABLE,
    PROJECT_VARIABLE,
    STEP_VARIABLE,
    Command,
)
from ostinato.executors.logs import log_path, output_path
from ostinato.model.references import REFERENCE, VALUE, resolve
from ostinato.model.runs import ClaimedRun
from ostinato.model.steps import Json
from ostinato.model.work import WorkItem
from ostinato.policies.declared_plans import JOINED
from ostinato.policies.placeholders import LABELS, expand

_OURS = re.compile(
    r"OSTINATO_(ACCOUNT|START|END|START_DATE|END_DATE|SLOT|RUN|STEP|ATTEMPT|DEFINITION|AGENT|PROJECT|COMMAND|OUTPUT"
    r"|LABEL_.*|PARAMETER_.*)"
)


def build_command(
    run: ClaimedRun,
    item: WorkItem,
    *,
    agent: str,
    project: Path,
    logs: Path,
    is_only_step: bool,
    inherited: Mapping[str, str] | None = None,
) -> Command:
    """Make the command of a step from its input, with references resolved and placeholders replaced.

    The input has ``arguments`` and may have ``environment`` and ``working_directory``. Each text in them is a template
    with placeholders (taken as it stands if the input says ``literal``), a reference to another step's output, or
    ``{"$text": [...]}``, which joins such parts. What comes out of a reference is never a template, and is written as
    JSON unless it is text.

    The command gets the agent's environment (or ``inherited``), what is declared, and the ``OSTINATO_*`` variables.
    ``python`` on its PATH is the interpreter that Ostinato runs with, unless a PATH is declared; Python does not hold
    its output back. A relative working directory counts from ``project``, which is absolute. ``is_only_step`` tells
    that the run has no other steps. ``ValueError`` or ``UnresolvedReference`` says what is wrong with the input.
    """
    given = _read_input(item)
    fill = str if given.literal else partial(expand, values=list_values(run))
    write = partial(_write, fill=fill, outputs=item.outputs)
    log = log_path(logs, run.id, None if is_only_step else item.step.number)
    return Command(
        key=item.key,
        arguments=tuple(write(argument) for argument in given.arguments),
        environment={
            **_inherit(os.environ if inherited is None else inherited),
            **{name: write(value) for name, value in given.environment.items()},
            **_variables(run),
            STEP_VARIABLE: item.step.name,
            OUTPUT_VARIABLE: str(output_path(log)),
            AGENT_VARIABLE: agent,
            PROJECT_VARIABLE: str(project),
        },
        working_directory=project / write(given.working_directory or ""),
        log=log,
        time_limit=item.step.rules.timeout,
        try_number=item.step.tries,
    )


@dataclass(frozen=True, slots=True)
class _Input:
    """The input of a command, before references in its parts are resolved."""

    arguments: Sequence[Json]
    environment: Mapping[str, Json]
    working_directory: Json
    literal: bool


def _read_input(item: WorkItem) -> _Input:
    given = item.step.input if isinstance(item.step.input, Mapping) else {}
    match _open(given.get("arguments"), item.outputs), _open(given.get("environment") or {}, item.outputs):
        case [_, *_] as arguments, Mapping() as environment:
            return _Input(arguments, environment, given.get("working_directory"), bool(given.get("literal")))
        case [_, *_], _:
            raise ValueError("the environment of a command is a mapping of names to texts")
    raise ValueError("the arguments of a command are a list that begins with a program")


def _open(collection: Json, outputs: Mapping[int, Json]) -> Json:
    """Return a list or mapping; of one that comes out of a reference, the parts are marked as being none themselves."""
    if not (isinstance(collection, Mapping) and REFERENCE in collection):
        return collection
    match resolve(collection, outputs):
        case list(items):
            return [{VALUE: item} for item in items]
        case dict(items):
            return {name: {VALUE: item} for name, item in items.items()}
    return None


def _write(part: Json, *, fill: Callable[[str], str], outputs: Mapping[int, Json]) -> str:
    """Return a part of a command as text: a template, a reference, or several of these joined."""
    if isinstance(part, str):
        return fill(part)
    if isinstance(part, Mapping) and part.keys() == {JOINED}:
        return "".join(_write(piece, fill=fill, outputs=outputs) for piece in part[JOINED])
    value = resolve(part, outputs)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def list_values(run: ClaimedRun) -> dict[str, str]:
    """Return what the placeholders in a run's definition stand for.

    Parameters come under their own names, but never in place of what the run itself knows.
    """
    labels = {f"{LABELS}{name}": value for name, value in run.labels.items()}
    return {**run.parameters, **labels, **_facts(run)}


def _facts(run: ClaimedRun) -> dict[str, str]:
    """Return what a run knows of itself. A one-off has the period of its parameters ``start`` and ``end``."""
    facts = {"run": str(run.id), "attempt": str(run.attempt)}
    if run.definition is not None:
        facts["definition"] = run.definition.name
    if run.account is not None:
        facts["account"] = run.account
    if run.slot is not None:
        facts["slot"] = str(run.slot)
    zone = ZoneInfo(run.time_zone)
    for name, bound in (("start", run.starts_at), ("end", run.ends_at)):
        instant = bound or _read_instant(run.parameters, name, zone)
        if instant is not None:
            facts[name] = instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
            facts[f"{name}_date"] = instant.astimezone(zone).date().isoformat()
    return facts


def _inherit(environment: Mapping[str, str]) -> dict[str, str]:
    """Take over an environment, but nothing said about another run: this agent may itself be part of one."""
    interpreters = str(Path(sys.executable).parent)
    return {
        "PYTHONUNBUFFERED": "1",
        **{name: value for name, value in environment.items() if not _OURS.fullmatch(name)},
        "PATH": os.pathsep.join([interpreters, environment.get("PATH", os.defpath)]),
    }


def _variables(run: ClaimedRun) -> dict[str, str]:
    return {
        **{f"OSTINATO_{_shout(name)}": value for name, value in _facts(run).items()},
        **{f"OSTINATO_LABEL_{_shout(name)}": value for name, value in run.labels.items()},
        **{f"OSTINATO_PARAMETER_{_shout(name)}": value for name, value in run.parameters.items()},
    }


def _shout(name: str) -> str:
    return re.sub(r"\W", "_", name, flags=re.ASCII).upper()


def _read_instant(parameters: Mapping[str, str], name: str, zone: ZoneInfo) -> datetime | None:
    if name not in parameters:
        return None
    try:
        instant = datetime.fromisoformat(parameters[name])
    except ValueError:
        expected = "expected one such as 2026-01-31T00:00:00Z"
        raise ValueError(f"the parameter {name} is {parameters[name]!r}, which is no instant; {expected}") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=zone)
