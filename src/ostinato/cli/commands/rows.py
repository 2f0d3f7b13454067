"""Lists: accounts, definitions, slots, runs and limits."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from ostinato.cli.listings import account_table, definition_table, limit_table, run_table, slot_table
from ostinato.cli.options import AccountOption, DefinitionOption, Given, ParentOption, Plain, When
from ostinato.cli.project import opened
from ostinato.cli.session import Session
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations import listing, shapes

LISTED = 50
"""How many rows a table has when nobody says how many."""

StatusOption = Parameter(
    name=("--status", "-s"),
    help="Those of this status alone; may be given several times.",
    metavar="STATUS",
    negative=(),
    show_default=False,
)
LimitOption = Annotated[
    int | None,
    Plain,
    Parameter(name=("--limit", "-n"), help=f"How many at most. Left out: {LISTED} in a table, all in JSON."),
]


def accounts(*, session: Given) -> None:
    """List the accounts."""
    with opened(session) as world:
        rows, now = listing.list_accounts(world), world.clock.now()
    if session.json:
        session.answer_json([shapes.account(row, now) for row in rows])
    elif rows:
        session.answer(account_table(rows, now, session.width))
    else:
        session.answer(["There are no accounts yet. Declare some, then: ostinato apply"])


def definitions(*, session: Given) -> None:
    """List the definitions, and what each waits for."""
    with opened(session) as world:
        rows, now = listing.list_definitions(world), world.clock.now()
    if session.json:
        session.answer_json([shapes.definition(row) for row in rows])
    elif rows:
        session.answer(definition_table(rows, now, session.width))
    else:
        session.answer(["There are no definitions yet. Declare some, then: ostinato apply"])


def slots(
    *,
    definition: DefinitionOption = None,
    account: AccountOption = None,
    status: Annotated[list[SlotFace] | None, StatusOption] = None,
    since: Annotated[When, Parameter(help="Those that start on or after this date or instant.")] = None,
    until: Annotated[When, Parameter(help="Those that start up to this date, or before this instant.")] = None,
    limit: LimitOption = None,
    session: Given,
) -> None:
    """List slots: what should have run.

    A table has the newest first, and leaves out those whose time has not come unless you ask for them by
    `--status future`, `--since` or `--until`. With `--json` all are listed.
    """
    asked = bool(status or since or until)
    statuses = status or ([] if asked or session.json else [face for face in SlotFace if face is not SlotFace.FUTURE])
    with opened(session) as world:
        rows = listing.list_slots(
            world,
            definition=definition,
            account=account,
            statuses=statuses,
            since=since,
            until=until,
            limit=_limit(session, limit),
        )
        now, any_slot = world.clock.now(), bool(rows or listing.list_slots(world, limit=1))
    if session.json:
        session.answer_json([shapes.slot(row) for row in rows])
    elif rows:
        session.answer(slot_table(rows, now, session.width))
        _say_more(session, rows, limit)
    elif not any_slot:
        session.answer(["There are no slots yet. They follow from what is declared: ostinato apply"])
    elif asked or definition or account:
        session.answer(["No slot is like that. All that are due: ostinato slots"])
    else:
        session.answer(["No slot is due yet. Those to come: ostinato slots --status future"])


def runs(
    *,
    definition: DefinitionOption = None,
    account: AccountOption = None,
    slot: Annotated[str | None, Plain, Parameter(help="Those of this slot alone.")] = None,
    status: Annotated[list[RunStatus] | None, StatusOption] = None,
    parent: ParentOption = None,
    limit: LimitOption = None,
    session: Given,
) -> None:
    """List runs: what was attempted, newest first."""
    with opened(session) as world:
        rows = listing.list_runs(
            world,
            definition=definition,
            account=account,
            slot=slot,
            statuses=status or [],
            parent=parent,
            limit=_limit(session, limit),
        )
        now = world.clock.now()
    if session.json:
        session.answer_json([shapes.run(row) for row in rows])
    elif rows:
        session.answer(run_table(rows, now, session.width))
        _say_more(session, rows, limit)
    elif definition or account or slot or status or parent:
        session.answer(["No run is like that. All of them: ostinato runs"])
    else:
        session.answer(["There are no runs yet. An engine makes them, an agent carries them out: ostinato up"])


def limits(*, session: Given) -> None:
    """List the limits, and how much of each is used.

    Places are used by runs that are running. Which limit a run waits for: `ostinato explain SLOT`, `ostinato show RUN`.
    """
    with opened(session) as world:
        rows = listing.list_limits(world)
    if session.json:
        session.answer_json([shapes.limit(row) for row in rows])
    elif rows:
        session.answer(limit_table(rows, session.width))
    else:
        session.answer(["Nothing is limited, but for what each agent carries out at a time."])


def _limit(session: Session, limit: int | None) -> int | None:
    return LISTED if limit is None and not session.json else limit


def _say_more(session: Session, rows: Collection[object], limit: int | None) -> None:
    if limit is None and len(rows) == LISTED:
        session.tell(Text(f"These are the newest {LISTED}; ask for more by --limit", style="bright_black"))
