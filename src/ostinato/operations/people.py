"""Who asks, and the record of what they changed."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from datetime import datetime

from ostinato.errors import NotPossible
from ostinato.model.engine import AuditEntry
from ostinato.operations.command_lines import CommandLine
from ostinato.store import journal
from ostinato.store.database import Tx


@dataclass(frozen=True, slots=True)
class Request:
    """One request that may be sent again, and what it asks something for: done once, however often it comes."""

    id: str
    target: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks for something, by the name that is recorded.

    ``via`` is how they came in, where that was not as a user of this machine. A ``request`` is recorded with what is
    changed, and not carried out again.
    """

    name: str
    via: str = ""
    request: Request | None = None


class DoneAlready(NotPossible):
    """The same request has done that before, from another process or thread, and just now."""

    code = "done_already"


def find_person() -> Person:
    """Return the user of the system that this process runs as; by number where it has no name, as in a container."""
    try:
        return Person(getpass.getuser())
    except (OSError, KeyError):
        return Person(f"uid {os.getuid()}")


def note_change(
    tx: Tx, by: Person, action: str, target: str, *, line: CommandLine | None, reason: str, now: datetime
) -> None:
    """Record, in the transaction of the change itself, who changed what and why, and how the command line says it.

    There is no ``line`` for what no command can say in full. ``DoneAlready``, which undoes the change, for a request
    that has made it before.
    """
    entry = AuditEntry(
        at=now,
        actor=by.name,
        action=action,
        target=target,
        reason=reason,
        command=None if line is None else line.write(reason),
        via=by.via,
        request=by.request.id if by.request else None,
        request_target=by.request.target if by.request else None,
    )
    if not journal.record_audit(tx, entry):
        raise DoneAlready(f"{action} of {target} was done before by the same request")
