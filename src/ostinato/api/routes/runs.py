"""Runs: what was attempted, their plans, their commands and what they wrote."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from ostinato.api.access import Viewer
from ostinato.api.answers import NOT_FOUND, NOT_POSSIBLE
from ostinato.api.dependencies import TheWorld
from ostinato.api.paging import Cursor, Limit, Page, cut, read_cursor
from ostinato.api.parameters import (
    LARGEST_ID,
    Number,
    OfAccount,
    OfAgent,
    OfDefinition,
    OfParent,
    OfRunStatus,
    OfSlot,
    OfStep,
)
from ostinato.operations import commands, listing, logs, plan_shapes, plans, shapes
from ostinato.operations.log_levels import LogLevel

router = APIRouter(tags=["runs"])

MOST_STEPS = 200
"""So many steps are named at most, of whom wants some of a plan alone."""


@router.get("/runs", responses=NOT_FOUND)
def list_runs(
    *,
    world: TheWorld,
    person: Viewer,
    status: OfRunStatus = None,
    definition: OfDefinition = None,
    account: OfAccount = None,
    slot: OfSlot = None,
    agent: OfAgent = None,
    parent: OfParent = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[shapes.Run]:
    """List runs, newest first."""
    rows = listing.list_runs(
        world,
        statuses=status or (),
        definition=definition,
        account=account,
        slot=slot,
        agent=agent,
        parent=parent,
        before=None if cursor is None else read_cursor(cursor, int)[0],
        limit=limit + 1,
    )
    return cut(rows, limit=limit, place=lambda row: (row.id,), shape=shapes.run)


@router.get("/runs/{run}", responses=NOT_FOUND)
def get_run(world: TheWorld, person: Viewer, run: Number) -> shapes.RunDetails:
    """Show a run with its history."""
    return shapes.run_details(listing.show_run(world, run))


@router.get("/runs/{run}/plan", responses=NOT_FOUND)
def get_plan(
    world: TheWorld,
    person: Viewer,
    run: Number,
    step: Annotated[
        list[Annotated[int, Query(ge=1, le=LARGEST_ID)]] | None,
        Query(max_length=MOST_STEPS, description="These steps alone, by their numbers."),
    ] = None,
) -> plan_shapes.Plan:
    """Show the plan of a run: its steps, how far each is, and what it waits for."""
    return plan_shapes.plan(plans.show_plan(world, run, steps=step or ()))


@router.get("/runs/{run}/command", responses=NOT_FOUND | NOT_POSSIBLE)
def get_command(world: TheWorld, person: Viewer, run: Number, step: OfStep = None) -> shapes.Command:
    """Show the command of a run, or of one of its steps, and how to start the same by hand. Secrets are masked."""
    return shapes.command(commands.show_command(world, run, step=step))


@router.get("/runs/{run}/log", responses=NOT_FOUND | NOT_POSSIBLE)
def get_log(
    *,
    world: TheWorld,
    person: Viewer,
    run: Number,
    step: OfStep = None,
    after: Annotated[
        int | None, Query(ge=0, le=LARGEST_ID, description="Lines behind this one. Left out: the last lines there are.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=logs.MOST_LINES, description="How many lines at most.")] = 500,
    level: Annotated[LogLevel | None, Query(description="Lines that are as bad as this, or worse.")] = None,
    search: Annotated[str, Query(max_length=200, description="Lines with this text, in whatever case.")] = "",
) -> shapes.LogPart:
    """Show a part of what a run wrote, or one step of it."""
    question = logs.LogQuestion(after=after, limit=limit, level=level, search=search)
    return shapes.log_part(logs.read_lines(world, run, question, step=step))
