"""Commands: what exactly is started for a run. Placeholders and ``OSTINATO_*`` variables say the same."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ostinato.model.runs import ClaimedRun
from ostinato.policies.placeholders import LABELS, expand

RUN_VARIABLE = "OSTINATO_RUN"
AGENT_VARIABLE = "OSTINATO_AGENT"
PROJECT_VARIABLE = "OSTINATO_PROJECT"
"""These three together mark the processes of a run: several agents may serve several projects here."""

_OURS = re.compile(
    r"OSTINATO_(ACCOUNT|START|END|START_DATE|END_DATE|SLOT|RUN|ATTEMPT|DEFINITION|AGENT|PROJECT|LABEL_.*|PARAMETER_.*)"
)


@dataclass(frozen=True, slots=True)
class Command:
    """One process to start: its arguments, its whole environment, where it starts, where its output goes."""

    run_id: int
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    working_directory: Path
    log: Path
    time_limit: timedelta | None = None


def log_path(logs: Path, run_id: int) -> Path:
    """Return where the log of a run lies."""
    return logs / f"{run_id}.log"


def build_command(
    run: ClaimedRun, *, agent: str, project: Path, logs: Path, inherited: Mapping[str, str] | None = None
) -> Command:
    """Make the command of a run, every placeholder among its arguments replaced.

    It gets the agent's environment (or ``inherited``), what the definition declares and the ``OSTINATO_*``
    variables. ``python`` on its PATH is the interpreter that Ostinato runs with, unless the definition
    declares a PATH; Python does not hold its output back. A relative working directory counts from
    ``project``, which is absolute. ``ValueError`` names a placeholder that has no value.
    """
    definition, values = run.definition, _list_values(run)
    return Command(
        run_id=run.id,
        arguments=tuple(expand(argument, values) for argument in definition.command),
        environment={
            **_inherit(os.environ if inherited is None else inherited),
            **definition.environment,
            **_variables(run),
            AGENT_VARIABLE: agent,
            PROJECT_VARIABLE: str(project),
        },
        working_directory=project / (definition.working_directory or ""),
        log=log_path(logs, run.id),
        time_limit=definition.time_limit,
    )


def _list_values(run: ClaimedRun) -> dict[str, str]:
    """Return what the placeholders of a run's command stand for.

    Parameters come under their own names, but never in place of what the run itself knows.
    """
    labels = {f"{LABELS}{name}": value for name, value in run.labels.items()}
    return {**run.parameters, **labels, **_facts(run)}


def _facts(run: ClaimedRun) -> dict[str, str]:
    """Return what a run knows of itself. A one-off has the period of its parameters ``start`` and ``end``."""
    facts = {"run": str(run.id), "attempt": str(run.attempt), "definition": run.definition.name}
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
