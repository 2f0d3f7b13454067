"""Decisions: recorded once, under their lease, all or nothing; and no run goes to sleep past what came for it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from ostinato.errors import IllegalTransition
from ostinato.model.changes import Change, EventSettled, PlanMade, RunMoved, StepChanged, TryFailed
from ostinato.model.definitions import RetryKind, RetryRule
from ostinato.model.evidence import Evidence
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import COMMAND, EventFate, Phase, Rescue, Step, StepRules, WakeKind
from ostinato.model.transitions import Party
from ostinato.store import chunks, events, plans, runs
from ostinato.store import schema as t
from ostinato.store.decisions import Recording, record
from ostinato.store.due_runs import REVOKED
from ostinato.store.moves import Move, move_runs
from ostinato.testing.factories import make_evidence
from ostinato.testing.interleaving import interleave
from ostinato.testing.night import AGENT, Night
from ostinato.testing.plans import ERROR, HeldRun, hold_run, hold_runs, make_step, make_steps, take_up

PENDING, RUNNING, SUSPENDED = StepStatus.PENDING, StepStatus.RUNNING, StepStatus.SUSPENDED
SUCCESS = StepStatus.SUCCESS
DONE = RunMoved(RunStatus.SUCCESS, "all steps are done", make_evidence(RunStatus.SUCCESS))
ASLEEP = RunMoved(RunStatus.SUSPENDED, "step-1 waits for an event")


def revoke(night: Night, run: HeldRun) -> None:
    """Take a run away from its agent, as the engine does."""
    move = Move(RunStatus.WAITING, Party.ENGINE, "engine-1", "its agent is lost", night.now)
    with night.store.write() as tx:
        move_runs(tx, move, t.runs.c.id == run.id, values=REVOKED)


def send(night: Night, run: HeldRun, step: int = 1, *, due_at: datetime | None = None) -> int:
    """Send an event to a step; return its id."""
    with night.store.write() as tx:
        event = events.send_event(tx, run_id=run.id, step=step, name="go", sent_by="ann", now=night.now, due_at=due_at)
    assert event.id is not None
    return event.id


def outlives(night: Night, run: HeldRun) -> bool:
    """Tell whether it is stored of a run that another agent can go on with it."""
    with night.store.read() as tx:
        return bool(tx.execute(select(t.runs.c.outlives_agent).where(t.runs.c.id == run.id)).scalar_one())


def begin(step: int) -> Change:
    """Hand out a step of a chain."""
    return StepChanged(PENDING, make_step(step, RUNNING, needs=(step - 1,) if step > 1 else (), tries=1))


# --- what is recorded ------------------------------------------------------------------------------------------------


def test_a_plan_is_read_back_as_it_was_made(night: Night) -> None:
    """Whatever is declared of a step and wherever it stands comes back equal."""
    rules = StepRules(
        retry=RetryRule(
            RetryKind.SERIES,
            attempts=3,
            base=timedelta(seconds=0.1),
            factor=1.5,
            longest=timedelta(hours=1),
            jitter=0.25,
            waits=(timedelta(milliseconds=1),),
            on_exit_codes=frozenset({3, 1}),
            lost_attempts=2,
        ),
        retry_on=("ValueError",),
        timeout=timedelta(days=2, microseconds=7),
        rescue=Rescue.SKIP,
        rescue_planned=Rescue.FAIL,
        idempotent=True,
        weight=0.5,
        heeds_skip=True,
        heeds_cancel=True,
    )
    steps = (
        make_step(1, "success", output={"rows": [1, None, "é"]}, started_at=night.now, finished_at=night.now),
        make_step(2, parent=1, needs=(1,), input={"of": {"$ref": 1, "path": ["rows", 0]}}, queue="io", rules=rules),
        make_step(3, "error", after=(1, 2), tries=3, failures=2, rescued=True),
        make_step(4, "suspended", wake_at=night.now, wake_kind=WakeKind.RETRY, deadline_at=night.now, event_id=7),
        replace(make_step(5, action_step=2, input=None), action=COMMAND, phase=Phase.FINALIZE),
    )

    run = hold_run(night, *steps)

    assert run.steps == steps
    for kind, made in ((Step, steps), (StepRules, (rules, StepRules())), (RetryRule, (rules.retry, RetryRule()))):
        for field in fields(kind):
            assert len({repr(getattr(one, field.name)) for one in made}) > 1, f"{field.name} is not tried here"


def test_a_decision_is_recorded_as_a_whole(night: Night) -> None:
    """Steps, tries, events and the run's end are written together."""
    run = hold_run(night, make_step(1), make_step(2, "suspended"))
    event = send(night, run, 2)
    failed = replace(make_step(1, "error"), tries=1, failures=1, finished_at=night.now)
    late = replace(make_step(2, "running"), event_id=event, tries=1)
    tried = TryFailed(1, 1, ERROR, night.now, night.now)

    assert run.record(StepChanged(PENDING, make_step(1, "running")), EventSettled(event, EventFate.TAKEN))
    assert run.record(StepChanged(RUNNING, failed), tried, StepChanged(SUSPENDED, late))
    assert run.record(EventSettled(event, EventFate.DELIVERED), StepChanged(RUNNING, replace(late, status=SUCCESS)))
    assert run.move(RunStatus.FAILED)

    assert run.steps == (failed, replace(late, status=SUCCESS))
    assert (run.run.status, run.run.decision) == (RunStatus.FAILED, 5)
    with night.store.read() as tx:
        assert plans.list_tries(tx, run.id) == [tried]
        settled = events.find_event(tx, event)
    assert settled is not None
    assert (settled.fate, settled.settled_at) == (EventFate.DELIVERED, night.now)


def test_a_step_may_change_several_times_in_one_decision(night: Night) -> None:
    """A step that is tried again at once, or suspends and is woken, goes every edge of its way."""
    run = hold_run(night, make_step(1))
    one, two = make_step(1, "running", tries=1), make_step(1, "running", tries=2, failures=1)

    assert run.record(
        StepChanged(PENDING, one),
        StepChanged(RUNNING, two),
        StepChanged(RUNNING, replace(two, status=SUSPENDED)),
        StepChanged(SUSPENDED, two),
    )

    assert run.steps == (two,)


def test_many_runs_are_recorded_at_once(night: Night) -> None:
    """More runs than one statement can name are recorded in one call, each with its own changes."""
    held = hold_runs(night, 600, *make_steps(2))
    done = make_step(1, "success", output={"exit_code": 0})

    with night.store.write() as tx:
        first = [run.recording(begin(1)) for run in held]
        second = [replace(run.recording(StepChanged(RUNNING, done), DONE), decision=2) for run in held]
        assert not record(tx, [*second, *first], actor=AGENT, now=night.now)

    with night.store.read() as tx:
        assert runs.count_runs(tx) == {RunStatus.SUCCESS: 600}
        counted = plans.count_steps(tx, [run.id for run in held])
    assert counted == {run.id: {SUCCESS: 1, PENDING: 1} for run in held}
    assert held[-1].step(1).output == {"exit_code": 0}


def test_a_text_that_no_database_keeps_does_not_stop_the_record(night: Night) -> None:
    """What a failed program says may hold NUL or half a character; it is spelled out."""
    run = hold_run(night, make_step(1, "running"))
    error = replace(ERROR, message="bad \0 byte", traceback="half a \ud83d")
    end = RunMoved(RunStatus.FAILED, error.message, Evidence(error.kind, error.traceback))

    with night.store.write() as tx:
        chunks.keep_progress(tx, [(run.id, 1, 0.5, error.message)], leases={run.id: run.lease_token})
    assert run.record(StepChanged(RUNNING, replace(make_step(1, "error"), error=error)), end)

    with night.store.read() as tx:
        (shown,) = plans.list_steps(tx, run.id)
    assert shown.step.error == replace(ERROR, message="bad \\x00 byte", traceback="half a \\ud83d")
    assert (shown.progress_message, run.run.reason) == ("bad \\x00 byte", "half a \\ud83d")


@pytest.mark.parametrize(
    ("rules", "status", "survives"),
    [
        (StepRules(rescue=Rescue.FAIL), "pending", False),
        (StepRules(rescue=Rescue.PAUSE), "pending", True),
        (StepRules(rescue=Rescue.PAUSE), "success", False),
        (StepRules(rescue=Rescue.FAIL, idempotent=True), "running", True),
        (StepRules(rescue=Rescue.FAIL, rescue_planned=Rescue.SKIP), "success", True),
    ],
)
def test_it_is_noted_whether_a_run_outlives_its_agent(
    night: Night, rules: StepRules, status: str, *, survives: bool
) -> None:
    """Unless all that is unfinished is simply to fail, another agent can go on."""
    plain = make_step(1, "success", rules=StepRules(rescue=Rescue.FAIL))

    run = hold_run(night, plain, make_step(2, status, rules=rules))

    assert outlives(night, run) is survives


def test_the_planner_counts_for_what_it_planned(night: Night) -> None:
    """A plan step that has just succeeded no longer counts for itself, but what it says of others does."""
    plan = make_step(1, "running", rules=StepRules(rescue_planned=Rescue.SKIP))
    fails = make_step(2, rules=StepRules(rescue=Rescue.FAIL))
    skipping, failing = hold_runs(night, 2, plan)

    skipping.record(StepChanged(RUNNING, replace(plan, status=SUCCESS)), PlanMade((fails,)))
    failing.record(StepChanged(RUNNING, replace(plan, status=SUCCESS, rules=StepRules())), PlanMade((fails,)))

    assert (outlives(night, skipping), outlives(night, failing)) == (True, False)


# --- leases, and recording twice -------------------------------------------------------------------------------------


def test_nothing_is_recorded_without_the_lease(night: Night) -> None:
    """[5] Of a run whose lease is gone nothing is written, while the others of the same call are."""
    lost, kept = hold_runs(night, 2, *make_steps(1))
    revoke(night, lost)

    with night.store.write() as tx:
        refused = record(tx, [kept.recording(begin(1)), lost.recording(begin(1), DONE)], actor=AGENT, now=night.now)

    assert refused == {lost.id}
    assert (lost.step(1).status, lost.run.status, lost.run.decision) == (PENDING, RunStatus.WAITING, 1)
    assert kept.step(1).status is RUNNING


@pytest.mark.parametrize("lease_token", [0, 1, 3])
def test_only_the_lease_of_today_counts(night: Night, lease_token: int) -> None:
    """[5] A token of an earlier claim is refused, and so is one that was never given."""
    run = hold_run(night, *make_steps(1))
    revoke(night, run)
    again = take_up(night, run)

    with night.store.write() as tx:
        recording = Recording(run.id, lease_token, 1, (begin(1),))
        refused = record(tx, [recording], actor=AGENT, now=night.now)

    assert refused == (set() if lease_token == again.lease_token else {run.id})
    assert again.step(1).status is (RUNNING if lease_token == again.lease_token else PENDING)


def test_a_run_that_is_gone_is_refused(night: Night) -> None:
    """A deleted run has no lease."""
    with night.store.write() as tx:
        assert record(tx, [Recording(99, 1, 0, (DONE,))], actor=AGENT, now=night.now) == {99}


def test_what_was_recorded_is_not_recorded_again(night: Night) -> None:
    """An agent that lost the answer of a commit sends all of it again: that is well, and writes nothing."""
    run = hold_run(night, *make_steps(2))
    done = StepChanged(RUNNING, make_step(1, "success"))
    first, tried = run.recording(begin(1)), TryFailed(1, 1, ERROR, None, night.now)
    second = replace(run.recording(done, begin(2), tried), decision=2)
    for _ in range(2):
        with night.store.write() as tx:
            assert not record(tx, [first, second], actor=AGENT, now=night.now)

    assert [step.status for step in run.steps] == [SUCCESS, RUNNING]
    assert run.run.decision == 3
    with night.store.read() as tx:
        assert plans.list_tries(tx, run.id) == [tried]


def test_the_rest_of_a_half_known_batch_is_recorded(night: Night) -> None:
    """Decisions that came after the lost answer are sent with those before it; only the new ones are written."""
    run = hold_run(night, *make_steps(2))
    known = run.recording(begin(1))
    run.record(begin(1))

    with night.store.write() as tx:
        assert not record(tx, [known, run.recording(begin(2))], actor=AGENT, now=night.now)

    assert [step.status for step in run.steps] == [RUNNING, RUNNING]


@pytest.mark.parametrize("status", [RunStatus.SUCCESS, RunStatus.WAITING, RunStatus.PAUSED])
def test_a_run_that_has_moved_on_knows_what_was_recorded(night: Night, status: RunStatus) -> None:
    """The last decision of an agent about a run is known again after it has left; a further one is refused."""
    run = hold_run(night, *make_steps(1))
    last = run.recording(RunMoved(status, "over", make_evidence(status) if status is RunStatus.SUCCESS else None))
    with night.store.write() as tx:
        assert not record(tx, [last], actor=AGENT, now=night.now)

    with night.store.write() as tx:
        known = record(tx, [last], actor=AGENT, now=night.now)
        further = record(tx, [replace(last, decision=2, changes=(begin(1),))], actor=AGENT, now=night.now)

    assert not known
    assert further == {run.id}
    assert (run.run.status, run.run.decision, run.step(1).status) == (status, 2, PENDING)


def test_a_gap_is_refused(night: Night) -> None:
    """A decision that follows one the store never saw is not recorded."""
    run = hold_run(night, *make_steps(1))

    with night.store.write() as tx:
        assert record(tx, [replace(run.recording(begin(1)), decision=2)], actor=AGENT, now=night.now) == {run.id}

    assert run.step(1).status is PENDING


# --- bugs ------------------------------------------------------------------------------------------------------------


def test_a_change_off_the_table_is_a_bug(night: Night) -> None:
    """It raises with the step's name before anything is asked of the database."""
    run = hold_run(night, *make_steps(1))

    with pytest.raises(IllegalTransition, match=r"step 1 \(step-1\) of run 1: the agent may not move .* to success"):
        run.record(StepChanged(PENDING, make_step(1, "success")))

    assert (run.step(1).status, run.run.decision) == (PENDING, 1)


def test_a_step_that_is_elsewhere_is_a_bug(night: Night) -> None:
    """[6] Under a lease nobody else moves a step: the director knows another run, and nothing of it is recorded."""
    run = hold_run(night, make_step(1, "success"), make_step(2))

    with pytest.raises(
        IllegalTransition, match="step 1 of run 1 was to go from pending to running, and is now success"
    ):
        run.record(begin(2), begin(1))
    with pytest.raises(
        IllegalTransition, match="step 7 of run 1 was to go from pending to running, and is now not there"
    ):
        run.record(begin(7))

    assert [step.status for step in run.steps] == [SUCCESS, PENDING]


def test_an_event_is_settled_once(night: Night) -> None:
    """[7] What was delivered cannot be delivered again, nor can the event of another run."""
    one, other = hold_runs(night, 2, make_step(1, "suspended"))
    event = send(night, one)
    one.record(EventSettled(event, EventFate.TAKEN))
    one.record(EventSettled(event, EventFate.DELIVERED))

    for run in (one, other):
        with pytest.raises(IllegalTransition, match="settled before"):
            run.record(EventSettled(event, EventFate.DROPPED, "late"))


# --- no rest past what came ------------------------------------------------------------------------------------------


def test_a_run_does_not_sleep_while_an_event_is_due(night: Night) -> None:
    """The agent did not know of it when it decided: the run waits for an agent instead, and says why."""
    run = hold_run(night, make_step(1, "suspended"))
    send(night, run)

    assert run.record(ASLEEP)

    assert run.run.status is RunStatus.WAITING
    with night.store.read() as tx:
        assert runs.list_transitions(tx, run.id)[-1].cause == "an event came"


def test_a_run_sleeps_no_longer_than_its_next_event(night: Night) -> None:
    """A delayed event that the agent did not know of wakes it; one that is later than its own time does not."""
    soon, late = night.now + timedelta(hours=1), night.now + timedelta(hours=9)
    early, own, never = hold_runs(night, 3, make_step(1, "suspended"))
    for run in (early, own):
        send(night, run, due_at=late if run is own else soon)

    early.record(replace(ASLEEP, wake_at=late))
    own.record(replace(ASLEEP, wake_at=soon))
    never.record(ASLEEP)

    assert [run.run.wake_at for run in (early, own, never)] == [soon, soon, None]
    assert {run.run.status for run in (early, own, never)} == {RunStatus.SUSPENDED}


@pytest.mark.parametrize(
    "step",
    [make_step(1, "pending"), make_step(1, "error"), make_step(1, "suspended", wake_kind=WakeKind.RETRY)],
    ids=["pending", "error", "between two tries"],
)
def test_an_event_that_no_step_can_take_yet_wakes_nobody(night: Night, step: Step) -> None:
    """It waits for its step: a run that was woken for it would have nothing to do, and sleep again, for ever."""
    run = hold_run(night, step, make_step(2, "suspended"))
    send(night, run, 1)

    run.record(ASLEEP)

    assert run.run.status is RunStatus.SUSPENDED


@pytest.mark.parametrize("status", [RunStatus.SUSPENDED, RunStatus.PAUSED])
def test_a_run_that_is_to_be_cancelled_does_not_rest(night: Night, status: RunStatus) -> None:
    """The wish came after its agent had decided: another agent takes the run up, and cancels it."""
    run = hold_run(night, make_step(1, "suspended"))
    with night.store.write() as tx:
        tx.execute(t.runs.update().values(cancel_requested_at=night.now, cancel_requested_by="ann"))

    run.move(status)

    assert run.run.status is RunStatus.WAITING


def test_events_that_nobody_will_take_are_answered_when_the_run_ends(night: Night) -> None:
    """[7] One that the agent did not know of is dropped with the reason, in the same transaction."""
    hold_run(night, make_step(1, "running"))
    run = hold_run(night, make_step(1, "running"))
    event = send(night, run)

    run.record(StepChanged(RUNNING, make_step(1, "success")), DONE)

    with night.store.read() as tx:
        answered = events.find_event(tx, event)
    assert answered is not None
    assert (answered.fate, answered.settled_at) == (EventFate.DROPPED, night.now)
    assert "ended" in answered.reason


def test_an_event_that_is_sent_while_its_run_goes_to_sleep_wakes_it(night: Night) -> None:
    """Whoever sends waits for the record, and sees the run asleep."""
    run = hold_run(night, make_step(1, "suspended"))

    interleave(
        night.store,
        lambda tx: record(tx, [run.recording(ASLEEP)], actor=AGENT, now=night.now),
        lambda tx: events.send_event(tx, run_id=run.id, step=1, name="go", sent_by="ann", now=night.now),
    )

    assert run.run.status is RunStatus.WAITING


def test_a_run_that_goes_to_sleep_while_an_event_is_sent_stays_awake(night: Night) -> None:
    """Whoever records waits for the sender, and sees the event."""
    run = hold_run(night, make_step(1, "suspended"))

    interleave(
        night.store,
        lambda tx: events.send_event(tx, run_id=run.id, step=1, name="go", sent_by="ann", now=night.now),
        lambda tx: record(tx, [run.recording(ASLEEP)], actor=AGENT, now=night.now),
    )

    assert run.run.status is RunStatus.WAITING


def test_a_record_that_meets_the_loss_of_its_lease_is_refused(night: Night) -> None:
    """[5] While the engine takes a run away, its agent waits; then it has nothing to say any more."""
    run = hold_run(night, *make_steps(1))
    lost = Move(RunStatus.WAITING, Party.ENGINE, "engine-1", "its agent is lost", night.now)

    refused = interleave(
        night.store,
        lambda tx: move_runs(tx, lost, t.runs.c.id == run.id, values=REVOKED),
        lambda tx: record(tx, [run.recording(begin(1))], actor=AGENT, now=night.now),
    )

    assert refused == {run.id}
    assert run.step(1).status is PENDING
