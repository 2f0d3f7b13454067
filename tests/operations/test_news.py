"""What is told of changes: each once, to all who follow, whether or not it left an entry anywhere."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from sqlalchemy import event, insert, update

from ostinato import action
from ostinato.executors.logs import LogWriter, log_path
from ostinato.model.statuses import RunStatus
from ostinato.operations.news import (
    FLEET,
    NIGHT,
    PLANS,
    PLANS_SECONDS,
    RELOAD,
    RUNS,
    SUMMARY_SECONDS,
    News,
    Reporter,
    run_topic,
)
from ostinato.operations.night import Nights
from ostinato.operations.pausing import Pausable, pause
from ostinato.operations.people import Person
from ostinato.operations.triggering import trigger_plan
from ostinato.store import claims
from ostinato.store import schema as t
from ostinato.testing.factories import make_account, make_chain, make_end
from ostinato.testing.night import Night
from ostinato.world import World

ALL = (NIGHT, RUNS, PLANS, FLEET)


@action
def extract() -> int:
    """Do nothing: an agent that the test plays has it."""
    return 1


class Seconds:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return self.passed


@pytest.fixture
def seconds() -> Seconds:
    """Lend the clock by which a reporter decides when to look at what."""
    return Seconds()


@pytest.fixture
def reporter(night: Night, world: World, seconds: Seconds) -> Reporter:
    """Lend a reporter of a night with two accounts and a chain of two definitions, which has looked once."""
    night.declare(
        accounts=[make_account("acme"), make_account("bolt")], definitions=make_chain("load", "agg", matrix="account")
    )
    night.tick()
    reporter = Reporter(Nights(world, monotonic=seconds))
    assert reporter.look(ALL) == []
    return reporter


def tell(news: list[News]) -> dict[str, Any]:
    """Return what was told by topic and event; nothing is told twice in one look."""
    return {f"{one.topic} {one.event}": one.data for one in news}


def list_cells(news: list[News]) -> dict[str, str]:
    """Return the statuses of the slots that were told of."""
    return {cell["slot"]: cell["status"] for one in news if one.event == "slots" for cell in one.data["cells"]}


def test_nothing_is_told_when_nothing_changes(reporter: Reporter, seconds: Seconds) -> None:
    """However often it looks."""
    for _ in range(5):
        seconds.passed += 10
        assert reporter.look(ALL) == []


def test_a_plan_under_way_is_told_how_far_it_is(
    night: Night, world: World, reporter: Reporter, seconds: Seconds
) -> None:
    """As often as it has come further, and no more; as it is sent to pages."""
    run = trigger_plan(world, extract, by=Person("ada")).run
    night.beat()
    night.claim()
    seconds.passed += PLANS_SECONDS
    (begun,) = reporter.look((PLANS,))
    seconds.passed += PLANS_SECONDS
    assert reporter.look((PLANS,)) == []

    with night.store.write() as tx:
        tx.execute(update(t.steps).where(t.steps.c.run_id == run.id).values(progress=0.5))
    at_once = reporter.look((PLANS,))
    seconds.passed += PLANS_SECONDS
    (further,) = reporter.look((PLANS,))

    assert at_once == []
    assert [plan["progress"] for plan in (begun.data["plans"][0], further.data["plans"][0])] == [0.0, 0.5]
    assert orjson.loads(orjson.dumps(further.data)) == {
        "plans": [{"run": run.id, "steps": {"pending": 1, "success": 1}, "progress": 0.5}]
    }


def test_a_run_that_moves_is_told_with_its_slot(night: Night, reporter: Reporter) -> None:
    """Once, and at the next look."""
    night.finish("load/acme/2026-01-09")
    run = night.run("load/acme/2026-01-09")

    told = reporter.look(ALL)

    assert list_cells(told)["load/acme/2026-01-09"] == "success"
    ends = {one["run"]: one["status"] for one in tell(told)["runs runs"]["runs"]}
    assert ends[run.id] == "success"
    assert reporter.look(ALL) == []


def test_a_cell_that_changed_says_where_it_belongs(night: Night, reporter: Reporter) -> None:
    """With what the matrix says of it."""
    night.claim()

    (cell,) = (
        cell for cell in tell(reporter.look([NIGHT]))["night slots"]["cells"] if cell["slot"] == "load/bolt/2026-01-09"
    )

    assert (cell["account"], cell["definition"], cell["starts_at"]) == ("bolt", "load", "2026-01-09T00:00:00Z")
    assert (cell["status"], cell["gate"], cell["attempts"]) == ("running", None, 1)


def test_what_leaves_no_entry_is_told_when_the_night_is_counted_anew(
    night: Night, world: World, reporter: Reporter, seconds: Seconds
) -> None:
    """That a slot waits for something else, for example; with the counts that differ, and not before it is time."""
    pause(world, Pausable.DEFINITION, "agg", by=Person("ada"))
    night.tick()
    early = reporter.look(ALL)
    seconds.passed += SUMMARY_SECONDS

    told = tell(reporter.look(ALL))

    assert early == []
    assert {cell["gate"] for cell in told["night slots"]["cells"]} == {"definition_not_paused"}
    assert [reason["gate"] for reason in told["night reasons"]["reasons"]] == ["agent", "definition_not_paused"]
    assert "night status" not in told


def test_a_slot_that_fails_for_good_is_told(night: Night, reporter: Reporter, seconds: Seconds) -> None:
    """Though that is decided without a run that moves; and the counts of the night follow."""
    night.finish("load/acme/2026-01-09", RunStatus.FAILED)
    reporter.look(ALL)

    night.tick()

    assert list_cells(reporter.look(ALL)) == {"load/acme/2026-01-09": "failed"}
    seconds.passed += SUMMARY_SECONDS
    assert tell(reporter.look(ALL))["night status"]["counts"] == {"failed": 1, "running": 1, "blocked": 2}


def test_a_slot_that_becomes_due_is_told(night: Night, reporter: Reporter, seconds: Seconds) -> None:
    """By the passing of time alone, before an engine has looked at it."""
    night.advance(hours=12)
    seconds.passed += SUMMARY_SECONDS

    assert list_cells(reporter.look(ALL)) == {
        f"{definition}/{account}/2026-01-10": "ready" for definition in ("load", "agg") for account in ("acme", "bolt")
    }


def test_other_declarations_mean_that_all_is_read_again(night: Night, reporter: Reporter, seconds: Seconds) -> None:
    """Rows and columns are others then."""
    night.declare(accounts=[make_account("acme")])
    night.tick()
    seconds.passed += SUMMARY_SECONDS

    assert tell(reporter.look([NIGHT])) == {f"night {RELOAD}": {}}


def test_agents_are_told_when_more_changes_than_their_heartbeat(
    night: Night, reporter: Reporter, seconds: Seconds
) -> None:
    """And limits with them."""
    night.agent()
    seconds.passed += SUMMARY_SECONDS
    (agent,) = tell(reporter.look([FLEET]))["fleet fleet"]["agents"]
    night.advance(seconds=1)
    night.beat()
    seconds.passed += SUMMARY_SECONDS
    beaten = reporter.look([FLEET])
    night.advance(minutes=10)
    seconds.passed += SUMMARY_SECONDS

    silent = tell(reporter.look([FLEET]))["fleet fleet"]["agents"]

    assert (agent["agent"], agent["alive"], beaten, silent[0]["alive"]) == ("agent-1", True, [], False)


def test_a_run_that_is_watched_is_told_with_steps_and_log(night: Night, world: World, reporter: Reporter) -> None:
    """What it was when somebody began to watch it is not told; other runs are not, either."""
    watched, other = night.run("load/acme/2026-01-09"), night.run("load/bolt/2026-01-09")
    topic = run_topic(watched.id)
    assert reporter.look([topic]) == []
    night.claim()
    with night.store.write() as tx:
        tx.execute(insert(t.steps).values(STEP | {"run_id": watched.id}))
        tx.execute(insert(t.steps).values(STEP | {"run_id": other.id}))
    log = LogWriter(log_path(world.config.logs_folder, watched.id), limit=1_000)
    log.write(b"hello\n")

    told = tell(reporter.look([topic]))
    log.write(b"world\n")
    later = tell(reporter.look([topic]))
    log.close()

    assert set(told) == {f"{topic} runs", f"{topic} steps", f"{topic} log"}
    assert [run["run"] for run in told[f"{topic} runs"]["runs"]] == [watched.id]
    assert told[f"{topic} steps"]["steps"][0]["status"] == "running"
    assert told[f"{topic} log"] == {"run": watched.id, "step": None, "end": 6}
    assert later == {f"{topic} log": {"run": watched.id, "step": None, "end": 12}}


STEP = {
    "number": 1,
    "name": "load",
    "action": "command",
    "phase": "run",
    "input": {},
    "needs": [],
    "after": [],
    "status": "running",
    "tries": 1,
    "failures": 0,
    "rescued": False,
}


def test_a_look_at_which_nothing_has_changed_is_a_few_statements(night: Night, reporter: Reporter) -> None:
    """It is made every second."""
    sent: list[str] = []
    event.listen(night.store.engine, "before_cursor_execute", lambda *about: sent.append(about[2]))

    reporter.look([NIGHT, RUNS])

    reads = [statement for statement in sent if statement.lstrip().startswith("SELECT")]
    assert len(reads) <= 3, reads


def test_too_much_at_once_means_that_all_is_read_again(
    night: Night, reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than being told one by one."""
    monkeypatch.setattr("ostinato.operations.news.MOST_CHANGES", 1)
    night.claim()

    assert tell(reporter.look([NIGHT, RUNS])) == {f"night {RELOAD}": {}, f"runs {RELOAD}": {}}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_transaction_that_ends_late_is_told_all_the_same(night: Night, reporter: Reporter) -> None:
    """Its entries have lower numbers than those that are known already. SQLite has one writer at a time."""
    acme, bolt = night.run("load/acme/2026-01-09"), night.run("load/bolt/2026-01-09")
    claimed = {run.id: run for run in night.claim()}
    reporter.look([RUNS])

    with night.store.write() as slow:
        claims.move_held_runs(slow, [make_end(claimed[acme.id])], actor="agent-1", now=night.now)
        night.finish(claimed[bolt.id])
        first = [run["run"] for run in tell(reporter.look([RUNS]))["runs runs"]["runs"]]
    second = [run["run"] for run in tell(reporter.look([RUNS]))["runs runs"]["runs"]]

    assert (first, second) == ([bolt.id], [acme.id])
    assert reporter.look([RUNS]) == []
