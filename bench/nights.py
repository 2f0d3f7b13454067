"""What the questions of the console's home cost: many accounts, many definitions, a long history, a night under way.

The database is filled by a few statements over whole tables. Each question is asked as the API asks it, from the
operation to the JSON; beside it the plainest SQL that reads the same rows, which decides and explains nothing.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

import orjson
from databases import add_database_options, open_bench
from sqlalchemy import text

from ostinato.clock import ManualClock
from ostinato.config import Config
from ostinato.model.definitions import DeclaredDefinition
from ostinato.operations.history import find_days, find_history, find_timeline
from ostinato.operations.lineage import find_lineage
from ostinato.operations.night import Choice, Nights, Window
from ostinato.operations.shapes import history as history_shapes
from ostinato.operations.shapes import night as shapes
from ostinato.store import accounts, agents, definitions
from ostinato.store.database import Store
from ostinato.store.lanes import align_lanes
from ostinato.store.types import to_microseconds
from ostinato.store.versioning import open_schema
from ostinato.testing.factories import NOON, make_account, make_definition
from ostinato.world import World

DAY = timedelta(days=1)
HALF_HOUR = 1_800_000_000
AHEAD = 10
"""So many days are laid out ahead."""

AT = NOON + 12 * timedelta(hours=1) + timedelta(hours=3)
"""Three hours after the end of a day: the night is under way."""

ADD_DAY = """
    INSERT INTO slots (lane_id, label, time_zone, starts_at, ends_at, due_at, status, reason, series, attempts,
                       created_at, finished_at, examine_at)
    SELECT id, :label, 'UTC', :starts_at, :ends_at, :ends_at, :status, '', 1, :attempts, :ends_at, :finished_at,
           :examine_at FROM lanes"""
"""Every lane has a slot on a day."""

FILL = (
    # The night itself: some wait for another slot; the others have a run.
    """UPDATE slots SET status = 'pending', attempts = 0, finished_at = NULL, gate = 'upstream d' || (lane_id % 200),
                        reason = '1 of 1 slot of d' || (lane_id % 200) || ' not succeeded: 1 not started'
       WHERE ends_at = :midnight AND lane_id * 7919 % 100 >= :begun""",
    """INSERT INTO runs (slot_id, definition_id, account_id, version, series, attempt, status, origin, parameters,
                         queue, priority, due_at, created_at, waits_since, lease_token, released_token, decision,
                         outlives_agent, waits_for, singleton_refuses, end_message)
       SELECT slots.id, lanes.definition_id, lanes.account_id, '', 1, 1, 'waiting', 'schedule', '{}', 'default', 0,
              :midnight, :midnight, :midnight, 0, 0, 0, FALSE, '', FALSE, ''
       FROM slots JOIN lanes ON lanes.id = slots.lane_id
       WHERE slots.ends_at = :midnight AND slots.status = 'success'""",
    """UPDATE slots SET run_id = (SELECT id FROM runs WHERE runs.slot_id = slots.id)
       WHERE ends_at = :midnight AND status = 'success'""",
    """UPDATE slots SET status = 'live', finished_at = NULL
       WHERE ends_at = :midnight AND status = 'success' AND lane_id * 7919 % 100 >= :done""",
    """UPDATE runs SET status = 'running', lease_token = 1, released_token = NULL, agent_id = 1,
                       started_at = :midnight, claimed_at = :midnight WHERE id % 10 <> 0""",
    """UPDATE runs SET status = 'success', released_token = 1, end_kind = 'exited',
                       finished_at = :midnight + :half_hour
       WHERE status = 'running'
         AND slot_id IN (SELECT id FROM slots WHERE status = 'success' AND ends_at = :midnight)""",
)
PLAINEST = {
    "a night": "SELECT lane_id, status FROM slots WHERE ends_at = :midnight",
    "the matrix": """SELECT slots.*, runs.* FROM lanes JOIN slots ON slots.lane_id = lanes.id
                         AND slots.starts_at = :start LEFT JOIN runs ON runs.id = slots.run_id
                     WHERE lanes.definition_id <= 60 AND lanes.account_id <= 60""",
    "a history": """SELECT * FROM slots WHERE lane_id = 1 AND starts_at <= :start ORDER BY starts_at DESC LIMIT 30""",
    "a timeline": """SELECT slots.*, runs.* FROM lanes JOIN slots ON slots.lane_id = lanes.id
                         AND slots.starts_at = :start LEFT JOIN runs ON runs.id = slots.run_id
                     WHERE lanes.account_id = 1""",
    "a column": """SELECT slots.lane_id, slots.status FROM lanes JOIN slots ON slots.lane_id = lanes.id
                       AND slots.starts_at BETWEEN :start - 13 * :day AND :start WHERE lanes.definition_id = 1""",
}


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
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--definitions", type=int, default=200)
    parser.add_argument("--days", type=int, default=20, help="how many days the history has")
    parser.add_argument("--times", type=int, default=5, help="how often each question is asked")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    with open_bench(options) as bench:
        database = bench.new_database()
        began = perf_counter()
        world = fill(bench.folder, database, options.accounts, options.definitions, options.days)
        filled = perf_counter() - began
        figures = list(measure(world, options.times))
        world.close()
    if options.json:
        print(json.dumps([(one.name, one.seconds, one.bare_seconds) for one in figures]))
        return
    slots = options.accounts * options.definitions * (options.days + AHEAD)
    print(f"{slots:,} slots, made in {filled:.0f} s")
    for one in figures:
        ratio = f"{one.seconds / one.bare_seconds:6.1f} times the plainest SQL" if one.bare_seconds else ""
        print(f"{one.name:<28}{one.seconds * 1e3:9.1f} ms {ratio}")


def fill(folder: Path, database: str, account_count: int, definition_count: int, days: int) -> World:
    """Make a world in the middle of a night: six in ten slots are done, two wait for others, the rest is at work."""
    config = Config(folder, database)
    world = World(config, Store(config.database), ManualClock(AT))
    open_schema(world.store)
    values = {"begun": 80, "done": 60, "half_hour": HALF_HOUR, **_instants()}
    with world.store.write() as tx:
        accounts.add_accounts(tx, [make_account(f"a{number}") for number in range(account_count)], source="b", now=AT)
        definitions.add_definitions(tx, [_define(number) for number in range(definition_count)], source="b", now=AT)
        align_lanes(tx, now=AT)
        agents.register_agent(tx, name="b", host="b", pid=1, queues=["default"], concurrency=9, version="0", now=AT)
        tx.execute(text(ADD_DAY), [_make_day(number) for number in range(-days, AHEAD)])
        for statement in FILL:
            tx.execute(text(statement), values)
    with world.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return world


def measure(world: World, times: int) -> list[Figure]:
    """Ask each question several times; tell the median of each."""
    nights = Nights(world)
    first, last = Window(0, 60, 0, 60), Window(60, 200, 60, 200)
    questions: list[tuple[str, str | None, Callable[[], object]]] = [
        ("a night counted anew", "a night", lambda: Nights(world).find_summary()),
        ("the matrix, 60 x 60", "the matrix", lambda: shapes.matrix(nights.find_matrix(None, Choice(), first))),
        ("the matrix, 140 x 200", None, lambda: shapes.matrix(nights.find_matrix(None, Choice(), last))),
        ("the matrix, by risk", None, lambda: shapes.matrix(nights.find_matrix(None, Choice(by_risk=True), first))),
        ("reasons", None, lambda: shapes.reasons(nights.find_summary())),
        ("the lineage", None, lambda: history_shapes.drawn_lineage(find_lineage(nights))),
        ("a history of 30", "a history", lambda: history_shapes.past_slots(find_history(world, "d0", "a0"))),
        ("a timeline", "a timeline", lambda: history_shapes.timeline(find_timeline(nights, "a0"))),
        ("a column of 14 days", "a column", lambda: history_shapes.days(find_days(nights, "d0"))),
    ]
    # SQLite works in this process: other programs on the machine do not show in the processor's time.
    take = partial(_time, times=times, clock=process_time if world.store.dialect == "sqlite" else perf_counter)
    return [
        Figure(name, take(ask), take(partial(_ask_plainly, world, plain)) if plain else None)
        for name, plain, ask in questions
    ]


def _ask_plainly(world: World, plain: str) -> None:
    with world.store.read() as tx:
        tx.execute(text(PLAINEST[plain]), _instants()).all()


def _time(ask: Callable[[], object], *, times: int, clock: Callable[[], float]) -> float:
    taken = []
    for _ in range(times):
        began = clock()
        answer = ask()
        if isinstance(answer, dict):
            orjson.dumps(answer)
        taken.append(clock() - began)
    return statistics.median(taken)


def _make_day(number: int) -> dict[str, object]:
    """Make what the slots of a day have in common, counted from the day that has begun; those before succeeded."""
    begins = _midnight() + number * DAY
    starts_at, ends_at = to_microseconds(begins), to_microseconds(begins + DAY)
    common = {"label": begins.date().isoformat(), "starts_at": starts_at, "ends_at": ends_at}
    if number < 0:
        return {**common, "status": "success", "attempts": 1, "finished_at": ends_at + HALF_HOUR, "examine_at": None}
    return {**common, "status": "pending", "attempts": 0, "finished_at": None, "examine_at": ends_at}


def _instants() -> dict[str, int]:
    midnight = to_microseconds(_midnight())
    day = 86_400_000_000
    return {"midnight": midnight, "start": midnight - day, "day": day}


def _midnight() -> datetime:
    return AT.replace(hour=0)


def _define(number: int) -> DeclaredDefinition:
    """Make a definition in a lineage ten layers deep, each reading what two of the layer before write."""
    layer, place = divmod(number, 20)
    upstream = [f"t{(layer - 1) * 20 + (place + step) % 20}" for step in (0, 7)] if layer else []
    return make_definition(f"d{number}", matrix="account", reads_from=tuple(upstream), writes_to=(f"t{number}",))


if __name__ == "__main__":
    main()
