"""Rules of runs: what actions declare of them is noted with their plan, and who refuses to wait fails."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from ostinato.model.changes import PlanMade, RulesMade, RunMoved
from ostinato.model.evidence import EndKind
from ostinato.model.runs import ClaimedRun, RunRules
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import Phase, Step, StepError
from ostinato.store import claims, decisions, hook_calls, stopping
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.decisions import Recording
from ostinato.store.rules import fail_refusing_runs, find_rival
from ostinato.testing.factories import NOON, make_new_run
from ostinato.testing.interleaving import interleave
from ostinato.testing.night import AGENT, Night

MINUTE = timedelta(minutes=1)
HOOKS = {RunStatus.RUNNING: ("shop.hooks:greet",), RunStatus.FAILED: ("shop.hooks:mourn",)}
PLAN = PlanMade((Step(1, "refresh", "shop.flows:refresh", Phase.PLAN),))
TURN = RunMoved(RunStatus.WAITING, "it takes its turn", takes_turn=True)


def record(night: Night, run: ClaimedRun, *changes: PlanMade | RulesMade | RunMoved) -> None:
    """Record a decision about a run that was claimed."""
    recording = Recording(run.id, run.lease_token, run.decision, (PLAN, *changes))
    with night.store.write() as tx:
        assert decisions.record(tx, [recording], actor=AGENT, now=night.now) == frozenset()


def plan_singletons(night: Night, count: int, *, refuses: bool = False) -> list[int]:
    """Make runs that agents have planned, and which wait for their turns."""
    night.create(*(make_new_run() for _ in range(count)))
    planned = night.claim()
    for run in planned:
        record(night, run, RulesMade(RunRules(singleton_key="refresh", refuses=refuses)), TURN)
    return [run.id for run in planned]


def claim_ids(night: Night) -> list[int]:
    """Claim all that can be claimed, and return the ids."""
    return [run.id for run in night.claim()]


def fail_refusing(night: Night) -> int:
    """Do what the engine does about those that refuse to wait."""
    with night.store.write() as tx:
        return fail_refusing_runs(tx, actor="engine-1", now=night.now, limit=10)


def list_calls(night: Night) -> list[tuple[str, str]]:
    """List the hooks that are to be called, with the status."""
    call = t.hook_calls.c
    with night.store.read() as tx:
        return [(row.hook, row.status) for row in tx.execute(select(call.hook, call.status).order_by(call.id))]


def test_runs_that_were_planned_take_turns(night: Night) -> None:
    """In the order in which they came into being, and one of an order that was given before is one of them."""
    (asked,) = night.create(make_new_run(singleton_key="refresh", queue="io"))
    first, second = plan_singletons(night, 2)

    assert claim_ids(night) == []
    (run,) = night.claim(queues=["io"])
    assert run.id == asked
    night.finish(run)
    assert claim_ids(night) == [first]
    with night.store.read() as tx:
        assert [find_rival(tx, run_id) for run_id in (first, second)] == [None, first]


def test_the_time_limit_begins_anew_with_the_turn(night: Night) -> None:
    """What was spent on waiting is not held against it."""
    night.create(make_new_run())
    (run,) = night.claim()

    with night.store.write() as tx:
        tx.execute(t.runs.update().values(deadline_at=NOON))
    record(night, run, RulesMade(RunRules(singleton_key="refresh")), TURN)

    assert night.runs()[0].deadline_at is None


def test_hooks_are_called_for_the_status_that_a_run_had_come_to(night: Night) -> None:
    """And for those to come. Of a run that takes its turn, they are when it has come."""
    night.create(make_new_run(), make_new_run())
    begun, turned = night.claim()

    record(night, begun, RulesMade(RunRules(HOOKS)))
    record(night, turned, RulesMade(RunRules(HOOKS, "refresh")), TURN)
    before = list_calls(night)
    night.claim()
    night.finish(begun, RunStatus.FAILED)

    assert before == [("shop.hooks:greet", "running")]
    assert list_calls(night)[1:] == [("shop.hooks:greet", "running"), ("shop.hooks:mourn", "failed")]


def test_a_run_that_is_to_be_cancelled_waits_for_no_singleton(night: Night) -> None:
    """An agent takes it up at once, and ends it, whoever holds the key."""
    night.create(make_new_run(singleton_key="refresh"), make_new_run())
    _, run = night.claim()
    with night.store.write() as tx:
        stopping.cancel_run(tx, run_id=run.id, actor="ada", reason="", cause="cancelled by ada", now=night.now)

    record(night, run, RulesMade(RunRules(HOOKS, "refresh", refuses=True)), TURN)

    assert (night.runs()[1].singleton_key, fail_refusing(night)) == (None, 0)
    assert claim_ids(night) == [run.id]


def test_who_refuses_to_wait_fails_while_another_lives(night: Night) -> None:
    """Be that one running or first in line; the evidence says which. Who may run is left alone."""
    first, second = plan_singletons(night, 2, refuses=True)

    in_line = fail_refusing(night)
    claimed = claim_ids(night)
    (third,) = plan_singletons(night, 1, refuses=True)
    while_it_runs = fail_refusing(night)

    assert (in_line, claimed, while_it_runs) == (1, [first], 1)
    for run_id in (second, third):
        (run,) = (run for run in night.runs() if run.id == run_id)
        assert (run.status, run.evidence and run.evidence.kind) == (RunStatus.FAILED, EndKind.NOT_STARTED)
        assert run.reason == f"it is a singleton, and run {first} lives: refresh"


def test_who_refuses_to_wait_runs_when_nobody_else_lives(night: Night) -> None:
    """The engine does not touch it."""
    (only,) = plan_singletons(night, 1, refuses=True)

    assert (fail_refusing(night), claim_ids(night), fail_refusing(night)) == (0, [only], 0)


def test_a_parent_is_told_that_its_child_was_refused(night: Night) -> None:
    """It waits for all of them."""
    (parent,) = night.create(make_new_run())
    (run,) = night.claim()
    child = make_new_run(parent_run_id=parent, parent_step=1, child_number=1)
    record(night, run)
    night.create(child)
    with night.store.write() as tx:
        tx.execute(t.runs.update().where(t.runs.c.id != parent).values(singleton_key="a", singleton_refuses=True))
        tx.execute(t.runs.update().where(t.runs.c.id == parent).values(singleton_key="a", singleton_held="a"))

    fail_refusing(night)

    with night.store.read() as tx:
        assert tx.execute(select(t.events.c.run_id, t.events.c.step)).all() == [(parent, 1)]


@pytest.mark.parametrize("refuses", [False, True])
def test_of_two_that_are_planned_at_the_same_moment_one_is_carried_out(night: Night, *, refuses: bool) -> None:
    """Two agents record their plans, and claim in the same transactions, one while the other has yet to commit."""
    night.create(make_new_run(), make_new_run())
    mine, theirs = night.claim()
    agent = night.agent().id
    changes = (PLAN, RulesMade(RunRules(singleton_key="refresh", refuses=refuses)), TURN)
    claimed: list[int] = []

    def plan(tx: Tx, run: ClaimedRun) -> None:
        decisions.record(tx, [Recording(run.id, run.lease_token, run.decision, changes)], actor="a", now=NOON)
        found = claims.claim_runs(tx, agent_id=agent, actor="a", queues=["default"], limit=2, now=NOON)
        claimed.extend(one.id for one in found)

    interleave(night.store, lambda tx: plan(tx, mine), lambda tx: plan(tx, theirs))
    fail_refusing(night)
    claimed += claim_ids(night)

    assert len(claimed) == 1


def test_calls_of_hooks_stay_on_record_as_long_as_their_run(night: Night) -> None:
    """With what went wrong in them; then they are gone, too."""
    (run_id,) = night.create(make_new_run(hooks=HOOKS))
    (run,) = night.claim()
    night.finish(run, RunStatus.FAILED)
    error = StepError(EndKind.RAISED, "nobody answers", "OSError", "the story")
    with night.store.write() as tx:
        greet, mourn = hook_calls.list_hook_calls(tx, run_id)
        hook_calls.keep_hook_call(tx, greet.id, error=None, now=night.now)
        hook_calls.keep_hook_call(tx, mourn.id, error=error, now=night.now)

    with night.store.read() as tx:
        kept = [(call.hook, call.called_at, call.error) for call in hook_calls.list_hook_calls(tx, run_id)]
        failing = [hook_calls.list_failing_runs(tx, since=night.now + ago) for ago in (-MINUTE, timedelta(), MINUTE)]
    night.set(retention=timedelta(days=5))
    night.advance(days=400)
    night.tick()

    assert kept == [("shop.hooks:greet", NOON, None), ("shop.hooks:mourn", NOON, error)]
    assert failing == [{run_id: 1}, {run_id: 1}, {}]
    assert night.runs() == []
    assert list_calls(night) == []
