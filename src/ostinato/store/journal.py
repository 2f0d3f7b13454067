"""What the engine and people leave behind: passes, states of sources, revisions, leadership and the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from ostinato.model.engine import AuditEntry, Pass, SourceState, StepOutcome
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.dialects import count_inserted, insert_or_skip, upsert
from ostinato.store.prepared import Prepared

_REVISION = Prepared(select(t.revisions.c.value).where(t.revisions.c.name == bindparam("of")))


def keep_pass(tx: Tx, *, engine: str, started_at: datetime, seconds: float, outcomes: Sequence[StepOutcome]) -> None:
    """Store one pass of the engine."""
    rows = [asdict(outcome) for outcome in outcomes]
    tx.execute(insert(t.passes).values(engine=engine, started_at=started_at, seconds=seconds, outcomes=rows))


def list_passes(tx: Tx, *, limit: int) -> list[Pass]:
    """List the latest passes, newest first."""
    rows = tx.execute(select(t.passes).order_by(t.passes.c.id.desc()).limit(limit))
    return [
        Pass(
            id=row.id,
            engine=row.engine,
            started_at=row.started_at,
            seconds=row.seconds,
            outcomes=tuple(StepOutcome(**outcome) for outcome in row.outcomes),
        )
        for row in rows
    ]


def prune_passes(tx: Tx, *, before: datetime) -> int:
    """Drop the passes that started before an instant."""
    return tx.execute(delete(t.passes).where(t.passes.c.started_at < before)).rowcount


def keep_source_state(tx: Tx, state: SourceState) -> None:
    """Store how a source was last loaded; a failed load keeps the time of the last good one."""
    values: dict[str, Any] = asdict(state)
    if state.succeeded_at is None:
        del values["succeeded_at"]
    tx.execute(upsert(tx, t.sources, values))


def list_source_states(tx: Tx) -> list[SourceState]:
    """List how every source was last loaded, accounts first."""
    rows = tx.execute(select(t.sources).order_by(t.sources.c.kind, t.sources.c.name))
    return [
        SourceState(
            name=row.name,
            kind=row.kind,
            rows=row.rows,
            loaded_at=row.loaded_at,
            succeeded_at=row.succeeded_at,
            error=row.error,
            held_back=row.held_back,
        )
        for row in rows
    ]


def remove_source_states(tx: Tx, *, kind: str, keep: Sequence[str]) -> None:
    """Forget the sources of ``kind`` that are declared no longer."""
    tx.execute(delete(t.sources).where(t.sources.c.kind == kind, t.sources.c.name.not_in(keep)))


def raise_revision(tx: Tx, name: str) -> None:
    """Note that something called ``name`` has changed."""
    tx.execute(insert_or_skip(tx, t.revisions).values(name=name, value=0))
    tx.execute(update(t.revisions).where(t.revisions.c.name == name).values(value=t.revisions.c.value + 1))


def get_revision(tx: Tx, name: str) -> int:
    """Return how often ``name`` has changed."""
    return next((row.value for row in _REVISION.fetch(tx, {"of": name})), 0)


def set_revision(tx: Tx, name: str, value: int) -> None:
    """Note up to which change ``name`` has been followed."""
    tx.execute(upsert(tx, t.revisions, {"name": name, "value": value}))


def take_lease(tx: Tx, name: str, *, holder: str, now: datetime, duration: timedelta) -> bool:
    """Take or renew the lease called ``name``; ``False`` while another holds it.

    One that another holds for longer than ``duration`` is cut down to that: it dates from a clock that was ahead, and
    nobody is to wait for it until then. A holder that lives renews it in time.
    """
    lease, values = t.leases.c, {"holder": holder, "expires_at": now + duration}
    free = (lease.holder == holder) | (lease.expires_at <= now)
    if tx.execute(update(t.leases).where(lease.name == name, free).values(values)).rowcount > 0:
        return True
    if count_inserted(tx, insert_or_skip(tx, t.leases).values(name=name, **values)) > 0:
        return True
    too_long = lease.expires_at > now + duration
    tx.execute(update(t.leases).where(lease.name == name, too_long).values(expires_at=now + duration))
    return False


def release_lease(tx: Tx, name: str, *, holder: str) -> None:
    """Give the lease called ``name`` back."""
    tx.execute(delete(t.leases).where(t.leases.c.name == name, t.leases.c.holder == holder))


def find_lease_holder(tx: Tx, name: str, *, now: datetime) -> str | None:
    """Return who holds the lease called ``name``."""
    return tx.execute(select(t.leases.c.holder).where(t.leases.c.name == name, t.leases.c.expires_at > now)).scalar()


def record_audit(tx: Tx, entry: AuditEntry) -> bool:
    """Store what a person changed; ``False`` when the same request has done that to the same target before."""
    values = asdict(entry)
    del values["id"]
    return count_inserted(tx, insert_or_skip(tx, t.audit).values(values)) > 0


def list_audit(
    tx: Tx,
    *,
    limit: int | None,
    target: str | None = None,
    about: str | None = None,
    actor: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before_id: int | None = None,
) -> list[AuditEntry]:
    """List what people changed, newest first.

    Every filter that is given must fit: ``about`` is a part of the target's name, ``before_id`` the entry after which
    to go on. ``until`` itself is not included.
    """
    audit = t.audit.c
    chosen = select(t.audit).order_by(audit.id.desc()).limit(limit)
    exactly = {audit.target: target, audit.actor: actor, audit.action: action}
    for column, value in exactly.items():
        chosen = chosen if value is None else chosen.where(column == value)
    if about is not None:
        chosen = chosen.where(audit.target.contains(about, autoescape=True))
    if since is not None:
        chosen = chosen.where(audit.at >= since)
    if until is not None:
        chosen = chosen.where(audit.at < until)
    if before_id is not None:
        chosen = chosen.where(audit.id < before_id)
    return [_to_audit_entry(row) for row in tx.execute(chosen)]


def list_done(tx: Tx, request: str) -> list[AuditEntry]:
    """List what a request has done already, in the order in which it was."""
    done = select(t.audit).where(t.audit.c.request == request).order_by(t.audit.c.id)
    return [_to_audit_entry(row) for row in tx.execute(done)]


def _to_audit_entry(row: Any) -> AuditEntry:
    return AuditEntry(
        at=row.at,
        actor=row.actor,
        action=row.action,
        target=row.target,
        reason=row.reason,
        via=row.via,
        command=row.command,
        request=row.request,
        request_target=row.request_target,
        id=row.id,
    )
