"""Carrying out calls in real threads: what they answer, and how many there are at once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextvars import ContextVar
from pathlib import Path

import pytest
import structlog

from ostinato.errors import ActionNotFound
from ostinato.executors.executor import Call, CancelFlag, Ended
from ostinato.model.evidence import EndKind
from ostinato.model.steps import StepError
from ostinato.model.work import Cancelled, Failed, Outcome, Succeeded, Suspended
from ostinato.testing.calls import (
    DONE,
    KEY,
    PATIENCE_SECONDS,
    CallBench,
    make_raising,
)

SOURCES = Path(__file__).parents[2] / "src"


@pytest.mark.parametrize("outcome", [DONE, Failed(StepError(EndKind.EXITED, "no")), Suspended(), Cancelled("heeded")])
def test_what_a_call_answers_is_its_outcome(calls: CallBench, outcome: Outcome) -> None:
    """Every outcome is taken as it is, and nothing is left of the call."""
    calls.start(lambda flag: outcome)

    assert calls.finish() == Ended(KEY, outcome)
    assert len(calls.executor) == 0


@pytest.mark.parametrize(
    ("error", "sentence", "name"),
    [
        (ValueError("no such table"), "ValueError: no such table", "ValueError"),
        (SystemExit(3), "SystemExit: 3", "SystemExit"),
        (
            subprocess.TimeoutExpired("x", 1),
            "subprocess.TimeoutExpired: Command 'x' timed out after 1 seconds",
            "subprocess.TimeoutExpired",
        ),
    ],
    ids=["error", "exit", "qualified"],
)
def test_what_a_call_raises_is_a_failure(calls: CallBench, error: BaseException, sentence: str, name: str) -> None:
    """Whatever is raised is told with its traceback, and the next call finds a thread as if nothing had happened."""
    calls.start(make_raising(error))
    outcome = calls.finish().outcome
    calls.start(lambda flag: DONE)

    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.error.message, outcome.error.type) == (EndKind.RAISED, sentence, name)
    assert "in call\n    raise error" in outcome.error.traceback
    assert calls.finish().outcome == DONE


def test_an_error_that_cannot_be_shown_is_a_failure_too(calls: CallBench) -> None:
    """Not even an exception without words leaves a call without an end."""

    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    calls.start(make_raising(Mute()))

    outcome = calls.finish().outcome
    assert isinstance(outcome, Failed)
    assert outcome.error.kind is EndKind.RAISED


def test_only_outcomes_are_outcomes(calls: CallBench) -> None:
    """A call that answers anything else, such as nothing, has failed."""
    calls.start(lambda flag: None)  # type: ignore[arg-type,return-value]  # that is the point

    message = "it answered with NoneType, which is no outcome"
    assert calls.finish().outcome == Failed(StepError(EndKind.RAISED, message))


def test_an_action_that_is_not_here_is_no_failure_of_the_step(calls: CallBench) -> None:
    """That this process cannot carry a call out is told apart, with the reason."""
    reason = "cannot import shop.flows: No module named 'shop'"
    calls.start(make_raising(ActionNotFound(reason, hint="install it")))

    ended = calls.finish()
    assert ended.unfit == reason
    assert ended.outcome == Failed(StepError(EndKind.NOT_STARTED, reason))


def test_calls_do_not_see_what_others_left_in_their_thread(lone_calls: CallBench) -> None:
    """What a call puts into its context is gone for the next, though the thread is the same."""
    language = ContextVar("language", default="none")
    seen: list[tuple[str, int]] = []

    def call(flag: CancelFlag) -> Outcome:
        seen.append((language.get(), threading.get_ident()))
        language.set("de")
        return DONE

    for _ in range(2):
        lone_calls.start(call)
        lone_calls.finish()

    assert [text for text, _ in seen] == ["none", "none"]
    assert len({thread for _, thread in seen}) == 1


def test_calls_are_carried_out_side_by_side(calls: CallBench) -> None:
    """None of them could end if the others were not there too."""
    barrier = threading.Barrier(20)

    def call(flag: CancelFlag) -> Outcome:
        barrier.wait(PATIENCE_SECONDS)
        return DONE

    for step in range(20):
        calls.start(call, step=step)

    assert {ended.key for ended in calls.take(20)} == {(1, step) for step in range(20)}


def test_calls_beyond_the_number_of_threads_wait_their_turn(lone_calls: CallBench) -> None:
    """They begin in the order in which they came, when a thread is free."""
    order: list[int] = []

    def note(step: int) -> Call:
        def call(flag: CancelFlag) -> Outcome:
            order.append(step)
            return DONE

        return call

    first = lone_calls.hold(step=1)
    for step in (2, 3):
        lone_calls.start(note(step), step=step)
    first.release.set()

    assert [ended.key[1] for ended in lone_calls.take(3)] == [1, 2, 3]
    assert order == [2, 3]


def test_ten_thousand_calls(calls: CallBench) -> None:
    """Each is carried out once and told once, by few threads."""
    counts = [0] * 10_000

    def count(step: int) -> Call:
        def call(flag: CancelFlag) -> Outcome:
            counts[step] += 1
            return Succeeded(step)

        return call

    for step in range(10_000):
        calls.start(count(step), step=step)
    ended = calls.take(10_000)

    assert counts == [1] * 10_000
    assert {end.key[1]: end.outcome for end in ended} == {step: Succeeded(step) for step in range(10_000)}
    assert calls.executor._threads._threads <= 32
    assert len(calls.executor) == 0


def test_a_step_is_not_carried_out_twice_at_once(calls: CallBench) -> None:
    """Starting what is under way already is a mistake of the caller."""
    calls.hold()

    with pytest.raises(ValueError, match="step 2 of run 1 is being carried out already"):
        calls.start(lambda flag: DONE)


def test_no_thread_to_be_had_is_no_end(calls: CallBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the system has no thread to give, a call waits until it has."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        calls.start(lambda flag: DONE)
        assert calls.executor.wait(0) == []
        assert calls.executor._threads.seconds_until_due() == 1.0
    calls.executor.wait(0)  # it has now

    assert calls.executor._threads._threads == 1


def test_closing_lets_the_threads_go() -> None:
    """Those that are free end; what waits is not begun any more, and what ends later disturbs nobody."""
    calls = CallBench(most_threads=1)
    held, never = calls.hold(step=1), calls.queue()
    before = set(threading.enumerate())
    calls.executor.close()
    with structlog.testing.capture_logs():
        held.release.set()
        for thread in before - {threading.current_thread()}:
            if thread.name == "ostinato-call":
                thread.join(PATIENCE_SECONDS)

    assert not never.begun.is_set()
    assert held.is_told_to_end


def test_a_call_that_hangs_does_not_keep_the_process() -> None:
    """The process of an agent ends at once, whatever its threads are doing."""
    program = """
import threading
from ostinato.clock import SystemClock
from ostinato.executors.local import LocalExecutor

begun = threading.Event()
def hang(flag):
    begun.set()
    threading.Event().wait()

executor = LocalExecutor(SystemClock(), log_size=1, folder=None)
executor.start_call((1, 1), hang)
begun.wait()
executor.close()
print("closed", flush=True)
"""
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        timeout=PATIENCE_SECONDS,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout.splitlines()[-1] == "closed"
