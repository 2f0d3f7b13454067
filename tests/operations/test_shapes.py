"""The JSON of the faces: the keys that programs rely on are there, and all of it can be written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from ostinato.errors import Problem
from ostinato.model.engine import StepOutcome
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations import listing, shapes
from ostinato.operations.cancelling import cancel
from ostinato.operations.declaring import apply
from ostinato.operations.doctor import examine
from ostinato.operations.explaining import explain
from ostinato.operations.pausing import Pausable, pause
from ostinato.operations.people import Person
from ostinato.operations.starting import rerun, trigger_once
from ostinato.operations.status import get_status
from ostinato.store import journal
from ostinato.testing.factories import make_account, make_chain, make_maintenance
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

DOCUMENTED = {
    "slots": ["slot", "definition", "account", "start", "end", "status", "attempts", "reason"],
    "runs": [
        *("run", "slot", "attempt", "status", "created_at", "started_at", "finished_at", "exit_code"),
        *("agent", "reason"),
    ],
    "explain": ["slot", "status", "verdict", "earliest_start", "gates"],
    "gate": ["gate", "satisfied", "reason", "waits_for", "clears"],
    "status": ["accounts", "definitions", "slots", "runs", "sources", "engine", "agents"],
    "validate": ["ok", "errors"],
    "problem": ["file", "line", "key", "message", "hint"],
    "diff": ["accounts", "definitions", "dependencies", "slots", "held_back"],
}
"""The keys that the architecture promises, by command."""


@pytest.fixture
def busy(night: Night, world: World) -> Night:
    """Lend a night in which a bit of everything has happened."""
    window = make_maintenance("2026-01-10", None)
    accounts = [make_account("uk", time_zone="Europe/London", labels={"tier": "gold"}, maintenance=window)]
    night.declare(accounts=[*accounts, make_account("us")], definitions=make_chain("load", "sum", matrix="account"))
    night.tick()
    night.finish("load/us/2026-01-08", RunStatus.FAILED)
    pause(world, Pausable.ACCOUNT, "us", by=ADA, reason="unpaid")
    with night.store.write() as tx:
        outcome = StepOutcome("ensure_runs_exist", changed=1)
        journal.keep_pass(tx, engine="engine-1", started_at=night.now, seconds=0.5, outcomes=[outcome])
    return night


def walk(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value in a piece of JSON with the nearest key above it."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from walk(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, key)
    else:
        yield key, value


def read_everything(night: Night, world: World) -> dict[str, Any]:
    """Ask for everything that there is, and return its JSON by what it is."""
    run = night.run("load/us/2026-01-08")
    once = trigger_once(world, "load", by=ADA, account="us", parameters={"depth": "2"}).run
    return {
        "slots": [shapes.slot(row) for row in listing.list_slots(world)],
        "runs": [shapes.run(row) for row in listing.list_runs(world)],
        "run": [shapes.run_details(listing.show_run(world, number)) for number in (run.id, once.id)],
        "accounts": [shapes.account(row, night.now) for row in listing.list_accounts(world)],
        "definitions": [shapes.definition(row) for row in listing.list_definitions(world)],
        "explain": [shapes.explanation(explain(world, name)) for name in night.slots()],
        "status": shapes.status(get_status(world)),
        "doctor": [shapes.check(check) for check in examine(world)],
        "cancelled": shapes.cancelled(cancel(world, str(once.id), by=ADA)),
        "started": shapes.started(rerun(world, _failed(night), by=ADA)),
        "pausing": shapes.pausing(pause(world, Pausable.DEFINITION, "sum", by=ADA)),
        "diff": shapes.diff(apply(world, by=ADA)),
    }


def _failed(night: Night) -> str:
    night.tick()
    return next(name for name, face in night.slots().items() if face is SlotFace.FAILED)


def test_everything_can_be_written_and_read_again(busy: Night, world: World) -> None:
    """Nothing but what JSON knows, and every instant in UTC with Z."""
    everything = read_everything(busy, world)

    assert json.loads(json.dumps(everything)) == everything
    instants = [value for key, value in walk(everything) if key.endswith("_at") or key in ("at", "start", "end")]
    texts = [value for value in instants if isinstance(value, str)]
    assert len(texts) > 100
    assert [value for value in texts if not INSTANT.fullmatch(value)] == []


def test_the_documented_keys_come_first_and_in_order(busy: Night, world: World) -> None:
    """More may follow them; these stay."""
    explanation = shapes.explanation(explain(world, "sum/us/2026-01-09"))
    answers = {
        "slots": shapes.slot(listing.list_slots(world)[0]),
        "runs": shapes.run(listing.list_runs(world)[0]),
        "explain": explanation,
        "gate": explanation["gates"][0],
        "status": shapes.status(get_status(world)),
        "validate": shapes.validation([]),
        "diff": shapes.diff(apply(world, by=ADA)),
    }

    for command, answer in answers.items():
        documented = DOCUMENTED[command]
        assert list(answer)[: len(documented)] == documented, command


def test_problems_have_their_documented_keys() -> None:
    """``ok`` is false as soon as there is one."""
    answer = shapes.validation([Problem("no such key", file="a.yaml", line=3, key="comand", hint="command")])

    assert not answer["ok"]
    assert set(answer["errors"][0]) == set(DOCUMENTED["problem"])


def test_a_slot_and_a_run_say_what_they_should(busy: Night, world: World) -> None:
    """Values, not only keys."""
    name = "load/us/2026-01-08"
    slots = {row["slot"]: row for row in (shapes.slot(row) for row in listing.list_slots(world))}
    runs = {row["slot"]: row for row in (shapes.run(row) for row in listing.list_runs(world))}

    slot, run = slots[name], runs[name]

    assert (slot["definition"], slot["account"], slot["status"], slot["attempts"]) == ("load", "us", "retrying", 1)
    assert (slot["start"], slot["end"]) == ("2026-01-08T00:00:00Z", "2026-01-09T00:00:00Z")
    assert (run["status"], run["exit_code"], run["agent"], run["attempt"]) == ("failed", 1, "agent-1", 1)
    assert run["finished_at"] == "2026-01-10T12:00:00Z"


def test_a_slot_that_does_not_exist_has_no_status(busy: Night, world: World) -> None:
    """Its explanation is of the same shape as any other."""
    answer = shapes.explanation(explain(world, "load/us/2020-01-01"))

    assert list(answer)[:5] == DOCUMENTED["explain"]
    assert (answer["status"], answer["earliest_start"], answer["gates"][0]["gate"]) == (None, None, "exists")


def test_a_paused_account_says_by_whom(busy: Night, world: World) -> None:
    """And one in maintenance that it is."""
    uk, us = (shapes.account(row, busy.now) for row in listing.list_accounts(world))

    assert us["paused"] == {"at": "2026-01-10T12:00:00Z", "by": "ada", "reason": "unpaid"}
    assert (uk["paused"], uk["in_maintenance"]) == (None, True)
    assert uk["maintenance"] == {"from": "2026-01-10T00:00:00Z", "until": None}


def test_an_instant_of_another_zone_is_written_in_utc() -> None:
    """To the microsecond, where there are any."""
    at = datetime(2026, 1, 10, 6, 0, 0, 250, tzinfo=timezone(timedelta(hours=-6)))

    assert shapes.instant(at) == "2026-01-10T12:00:00.000250Z"
    assert shapes.instant(datetime(2026, 1, 10, 12, tzinfo=UTC)) == "2026-01-10T12:00:00Z"


def test_a_limit_has_what_there_is_what_is_used_and_what_waits(night: Night, world: World) -> None:
    """Places and runs are numbers."""
    night.declare(accounts=[make_account("uk", concurrency=2)])
    night.tick()

    (limit,) = [shapes.limit(row) for row in listing.list_limits(world)]

    assert limit == {"kind": "account", "name": "uk", "limit": 2, "used": 0, "waiting": 0, "waiting_accounts": []}
