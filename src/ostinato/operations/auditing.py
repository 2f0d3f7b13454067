"""The audit log: who changed what, when and why, as operations have noted it down."""

from __future__ import annotations

from datetime import datetime

from ostinato.model.engine import AuditEntry
from ostinato.store import journal
from ostinato.world import World


def list_audit(
    world: World,
    *,
    actor: str | None = None,
    action: str | None = None,
    target: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before_id: int | None = None,
    limit: int | None = None,
) -> list[AuditEntry]:
    """List what people changed, newest first: what fits every filter given.

    ``target`` is any part of what is named there: of ``run 5 of sales/acme/2026-01-31``, say, the slot alone. A list
    goes on after the entry ``before_id``. ``until`` itself is not included.
    """
    with world.store.read() as tx:
        return journal.list_audit(
            tx,
            limit=limit,
            about=target,
            actor=actor,
            action=action,
            since=since,
            until=until,
            before_id=before_id,
        )
