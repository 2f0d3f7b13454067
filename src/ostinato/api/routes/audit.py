"""The audit log: who changed what, when and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from ostinato.api.access import Viewer
from ostinato.api.dependencies import TheWorld
from ostinato.api.paging import Cursor, Limit, Page, cut, read_cursor
from ostinato.api.parameters import Instant
from ostinato.operations.auditing import list_audit
from ostinato.operations.shapes import access as shapes

router = APIRouter(tags=["access"])

_Filter = Query(max_length=1_000, pattern=r"^[^\x00]*$")


@router.get("/audit")
def list_changes(
    *,
    world: TheWorld,
    person: Viewer,
    actor: Annotated[str | None, _Filter] = None,
    action: Annotated[str | None, _Filter] = None,
    target: Annotated[str | None, _Filter] = None,
    since: Annotated[Instant | None, Query(description="Changes from this instant on.")] = None,
    until: Annotated[Instant | None, Query(description="Changes before this instant.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[shapes.AuditEntry]:
    """List what people changed, newest first. A target fits what names it in any part."""
    rows = list_audit(
        world,
        actor=actor,
        action=action,
        target=target,
        since=since,
        until=until,
        before_id=None if cursor is None else read_cursor(cursor, int)[0],
        limit=limit + 1,
    )
    return cut(rows, limit=limit, place=lambda row: (row.id or 0,), shape=shapes.audit_entry)
