"""What makes it all go: the engine with its steps, the agents with what they carry out."""

from __future__ import annotations

from fastapi import APIRouter

from ostinato.api.access import Viewer
from ostinato.api.dependencies import TheWorld
from ostinato.api.paging import Cursor, Limit, Page, cut_whole
from ostinato.operations import machinery, shapes

router = APIRouter(tags=["machinery"])


@router.get("/agents")
def list_agents(world: TheWorld, person: Viewer, limit: Limit = 100, cursor: Cursor = None) -> Page[shapes.BusyAgent]:
    """List the agents by name, each with the runs that it carries out."""
    rows = [shapes.busy_agent(row) for row in machinery.list_agents(world)]
    return cut_whole(rows, limit=limit, cursor=cursor, key=lambda row: row["agent"])


@router.get("/engine")
def get_engine(world: TheWorld, person: Viewer) -> shapes.EngineRoom:
    """Show what the engine does: its steps, its last passes, the sources it reads, and the size of the database."""
    return shapes.engine_room(machinery.look_at_engine(world))
