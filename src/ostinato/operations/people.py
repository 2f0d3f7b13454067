"""Who asks, and the record of what they changed."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from datetime import datetime

from ostinato.model.engine import AuditEntry
from ostinato.store import journal
from ostinato.store.database import Tx


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks for something, by the name that is recorded."""

    name: str


def find_person() -> Person:
    """Return the user of the system that this process runs as; by number where it has no name, as in a container."""
    try:
        return Person(getpass.getuser())
    except (OSError, KeyError):
        return Person(f"uid {os.getuid()}")


def note_change(tx: Tx, by: Person, action: str, target: str, *, reason: str, now: datetime) -> None:
    """Record, in the transaction of the change itself, who changed what and why."""
    journal.record_audit(tx, AuditEntry(at=now, actor=by.name, action=action, target=target, reason=reason))
