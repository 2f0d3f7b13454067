"""Units of systemd for the processes of a project, written for this interpreter and this project's settings.

Owns what the units say and why. It installs nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from ostinato.agent.farewell import FAREWELL_SECONDS
from ostinato.config import Config

WATCHDOG = timedelta(minutes=3)
"""A loop that has hung for so long is ended. Waiting for a busy database takes minutes at most, and is no hanging."""
LEEWAY = timedelta(seconds=20)
"""What an agent may take to leave beyond its grace period and farewell."""
ENGINE_STOP = timedelta(seconds=90)
"""How long an engine may take to finish the pass that it has begun."""
CONSOLE_STOP = timedelta(seconds=30)
"""How long a console may take to finish the answers that it has begun."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PLAIN = re.compile(r"[A-Za-z0-9_@:.,+/=%-]+")


class Part(StrEnum):
    """What a unit runs."""

    ENGINE = "engine"
    AGENT = "agent"
    CONSOLE = "console"
    UP = "up"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: the name of its file, the folder where systemd looks for it, and what is in it.

    ``start`` is the command that has systemd start it now and at every boot.
    """

    name: str
    folder: str
    text: str
    start: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the units are for: the project and its file, whose it is, and what its units are called."""

    folder: Path
    file: Path
    owner: str
    name: str
    user: bool


def make_units(config: Config, file: Path, parts: Sequence[Part], *, name: str, user: bool) -> list[Unit]:
    """Write the units of ``parts`` for the project of ``file``, called ``name``-PART; with ``user`` for its own user.

    A unit for users is run by the systemd of the one who installs it, any other by that of the machine as the owner of
    the project's folder.
    """
    place = _Place(config.folder, file.absolute(), _owner_of(config.folder), name, user)
    return [_make_unit(part, place, config.agent.grace_period) for part in parts]


def _make_unit(part: Part, place: _Place, grace: timedelta) -> Unit:
    stem = f"{place.name}-{part}"
    file, instance = (f"{stem}@.service", f"{stem}@1.service") if part is Part.AGENT else (f"{stem}.service",) * 2
    sections = {"Unit": _describe(part, place), "Service": _serve(part, place, grace), "Install": _install(place)}
    systemctl = "systemctl --user" if place.user else "systemctl"
    return Unit(
        name=file,
        folder="~/.config/systemd/user" if place.user else "/etc/systemd/system",
        text="\n".join(f"[{title}]\n{lines}" for title, lines in sections.items()),
        start=f"{systemctl} enable --now {instance}",
    )


def _describe(part: Part, place: _Place) -> str:
    what = {Part.AGENT: "agent %i", Part.UP: "engine, agent and console"}.get(part, part.value)
    lines = [f"Description=Ostinato {what} of {_escape(str(place.folder))}"]
    if not place.user:
        lines += ["Wants=network-online.target", "After=network-online.target postgresql.service"]
    return _join([*lines, "# However often it has ended, it is started again.", "StartLimitIntervalSec=0"])


def _serve(part: Part, place: _Place, grace: timedelta) -> str:
    farewell = grace + timedelta(seconds=FAREWELL_SECONDS) + LEEWAY
    stop = {Part.ENGINE: ENGINE_STOP, Part.CONSOLE: CONSOLE_STOP}.get(part, farewell)
    lines = [
        "# It says when it is ready, and at each turn of its loop that it lives. A loop that hangs is ended.",
        "Type=notify",
        "NotifyAccess=main",
        f"WatchdogSec={WATCHDOG.total_seconds():.0f}",
        f"ExecStart={_command(part, place)}",
        f"WorkingDirectory={_escape(str(place.folder))}",
        "# Commands find the programs that are installed beside this interpreter.",
        f"Environment={_quote(f'PATH={Path(sys.executable).parent}:{_PATH}')}",
        *([] if place.user else [f"User={place.owner}"]),
        "Restart=always",
        "RestartSec=5",
        f"TimeoutStopSec={stop.total_seconds():.0f}",
    ]
    starts_commands = part in (Part.AGENT, Part.UP)
    return _join([*lines, *(_spare_commands() if starts_commands else _shield(place))])


def _spare_commands() -> list[str]:
    return [
        "# Only the agent itself is told to stop. The commands that it has begun go on under their supervisor, and the",
        "# next agent of this name takes them over: a restart neither kills work nor loses how it ends. systemd says",
        "# that processes are left over; that is meant. To end them too: systemctl kill --kill-whom=all UNIT",
        "KillMode=process",
        "# A command that the kernel kills for want of memory is a failed run, and no reason to stop the agent.",
        "OOMPolicy=continue",
        "# Commands may do what their user may. Nothing else is forbidden here, for nobody knows what they need: no",
        "# private /tmp, which would be emptied under those that outlive a restart, and sudo goes on to work.",
        "ProtectControlGroups=yes",
    ]


def _shield(place: _Place) -> list[str]:
    """Return what keeps who starts no commands to what it needs: its project, its database, and the network."""
    if place.user:
        return ["# It starts no commands, and needs no more rights than it has.", "NoNewPrivileges=yes"]
    return [
        "# It starts no commands: it needs its project and its database, and little else.",
        "NoNewPrivileges=yes",
        "ProtectSystem=full",
        "PrivateDevices=yes",
        "ProtectControlGroups=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "RestrictSUIDSGID=yes",
        "LockPersonality=yes",
    ]


def _install(place: _Place) -> str:
    return _join([f"WantedBy={'default.target' if place.user else 'multi-user.target'}"])


def _command(part: Part, place: _Place) -> str:
    options = {
        Part.ENGINE: ["engine", "--forever"],
        Part.AGENT: ["agent", "--forever", "--name", "%H-%i"],  # no other machine has that
        Part.CONSOLE: ["console"],
        Part.UP: ["up"],
    }[part]
    program, project = (_quote(path).replace("$", "$$") for path in (sys.executable, str(place.file)))
    return " ".join([program, "-P -m ostinato", *options, "--project", project])


def _owner_of(folder: Path) -> str:
    """Return the user whose a folder is; by number where it has no name, as in a container."""
    try:
        return folder.owner()
    except KeyError:
        return str(folder.stat().st_uid)


def _quote(word: str) -> str:
    """Write a word as systemd reads it back from a list of words."""
    escaped = _escape(word.replace("\\", "\\\\").replace('"', '\\"'))
    return escaped if _PLAIN.fullmatch(escaped) else f'"{escaped}"'


def _escape(text: str) -> str:
    """Keep systemd from taking anything in ``text`` for a specifier."""
    return text.replace("%", "%%")


def _join(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
