"""Ending calls in real threads: asking, abandoning, and what is made of what they answer."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
import structlog

from ostinato.clock import ManualClock, SystemClock
from ostinato.executors.executor import CancelFlag, Ended
from ostinato.executors.local import LocalExecutor
from ostinato.executors.threads import ThreadExecutor
from ostinato.model.evidence import EndKind
from ostinato.model.steps import StepError
from ostinato.model.work import Cancelled, Failed, Outcome, Succeeded, Suspended
from ostinato.testing.calls import (
    DONE,
    KEY,
    PATIENCE_SECONDS,
    CallBench,
    Held,
)


def test_a_call_that_heeds_the_flag_answers_for_itself(calls: CallBench) -> None:
    """Asked to end, it does, and is not abandoned; the reason is what it was asked for."""
    begun = threading.Event()

    def call(flag: CancelFlag) -> Outcome:
        begun.set()
        return Cancelled("heeded") if flag.wait(PATIENCE_SECONDS) else DONE

    calls.start(call)
    assert begun.wait(PATIENCE_SECONDS)
    other = calls.hold(step=3)
    calls.executor.end(KEY, EndKind.CANCELLED, "cancelled by ada")
    calls.executor.end(KEY, EndKind.STOPPED, "too late to matter")

    assert calls.finish().outcome == Cancelled("cancelled by ada")
    assert not other.is_told_to_end
    assert calls.executor.abandoned == 0


@pytest.mark.parametrize(
    ("kind", "answer", "outcome"),
    [
        (EndKind.CANCELLED, DONE, DONE),
        (EndKind.CANCELLED, Suspended(), Cancelled("why")),
        (EndKind.CANCELLED, Failed(StepError(EndKind.RAISED, "closed")), Cancelled("why")),
        (EndKind.STOPPED, DONE, DONE),
        (EndKind.STOPPED, Suspended(), Suspended()),
        (EndKind.STOPPED, Cancelled(), Failed(StepError(EndKind.STOPPED, "why"))),
        (EndKind.TIME_LIMIT, DONE, Failed(StepError(EndKind.TIME_LIMIT, "why"))),
    ],
)
def test_what_is_done_is_done(calls: CallBench, kind: EndKind, answer: Outcome, outcome: Outcome) -> None:
    """A call that ends after it was asked to keeps its success; a failure is put down to being ended."""
    held = calls.hold(answer=answer)
    calls.executor.end(KEY, kind, "why")
    held.release.set()

    assert calls.finish().outcome == outcome


def test_a_call_that_does_not_end_is_abandoned(calls: CallBench) -> None:
    """After a while it is given up, its thread is counted, and what it answers in the end is thrown away."""
    held = calls.hold()
    calls.executor.end(KEY, EndKind.CANCELLED, "cancelled by ada")
    calls.advance(seconds=4.9)
    before = calls.executor.wait(0)
    calls.advance(seconds=0.1)
    ended = calls.finish()

    assert before == []
    assert ended.outcome == Cancelled("cancelled by ada; its thread was abandoned")
    assert (len(calls.executor), calls.executor.abandoned) == (0, 1)
    with structlog.testing.capture_logs() as lines:
        held.release.set()
        calls.take_late_outcome()
    assert lines == [
        {"event": "late_outcome_dropped", "log_level": "info", "run": 1, "step": 2, "outcome": "Succeeded"}
    ]
    assert calls.executor.abandoned == 0


def test_a_call_that_takes_too_long_fails(calls: CallBench) -> None:
    """At its limit and not before it is asked to end, and abandoned a while later."""
    held = calls.hold(timeout=timedelta(minutes=10))
    calls.advance(minutes=9)
    before = calls.executor.wait(0)
    calls.advance(minutes=1)
    at_limit = calls.executor.wait(0)
    calls.advance(seconds=5)
    ended = calls.finish()

    assert before == at_limit == []
    assert held.is_told_to_end
    message = "it took longer than its timeout of 10m; its thread was abandoned"
    assert ended.outcome == Failed(StepError(EndKind.TIME_LIMIT, message))


def test_whoever_waits_learns_of_a_timeout_that_begins_meanwhile() -> None:
    """A call that begins while its agent sleeps is timed out when it is due, not when the agent wakes for something."""
    executor = LocalExecutor(SystemClock(), log_size=1, folder=None, most_threads=1, abandon_after=timedelta(0))
    first, second = Held(), Held()
    executor.start_call((1, 1), first)
    executor.start_call((1, 2), second, timeout=timedelta(milliseconds=10))
    first.release.set()
    ended = [*executor.wait(PATIENCE_SECONDS), *executor.wait(PATIENCE_SECONDS)]

    assert [end.key for end in ended] == [(1, 1), (1, 2)]
    message = "it took longer than its timeout of 0.01s; its thread was abandoned"
    assert ended[1].outcome == Failed(StepError(EndKind.TIME_LIMIT, message))
    second.release.set()
    executor.close()


def test_the_beginning_of_a_call_that_may_take_too_long_is_made_known() -> None:
    """Its thread rings before it begins, and that of another call does not."""
    rings: list[str] = []
    executor = ThreadExecutor(ManualClock(datetime(2026, 1, 10, tzinfo=UTC)), lambda: rings.append("ring"))
    free, timed = Held(), Held()
    executor.start((1, 1), free)
    assert free.begun.wait(PATIENCE_SECONDS)
    before = len(rings)
    executor.start((1, 2), timed, timeout=timedelta(minutes=1))
    assert timed.begun.wait(PATIENCE_SECONDS)

    assert (before, len(rings)) == (0, 1)
    assert executor.seconds_until_due() == 60.0
    free.release.set()
    timed.release.set()
    executor.close()


def test_time_runs_from_when_a_call_begins(lone_calls: CallBench) -> None:
    """Waiting for a thread takes nothing from its time."""
    first = lone_calls.hold(step=1)
    second = lone_calls.queue(timeout=timedelta(minutes=1))
    lone_calls.advance(hours=1)
    first.release.set()
    lone_calls.finish()
    assert second.begun.wait(PATIENCE_SECONDS)
    lone_calls.advance(seconds=59)
    before = lone_calls.executor.wait(0)
    second.release.set()

    assert before == []
    assert lone_calls.finish().outcome == DONE


def test_killing_abandons_at_once(calls: CallBench) -> None:
    """A call whose outcome must not matter any more is given up without patience, but told."""
    held = calls.hold()
    calls.executor.kill(KEY, EndKind.LOST, "its lease was lost")

    message = "its lease was lost; its thread was abandoned"
    assert calls.finish().outcome == Failed(StepError(EndKind.LOST, message))
    assert held.is_told_to_end


def test_killing_keeps_what_was_decided_before(calls: CallBench) -> None:
    """A cancelled call that is killed was cancelled."""
    calls.hold()
    calls.executor.end(KEY, EndKind.CANCELLED, "cancelled by ada")
    calls.executor.kill(KEY, EndKind.STOPPED, "its agent was stopped")

    assert calls.finish().outcome == Cancelled("cancelled by ada; its thread was abandoned")


def test_a_step_may_be_tried_again_while_its_abandoned_thread_lives(calls: CallBench) -> None:
    """The outcome of the old try is not taken for that of the new one."""
    old = calls.hold()
    calls.executor.kill(KEY, EndKind.LOST, "its lease was lost")
    calls.finish()
    new = calls.hold(answer=Succeeded("new"))
    old.release.set()
    calls.take_late_outcome()
    new.release.set()

    assert calls.finish() == Ended(KEY, Succeeded("new"))


@pytest.mark.parametrize("way", ["end", "kill"])
def test_a_call_that_has_not_begun_never_does(lone_calls: CallBench, way: str) -> None:
    """Ended while it waits for a thread, it is over at once, and no thread was abandoned for it."""
    first = lone_calls.hold(step=1)
    second = lone_calls.queue()
    end = lone_calls.executor.end if way == "end" else lone_calls.executor.kill
    end(KEY, EndKind.CANCELLED, "cancelled by ada")
    ended = lone_calls.finish()
    first.release.set()
    lone_calls.finish()
    lone_calls.start(lambda flag: DONE, step=3)  # the thread has passed the second by when this is done
    lone_calls.finish()

    assert ended == Ended(KEY, Cancelled("cancelled by ada"))
    assert not second.begun.is_set()
    assert lone_calls.executor.abandoned == 0


@pytest.mark.parametrize("way", ["end", "kill"])
def test_a_call_that_ended_by_itself_was_not_ended(calls: CallBench, way: str) -> None:
    """Ending comes too late for a call that has answered, though nobody has asked for its outcome yet."""
    held = calls.hold()
    held.release.set()
    wait_for_answer(calls)
    end = calls.executor.end if way == "end" else calls.executor.kill
    end(KEY, EndKind.CANCELLED, "cancelled by ada")

    assert calls.finish() == Ended(KEY, DONE)


def test_a_replacement_takes_over_what_waits_behind_an_abandoned_thread(lone_calls: CallBench) -> None:
    """A thread that hangs costs itself and no other call."""
    lone_calls.hold(step=1)
    lone_calls.start(lambda flag: DONE)
    lone_calls.executor.kill((1, 1), EndKind.LOST, "its lease was lost")

    assert {ended.key for ended in lone_calls.take(2)} == {(1, 1), (1, 2)}
    assert lone_calls.executor.abandoned == 1


@pytest.mark.parametrize("way", ["end", "kill", "timeout"])
def test_a_call_is_told_in_the_way_it_asked_for(calls: CallBench, way: str) -> None:
    """Its hook is called once, in another thread, so that it may close what the call waits for."""
    called = threading.Semaphore(0)

    def hook() -> None:
        called.release()
        held.release.set()

    held = calls.hold(timeout=timedelta(minutes=1), on_cancel=hook)
    if way == "timeout":
        calls.advance(minutes=1)
    else:
        end = calls.executor.end if way == "end" else calls.executor.kill
        end(KEY, EndKind.LOST, "its lease was lost")
    calls.finish()
    calls.executor.kill(KEY, EndKind.LOST, "again")

    assert called.acquire(timeout=PATIENCE_SECONDS)
    assert not called.acquire(blocking=False)


def test_errors_of_a_hook_are_logged(calls: CallBench) -> None:
    """They change nothing else."""
    logged = threading.Event()

    def note(logger: object, name: str, line: dict[str, object]) -> dict[str, object]:
        if line["event"] == "on_cancel_failed":
            assert (line["run"], line["step"], line["error"]) == (1, 2, "ValueError('broken')")
            logged.set()
        raise structlog.DropEvent

    def hook() -> None:
        raise ValueError("broken")

    former = structlog.get_config()["processors"]
    structlog.configure(processors=[note])  # type: ignore[list-item]
    try:
        calls.hold(on_cancel=hook)
        calls.executor.kill(KEY, EndKind.LOST, "its lease was lost")

        assert logged.wait(PATIENCE_SECONDS)
    finally:
        structlog.configure(processors=former)


def test_calls_that_are_ended_while_they_end_are_told_once(calls: CallBench) -> None:
    """However ending and answering meet, there is one outcome for each call, and no thread is lost count of."""
    steps = iter(range(100_000))
    for _ in range(200):
        batch = list(islice(steps, 20))
        for step in batch:
            calls.start(lambda flag: DONE, step=step)
        for step in batch[::2]:
            calls.executor.kill((1, step), EndKind.CANCELLED, "cancelled by ada")
        assert sorted(ended.key[1] for ended in calls.take(len(batch))) == batch
    while calls.executor.abandoned:
        calls.executor.wait(0.01)

    assert len(calls.executor) == 0
    assert calls.executor._threads._threads <= 20


def wait_for_answer(calls: CallBench) -> None:
    """Wait until an outcome waits to be asked for."""
    while not calls.executor._threads._answers:
        os.sched_yield()
