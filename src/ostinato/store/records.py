"""Rows to model values, for the records that several modules read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from ostinato.model.accounts import Account, DeclaredAccount
from ostinato.model.definitions import DeclaredDefinition, Definition
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.runs import Transition
from ostinato.model.statuses import RunStatus
from ostinato.model.versions import to_json_value
from ostinato.policies.start import Pause


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def to_spec(declared: DeclaredAccount | DeclaredDefinition) -> dict[str, Any]:
    """Return all that is declared as JSON values."""
    spec: dict[str, Any] = to_json_value(declared)
    return spec


def to_declared_account(spec: Mapping[str, Any]) -> DeclaredAccount:
    """Read back what ``to_spec`` made of an account."""
    account: DeclaredAccount = _adapter(DeclaredAccount).validate_python(spec)
    return account


def to_declared_definition(spec: Mapping[str, Any]) -> DeclaredDefinition:
    """Read back what ``to_spec`` made of a definition."""
    definition: DeclaredDefinition = _adapter(DeclaredDefinition).validate_python(spec)
    return definition


def to_account(row: Any) -> Account:
    """Make an account of a row of its table."""
    return Account(
        id=row.id,
        declared=to_declared_account(row.spec),
        source=row.source,
        paused_at=row.paused_at,
        paused_by=row.paused_by,
        pause_reason=row.pause_reason,
    )


def to_definition(row: Any) -> Definition:
    """Make a definition of a row of its table."""
    return Definition(
        id=row.id,
        declared=to_declared_definition(row.spec),
        source=row.source,
        version=row.version,
        paused_at=row.paused_at,
        paused_by=row.paused_by,
        pause_reason=row.pause_reason,
    )


def to_pause(paused: Account | Definition) -> Pause | None:
    """Make of an account or definition what is known of its pause; ``None`` when it is not paused."""
    if paused.paused_at is None:
        return None
    return Pause(paused.paused_at, paused.paused_by or "", paused.pause_reason or "")


def to_evidence(row: Any) -> Evidence | None:
    """Make the evidence of a row of the table of runs."""
    if row.end_kind is None:
        return None
    return Evidence(kind=EndKind(row.end_kind), message=row.end_message, exit_code=row.exit_code, signal=row.signal)


def to_transition(row: Any) -> Transition:
    """Make an entry in a run's history of a row of the table of transitions."""
    return Transition(
        run_id=row.run_id,
        from_status=None if row.from_status is None else RunStatus(row.from_status),
        to_status=RunStatus(row.to_status),
        at=row.at,
        cause=row.cause,
        actor=row.actor,
        lease_token=row.lease_token,
    )
