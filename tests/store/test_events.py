"""Events: stored before anybody is told, refused with a reason, in order, and never slept past."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ostinato.errors import NotPossible
from ostinato.model.changes import EventSettled, RunMoved
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import Event, EventFate, Step, WakeKind
from ostinato.store import events, runs
from ostinato.store.decisions import record
from ostinato.testing.factories import make_evidence
from ostinato.testing.interleaving import interleave
from ostinato.testing.night import AGENT, Night
from ostinato.testing.plans import HeldRun, hold_run, hold_runs, make_step


def send(night: Night, run: HeldRun, step: int = 1, **values: object) -> Event:
    """Send one event as a person does."""
    event = replace(Event(run.id, step, "approve", {"yes": True}, sent_by="ann"), **values)  # type: ignore[arg-type]
    with night.store.write() as tx:
        return events.send_event(
            tx,
            run_id=event.run_id,
            step=event.step,
            name=event.name,
            payload=event.payload,
            sent_by=event.sent_by,
            now=night.now,
            due_at=event.due_at,
            optional=event.optional,
        )


def make_sleeper(night: Night, *steps: Step) -> HeldRun:
    """Make a run that is suspended with one suspended step, unless other steps are given."""
    run = hold_run(night, *(steps or [make_step(1, "suspended")]))
    run.move(RunStatus.SUSPENDED)
    return run


def due(night: Night, *held: HeldRun) -> list[int | None]:
    """Return the ids of the events that are due now."""
    with night.store.read() as tx:
        return [event.id for event in events.list_due_events(tx, [run.id for run in held], night.now)]


# --- sending ---------------------------------------------------------------------------------------------------------


def test_an_event_wakes_its_run_and_can_be_asked_about(night: Night) -> None:
    """It is stored and the run waits for an agent, in one transaction; the receipt tells what became of it."""
    run = make_sleeper(night)

    sent = send(night, run)

    assert sent == Event(
        run.id, 1, "approve", {"yes": True}, id=sent.id, sent_by="ann", sent_at=night.now, due_at=night.now
    )
    with night.store.read() as tx:
        assert events.find_event(tx, sent.id or 0) == sent
        assert events.list_events(tx, run.id) == [sent]
        last = runs.list_transitions(tx, run.id)[-1]
    assert (last.to_status, last.cause, last.actor) == (RunStatus.WAITING, "an event came", "ann")


def test_a_delayed_event_wakes_its_run_when_it_is_due(night: Night) -> None:
    """The run is woken no later than that, and not later than it wanted before."""
    run, hour = make_sleeper(night), timedelta(hours=1)

    stood = []
    for delay in (3, 1, 2):
        send(night, run, due_at=night.now + delay * hour)
        stood.append((run.run.status, run.run.wake_at))
    night.advance(hours=1)
    night.tick()

    wake_ups = [night.now + 2 * hour, night.now, night.now]
    assert stood == [(RunStatus.SUSPENDED, wake_at) for wake_at in wake_ups]
    assert run.run.status is RunStatus.WAITING


@pytest.mark.parametrize(
    "step",
    [make_step(1), make_step(1, "running"), make_step(1, "error"), make_step(1, "suspended", wake_kind=WakeKind.RETRY)],
    ids=["pending", "running", "error", "between two tries"],
)
def test_an_event_for_a_step_that_cannot_take_it_yet_is_kept(night: Night, step: Step) -> None:
    """It waits for its step, and its run sleeps on: there is nothing to do about it now."""
    run = make_sleeper(night, step, make_step(2, "suspended"))

    sent = send(night, run, due_at=None)
    later = send(night, run, due_at=night.now + timedelta(hours=1))

    assert (run.run.status, run.run.wake_at) == (RunStatus.SUSPENDED, None)
    assert {sent.fate, later.fate} == {EventFate.WAITING}


@pytest.mark.parametrize("status", [RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.WAITING])
def test_an_event_leaves_a_run_that_does_not_sleep_alone(night: Night, status: RunStatus) -> None:
    """Its agent, or the one that takes it up, finds the event."""
    run = hold_run(night, make_step(1, "suspended"))
    if status is not RunStatus.RUNNING:
        run.move(status)

    sent = send(night, run)

    assert run.run.status is status
    assert due(night, run) == [sent.id]


@pytest.mark.parametrize("status", ["success", "skipped", "cancelled"])
def test_an_event_for_a_step_that_has_ended_is_refused(night: Night, status: str) -> None:
    """Nobody will ever take it: it is not stored, and the sender is told why."""
    run = make_sleeper(night, make_step(1, status), make_step(2, "suspended"))

    with pytest.raises(NotPossible, match=f"event approve cannot be delivered: step step-1 has ended: {status}"):
        send(night, run)

    with night.store.read() as tx:
        assert events.list_events(tx, run.id) == []


def test_an_event_for_nobody_is_refused(night: Night) -> None:
    """A run that has ended or is not there takes none, and neither does a step that is not there."""
    ended, live = hold_runs(night, 2, make_step(1, "suspended"))
    ended.move(RunStatus.FAILED)

    with pytest.raises(NotPossible, match="the run has ended: failed"):
        send(night, ended)
    with pytest.raises(NotPossible, match=f"run {live.id} has no step 7"):
        send(night, live, 7)
    with pytest.raises(NotPossible, match="there is no run 99"):
        send(night, live, run_id=99)


def test_an_optional_event_is_refused_quietly(night: Night) -> None:
    """It is answered as dropped with the reason, and stored nowhere."""
    run = make_sleeper(night, make_step(1, "success"))

    answer = send(night, run, optional=True)

    assert (answer.id, answer.fate, answer.reason) == (None, EventFate.DROPPED, "step step-1 has ended: success")
    with night.store.read() as tx:
        assert events.list_events(tx, run.id) == []


def test_many_events_are_sent_at_once(night: Night) -> None:
    """More than one statement can name are answered in the order in which they were given, the refused ones too."""
    sleepers = hold_runs(night, 600, make_step(1, "suspended"))
    for run in sleepers[:-1]:
        run.move(RunStatus.SUSPENDED)
    sleepers[-1].move(RunStatus.FAILED)
    sent = [Event(run.id, 1, "go", number, sent_by="ann") for number, run in enumerate(reversed(sleepers))]

    with night.store.write() as tx:
        answers = events.send_events(tx, sent, now=night.now)

    assert [(answer.run_id, answer.payload) for answer in answers] == [(event.run_id, event.payload) for event in sent]
    assert (answers[0].fate, answers[0].id) == (EventFate.DROPPED, None)
    with night.store.read() as tx:
        stored = events.list_due_events(tx, [run.id for run in sleepers], night.now)
        assert runs.count_runs(tx) == {RunStatus.FAILED: 1, RunStatus.WAITING: 599}
    assert stored == answers[1:]


def test_one_run_may_get_many_events_at_once(night: Night) -> None:
    """They keep the order in which they were given, and the run is woken once."""
    run = make_sleeper(night)

    with night.store.write() as tx:
        sent = events.send_events(tx, [Event(run.id, 1, "go", n, sent_by="ann") for n in range(3)], now=night.now)

    assert due(night, run) == [event.id for event in sent]
    assert [event.payload for event in sent] == [0, 1, 2]
    with night.store.read() as tx:
        assert [entry.to_status for entry in runs.list_transitions(tx, run.id)].count(RunStatus.WAITING) == 2


def test_a_sender_who_meets_the_end_of_a_run_is_told(night: Night) -> None:
    """[7] Of an event that is sent while its run ends, either the run takes care, or the sender is refused."""
    run = hold_run(night, make_step(1, "suspended"))

    end = RunMoved(RunStatus.FAILED, "given up", make_evidence(RunStatus.FAILED))

    answer = interleave(
        night.store,
        lambda tx: record(tx, [run.recording(end)], actor=AGENT, now=night.now),
        lambda tx: events.send_event(tx, run_id=run.id, step=1, name="go", sent_by="ann", now=night.now, optional=True),
    )

    assert (answer.fate, answer.reason) == (EventFate.DROPPED, "the run has ended: failed")


# --- reading and settling --------------------------------------------------------------------------------------------


def test_due_events_come_in_the_order_in_which_they_were_sent(night: Night) -> None:
    """Those that are not due yet and those that are settled are absent; those in a step's hands are not."""
    run, other = hold_runs(night, 2, make_step(1, "suspended"))
    taken, delivered, waiting = (send(night, run).id or 0 for _ in range(3))
    send(night, run, due_at=night.now + timedelta(seconds=1))
    foreign = send(night, other)

    run.record(EventSettled(taken, EventFate.TAKEN), EventSettled(delivered, EventFate.DELIVERED))

    assert due(night, run) == [taken, waiting]
    assert due(night, other, run) == [taken, waiting, foreign.id]
    assert due(night) == []


def test_what_a_step_has_in_hand_is_listed_whatever_the_clock(night: Night) -> None:
    """It was due by the clock of the agent that took it, which was ahead; its successor needs it all the same."""
    run = hold_run(night, make_step(1, "suspended"))
    taken = send(night, run, due_at=night.now + timedelta(minutes=5)).id or 0

    run.record(EventSettled(taken, EventFate.TAKEN))

    assert due(night, run) == [taken]


def test_an_event_that_a_step_gives_back_waits_again(night: Night) -> None:
    """A step that was interrupted with an event in hand gets it again; only then it is settled."""
    run = hold_run(night, make_step(1, "suspended"))
    sent = send(night, run)

    run.record(EventSettled(sent.id or 0, EventFate.TAKEN))
    run.record(EventSettled(sent.id or 0, EventFate.WAITING))

    with night.store.read() as tx:
        assert events.find_event(tx, sent.id or 0) == sent


def test_the_next_event_that_a_step_could_take(night: Night) -> None:
    """Of each run the earliest; runs for which none waits are absent, as are events for steps that cannot take any."""
    run, other = hold_runs(night, 2, make_step(1, "suspended"), make_step(2))
    soon, late = night.now + timedelta(hours=1), night.now + timedelta(hours=2)
    for due_at in (late, soon):
        send(night, run, due_at=due_at)
    send(night, run, 2)
    send(night, other, 2)

    with night.store.read() as tx:
        assert events.next_due_at(tx, [run.id, other.id]) == {run.id: soon}
        assert events.find_event(tx, 99) is None
