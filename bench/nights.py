"""What questions cost that pages, the command line and the processes ask, of a long history with a night under way.

Each question is asked as the API asks it, from the operation to the JSON; beside some the plainest SQL that reads the
same rows, which decides and explains nothing. What a question changes is rolled back.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import perf_counter, process_time

import orjson
from databases import add_database_options, open_bench
from histories import AT, Size, instants, open_history
from sqlalchemy import text

from ostinato.engine.context import Context, Desired
from ostinato.engine.everything import look_at_everything
from ostinato.engine.steps import STEPS
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations import listing, machinery, shapes
from ostinato.operations.auditing import list_audit
from ostinato.operations.doctor import examine
from ostinato.operations.explaining import explain
from ostinato.operations.history import find_days, find_history, find_timeline
from ostinato.operations.lineage import find_lineage
from ostinato.operations.news import FLEET, NIGHT, RUNS, Reporter
from ostinato.operations.night import Choice, Nights, Window
from ostinato.operations.past_durations import find_past_durations
from ostinato.operations.plans import list_plans
from ostinato.operations.shapes import history as history_shapes
from ostinato.operations.shapes import night as night_shapes
from ostinato.operations.slot_details import show_slot
from ostinato.operations.status import get_status
from ostinato.policies.alignment import Load
from ostinato.processes.progress import read_progress
from ostinato.store import accounts, claims, definitions
from ostinato.store.database import Store
from ostinato.world import World

Ask = Callable[[], object]

PLAINEST = {
    "a night counted anew": "SELECT lane_id, status FROM slots WHERE ends_at = :midnight",
    "the matrix, 60 x 60": """SELECT slots.*, runs.* FROM lanes JOIN slots ON slots.lane_id = lanes.id
                         AND slots.starts_at = :start LEFT JOIN runs ON runs.id = slots.run_id
                     WHERE lanes.definition_id <= 60 AND lanes.account_id <= 60""",
    "a history of 30": """SELECT * FROM slots WHERE lane_id = 1 AND starts_at <= :start
                          ORDER BY starts_at DESC LIMIT 30""",
    "a timeline": """SELECT slots.*, runs.* FROM lanes JOIN slots ON slots.lane_id = lanes.id
                         AND slots.starts_at = :start LEFT JOIN runs ON runs.id = slots.run_id
                     WHERE lanes.account_id = 1""",
    "a column of 14 days": """SELECT slots.lane_id, slots.status FROM lanes JOIN slots ON slots.lane_id = lanes.id
                       AND slots.starts_at BETWEEN :start - 13 * :day AND :start WHERE lanes.definition_id = 1""",
}

LONGEST_SECONDS = 10.0
"""A question that takes longer is not asked again."""


@dataclass(frozen=True, slots=True)
class Figure:
    """How long a question takes, in seconds, and the plainest SQL for its rows, where there is such."""

    name: str
    seconds: float
    bare_seconds: float | None


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_database_options(parser)
    parser.add_argument("--keep", metavar="URL", help="a database that stays: it is filled once, and then used again")
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--definitions", type=int, default=200)
    parser.add_argument("--days", type=int, default=20, help="how many days the history has")
    parser.add_argument("--run-days", type=int, default=30, help="of how many days the slots have runs")
    parser.add_argument("--times", type=int, default=5, help="how often each question is asked")
    parser.add_argument("--only", default="", metavar="TEXT", help="only questions with this in their name")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    size = Size(options.accounts, options.definitions, options.days, options.run_days)
    with open_bench(options) as bench:
        began = perf_counter()
        world = open_history(bench.folder, options.keep or bench.new_database(), size, tell=_tell)
        filled = perf_counter() - began
        figures = []
        for figure in measure(world, options.times, options.only):
            if not options.json:
                print(_describe(figure), flush=True)
            figures.append(figure)
        world.close()
    if options.json:
        print(json.dumps([(one.name, one.seconds, one.bare_seconds) for one in figures]))
    else:
        print(f"{size.slots:,} slots, made or opened in {filled:.0f} s")


def measure(world: World, times: int, only: str = "") -> Iterator[Figure]:
    """Ask each question several times; tell the median of each."""
    questions = {**list_night_questions(world), **list_questions(world), **list_steps(world.store)}
    # SQLite works in this process: other programs on the machine do not show in the processor's time.
    take = partial(_time, times=times, clock=process_time if world.store.dialect == "sqlite" else perf_counter)
    for name, ask in questions.items():
        if only in name:
            plain = PLAINEST.get(name)
            yield Figure(name, take(ask), take(partial(_ask_plainly, world, plain)) if plain else None)


def list_night_questions(world: World) -> Mapping[str, Ask]:
    """List what the pages about one night ask."""
    nights, reporter = Nights(world), Reporter(Nights(world))
    first, last = Window(0, 60, 0, 60), Window(60, 200, 60, 200)
    return {
        "a night counted anew": lambda: Nights(world).find_summary(),
        "the matrix, 60 x 60": lambda: night_shapes.matrix(nights.find_matrix(None, Choice(), first)),
        "the matrix, 140 x 200": lambda: night_shapes.matrix(nights.find_matrix(None, Choice(), last)),
        "the matrix, by risk": lambda: night_shapes.matrix(nights.find_matrix(None, Choice(by_risk=True), first)),
        "reasons": lambda: night_shapes.reasons(nights.find_summary()),
        "the lineage": lambda: history_shapes.drawn_lineage(find_lineage(nights)),
        "a history of 30": lambda: history_shapes.past_slots(find_history(world, "d0", "a0")),
        "a timeline": lambda: history_shapes.timeline(find_timeline(nights, "a0")),
        "a column of 14 days": lambda: history_shapes.days(find_days(nights, "d0")),
        "durations of 60 days": lambda: history_shapes.past_durations(find_past_durations(world, "d7", days=60)),
        "a look of the live stream": lambda: reporter.look({NIGHT, RUNS, FLEET}),
    }


def list_questions(world: World) -> Mapping[str, Ask]:
    """List what the other pages and the command line ask."""
    due = [face for face in SlotFace if face is not SlotFace.FUTURE]
    day = AT.date() - timedelta(days=15)
    some: Mapping[str, Mapping[str, object]] = {
        "all": {},
        "due": {"statuses": due},
        "success": {"statuses": [SlotFace.SUCCESS]},
        "failed": {"statuses": [SlotFace.FAILED]},
        "cancelled": {"statuses": [SlotFace.CANCELLED]},
        "blocked": {"statuses": [SlotFace.BLOCKED]},
        "running": {"statuses": [SlotFace.RUNNING]},
        "of a day": {"since": day, "until": day},
        "of a definition": {"definition": "d7"},
        "of a definition, due": {"definition": "d7", "statuses": due},
        "of an account, failed": {"account": "a7", "statuses": [SlotFace.FAILED]},
        "of a lane": {"definition": "d7", "account": "a7"},
    }
    ran: Mapping[str, Mapping[str, object]] = {
        "all": {},
        "running": {"statuses": [RunStatus.RUNNING]},
        "paused": {"statuses": [RunStatus.PAUSED]},
        "failed": {"statuses": [RunStatus.FAILED]},
        "cancelled": {"statuses": [RunStatus.CANCELLED]},
        "of a definition": {"definition": "d7"},
        "of an account, failed": {"account": "a7", "statuses": [RunStatus.FAILED]},
        "of an agent": {"agent": "b"},
        "of an agent without runs": {"agent": "idle"},
    }
    return {
        "the status": lambda: shapes.status(get_status(world)),
        "progress of `up`": lambda: read_progress(world.store, AT),
        **{f"slots, {name}": partial(_list_slots, world, which) for name, which in some.items()},
        **{f"runs, {name}": partial(_list_runs, world, which) for name, which in ran.items()},
        "plans": lambda: list_plans(world, limit=101),
        "plans, paused": lambda: list_plans(world, statuses=[RunStatus.PAUSED], limit=101),
        "agents": lambda: [shapes.busy_agent(one) for one in machinery.list_agents(world)],
        "the engine": lambda: shapes.engine_room(machinery.look_at_engine(world)),
        "limits": lambda: listing.list_limits(world),
        "accounts": lambda: listing.list_accounts(world),
        "definitions": lambda: listing.list_definitions(world),
        "why a slot waits": lambda: explain(world, "d150/a7/2026-01-10"),
        "a slot": lambda: show_slot(world, "d7/a7/2026-01-05"),
        "the audit log": lambda: list_audit(world, limit=101),
        "the doctor": lambda: examine(world),
    }


def list_steps(store: Store) -> Mapping[str, Ask]:
    """List what engine and agent ask again and again."""
    with store.read() as tx:
        known = accounts.list_accounts(tx), definitions.list_definitions(tx)
    desired = Desired(
        (Load("b", {one.token: one.declared for one in known[0]}),),
        (Load("b", {one.name: one.declared for one in known[1]}),),
    )
    context = Context(AT, "b")

    def carry_out(step: Callable[..., object]) -> None:
        with store.rehearse() as tx:
            step(tx, desired, context)

    def examine_everything() -> None:
        with store.rehearse() as tx:
            look_at_everything(tx, context)

    def claim() -> None:
        with store.rehearse() as tx:
            claims.claim_runs(tx, agent_id=1, actor="b", queues=["default"], limit=5, now=AT)

    def beat() -> None:
        with store.rehearse() as tx:
            claims.list_held_runs(tx, agent_id=2)
            claims.claim_runs(tx, agent_id=1, actor="b", queues=["nobody"], limit=5, now=AT)

    return {
        **{step.__name__: partial(carry_out, step) for step in STEPS},
        "examine everything": examine_everything,
        "a claim of 5": claim,
        "an agent's look for nothing": beat,
    }


def _list_slots(world: World, which: Mapping[str, object]) -> object:
    return [shapes.slot(one) for one in listing.list_slots(world, limit=101, **which)]  # type: ignore[arg-type]


def _list_runs(world: World, which: Mapping[str, object]) -> object:
    return [shapes.run(one) for one in listing.list_runs(world, limit=101, **which)]  # type: ignore[arg-type]


def _ask_plainly(world: World, plain: str) -> None:
    with world.store.read() as tx:
        tx.execute(text(plain), instants()).all()


def _time(ask: Ask, *, times: int, clock: Callable[[], float]) -> float:
    taken: list[float] = []
    while len(taken) < times and sum(taken) < LONGEST_SECONDS:
        began = clock()
        answer = ask()
        if isinstance(answer, (dict, list)):
            orjson.dumps(answer, default=str, option=orjson.OPT_NON_STR_KEYS)
        taken.append(clock() - began)
    return statistics.median(taken)


def _describe(figure: Figure) -> str:
    ratio = f"{figure.seconds / figure.bare_seconds:6.1f} times the plainest SQL" if figure.bare_seconds else ""
    return f"{figure.name:<40}{figure.seconds * 1e3:9.1f} ms {ratio}"


def _tell(stage: str) -> None:
    print(stage, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
