"""Factories: the records of the model, each complete and plain, with what a test cares about put in.

They make values alone and touch no database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ostinato.model.accounts import DeclaredAccount, Maintenance
from ostinato.model.changes import RunMoved
from ostinato.model.definitions import (
    DeclaredDefinition,
    Matrix,
    RetryKind,
    RetryRule,
    StartKind,
    StartRule,
)
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.runs import ClaimedRun, NewRun, RunOrigin
from ostinato.model.statuses import RunStatus
from ostinato.store.claims import HeldMove

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
"""When tests begin, unless they say otherwise: a Saturday in winter."""

_DEFINITION = DeclaredDefinition("sales", ("true",), starts_on=date(2026, 1, 8))

_KINDS = {
    RunStatus.SUCCESS: EndKind.EXITED,
    RunStatus.WARNING: EndKind.EXITED,
    RunStatus.FAILED: EndKind.EXITED,
    RunStatus.TIMEOUT: EndKind.TIME_LIMIT,
    RunStatus.CANCELLED: EndKind.CANCELLED,
}


def utc(text: str) -> datetime:
    """Read ``2026-01-10`` or ``2026-01-10T12:00`` as an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def make_account(token: str = "acme", **values: Any) -> DeclaredAccount:  # noqa: S107  an account has a token
    """Make an account as declared: in UTC, active, with no start of its own."""
    return replace(DeclaredAccount(token), **values)


def make_maintenance(since: str | None, until: str | None) -> Maintenance:
    """Make a window of maintenance of two instants that ``utc`` reads."""
    return Maintenance(utc(since) if since else None, utc(until) if until else None)


def make_definition(
    name: str = "sales",
    *,
    matrix: str = Matrix.NONE,
    start: str = StartKind.AFTER_SUCCESS,
    delay: timedelta = timedelta(0),
    **values: Any,
) -> DeclaredDefinition:
    """Make a definition as declared: daily from 2026-01-08 on, for no account, never tried again."""
    rule = StartRule(StartKind(start), delay)
    return replace(_DEFINITION, name=name, matrix=Matrix(matrix), start=rule, **values)


def make_chain(*names: str, **values: Any) -> list[DeclaredDefinition]:
    """Make definitions of which each reads what the one before it writes."""
    reads = ((), *((name,) for name in names))
    return [
        make_definition(name, reads_from=upstream, writes_to=(name,), **values)
        for name, upstream in zip(names, reads, strict=False)
    ]


def make_retry(attempts: int = 3, *, wait: timedelta = timedelta(minutes=1), **values: Any) -> RetryRule:
    """Make a rule that allows ``attempts`` attempts, ``wait`` apart."""
    return replace(RetryRule(RetryKind.FIXED, attempts=attempts, base=wait), **values)


def make_evidence(
    status: RunStatus = RunStatus.SUCCESS, *, kind: EndKind | None = None, exit_code: int | None = None
) -> Evidence:
    """Make the evidence that fits an end in ``status``: exit code 0 for a success, 1 for a failure."""
    ending = kind or _KINDS[status]
    if exit_code is None and ending is EndKind.EXITED:
        exit_code = 1 if status is RunStatus.FAILED else 0
    return Evidence(ending, f"ended: {status}", exit_code)


def make_end(run: ClaimedRun, status: RunStatus = RunStatus.SUCCESS, evidence: Evidence | None = None) -> HeldMove:
    """Make the report of the agent that has claimed ``run`` that it has ended."""
    found = evidence or make_evidence(status)
    return HeldMove(run.id, run.lease_token, RunMoved(status, found.message, found))


def make_new_run(
    definition_id: int | None = None, *, parameters: Mapping[str, str] | None = None, **values: Any
) -> NewRun:
    """Make a run to be created: a one-off that somebody asked for, of an action unless a definition is given."""
    run = NewRun(
        definition_id=definition_id,
        action=None if definition_id else "shop.flows:refresh",
        account_id=None,
        slot_id=None,
        version="0" * 12,
        series=1,
        attempt=1,
        origin=RunOrigin.TRIGGER,
        queue="default",
        priority=0,
        due_at=NOON,
        requested_by="tester",
        parameters=parameters or {},
    )
    return replace(run, **values)
