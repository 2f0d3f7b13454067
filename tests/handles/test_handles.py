"""Handles: triggering a plan from a program, waiting for it, its result, and what becomes of it meanwhile."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ostinato import Approval, Handle, World, action, open_world, plan, trigger
from ostinato.errors import ConfigurationError, NotFound, NotPossible, RunFailed, RunNotEnded, RunPaused
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import EventFate
from ostinato.processes.agent import make_agent
from ostinato.world import current_world

Work = Callable[[], None]


@action
def add(first: int, second: int) -> int:
    """Put out the sum."""
    return first + second


@action(rescue="fail")
def divide(number: int, by: int) -> float:
    """Put out the quotient."""
    return number / by


@action
def divide_or_pause(number: int, by: int) -> float:
    """Put out the quotient; whoever looks after it decides what is to be done when there is none."""
    return number / by


@plan
def add_up(numbers: list[int]) -> Any:
    """Add numbers up, one after the other."""
    total: Any = 0
    for number in numbers:
        total = add(first=total, second=number)
    return {"total": total}


@plan
def wonder() -> Any:
    """Ask a question."""
    return Approval.with_options(name="ask")(question="Well?")["answer"]


@plan
def breaks() -> None:
    """Raise an error."""
    raise LookupError("no plan today")


@plan
def takes_options(start_at: str, world: str) -> Any:
    """Have parameters that are called like options."""
    return [start_at, world]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """Lend the world of a project, as the current one."""
    (tmp_path / "ostinato.yaml").write_text(f"database: {database_url}\nagent: {{poll: 20ms}}\n")
    with open_world(tmp_path / "ostinato.yaml") as world:
        yield world


@pytest.fixture
def work(world: World) -> Work:
    """Lend an agent that carries out what waits, and goes."""

    def carry_out() -> None:
        agent = make_agent(world)
        agent.start(once=True)
        try:
            agent.tick()
            while not agent.is_done:
                agent.wait(agent.seconds_until_due())
                agent.tick()
        finally:
            agent.close()

    return carry_out


def test_a_result_is_what_the_plan_returned(world: World, work: Work) -> None:
    """Triggering returns at once; nothing has run by then."""
    handle = trigger(add_up, [1, 2, 3])
    before = handle.status
    work()

    assert before is RunStatus.WAITING
    assert handle.wait() is RunStatus.SUCCESS
    assert handle.result() == {"total": 6}


def test_who_waits_is_answered_when_it_has_ended(world: World, work: Work) -> None:
    """Also when the agent comes later."""
    handle = trigger(add_up, [4, 5])

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(handle.result, 60)
        work()

        assert waiting.result() == {"total": 9}


def test_a_handle_can_be_awaited(world: World, work: Work) -> None:
    """Others go on meanwhile, the agent in its thread among them."""

    async def wait() -> Any:
        handle = trigger(add_up, [2, 2])
        result, _ = await asyncio.gather(handle, asyncio.to_thread(work))
        return result, await handle.wait_async(60)

    assert asyncio.run(wait()) == ({"total": 4}, RunStatus.SUCCESS)


def test_a_failure_is_raised_with_its_story(world: World, work: Work) -> None:
    """Which run, which step, which error, and the traceback of that."""
    handle = trigger(divide, 1, by=0)
    work()

    with pytest.raises(
        RunFailed, match=r"step divide.run of run \d+ failed: ZeroDivisionError: division by zero"
    ) as story:
        handle.result()

    error = story.value
    assert (error.run, error.step, error.error, error.status) == (
        handle.id,
        "divide.run",
        "ZeroDivisionError",
        "failed",
    )
    assert "return number / by" in error.traceback
    assert error.traceback in error.__notes__


def test_who_does_not_want_to_wait_for_a_person_learns_that_one_is_needed(world: World, work: Work) -> None:
    """With what the person may do."""
    handle = trigger(divide_or_pause, 1, by=0)
    work()

    with pytest.raises(RunPaused, match="division by zero") as pause:
        handle.result(through_pauses=False)
    with pytest.raises(RunNotEnded, match="is still paused"):
        handle.wait(0)

    assert f"ostinato resume {handle.id}" in pause.value.hint


def test_waiting_ends_with_the_time(world: World) -> None:
    """It is a ``TimeoutError``, as elsewhere in Python, and the run goes on."""
    handle = trigger(add_up, [1])

    with pytest.raises(TimeoutError, match="is still waiting"):
        handle.wait(0.05)

    assert handle.status is RunStatus.WAITING


def test_cancelling_twice_is_harmless(world: World) -> None:
    """It says whether it did something; there is no result then."""
    handle = trigger(add_up, [1])

    assert (handle.cancel("not needed"), handle.cancel()) == (True, False)
    with pytest.raises(RunFailed, match=r"is cancelled: cancelled by .*: not needed") as story:
        handle.result()
    assert (story.value.step, story.value.status) == (None, "cancelled")


def test_questions_are_answered_and_events_sent(world: World, work: Work) -> None:
    """What became of an event can be asked."""
    asked, told = trigger(wonder), trigger(wonder)
    work()
    event = asked.answer("yes")
    sent = told.send_event("ask", "answer", {"answer": "no"})
    waiting = asked.find_event(event).fate
    work()

    assert waiting is EventFate.WAITING
    assert asked.find_event(event).fate is EventFate.DELIVERED
    assert told.find_event(sent).fate is EventFate.DELIVERED
    assert (asked.result(), told.result()) == ("yes", "no")
    assert told.find_event(told.send_event("ask", "late", optional=True)).fate is EventFate.DROPPED


def test_options_cannot_be_taken_for_arguments(world: World, work: Work) -> None:
    """They are said before; a plan may have parameters of any name."""
    first = trigger(add_up, [1])
    chained = trigger.with_options(after=[first], reason="in order")(takes_options, start_at="a", world="b")

    assert chained.status is RunStatus.SCHEDULED
    work()
    assert first.wait() is RunStatus.SUCCESS


def test_what_a_plan_raises_reaches_the_caller_as_it_is(world: World) -> None:
    """With a note where it is kept."""
    with pytest.raises(LookupError, match="no plan today") as story:
        trigger(breaks)

    (note,) = story.value.__notes__
    kept = Handle.of(int(note.rpartition(" ")[2]))
    assert kept.status is RunStatus.FAILED
    with pytest.raises(RunFailed, match="step breaks of run"):
        kept.result()


def test_another_process_holds_the_same_run_by_its_number(world: World, work: Work) -> None:
    """In the project around its working directory, without being told of any world."""
    handle = trigger(add_up, [20, 22])
    work()
    program = f"from ostinato import Handle; print(Handle.of({handle.id}).result(60)['total'])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=world.config.folder, capture_output=True, text=True, check=True
    )

    assert done.stdout == "42\n"


def test_a_handle_of_no_run_says_so(world: World) -> None:
    """As soon as it is asked."""
    with pytest.raises(NotFound, match="there is no run 77"):
        _ = Handle.of(77).status


def test_the_innermost_world_is_the_current_one(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of any it is that of the project around the working directory, opened once."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "ostinato.yaml").write_text("database: sqlite:///ostinato.db\n")
    monkeypatch.chdir(tmp_path / "other")
    with open_world(tmp_path / "other" / "ostinato.yaml") as other:
        inner = current_world()

    assert (inner, current_world()) == (other, world)


def test_without_a_project_there_is_no_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said how to make one."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigurationError, match=r"there is no ostinato\.yaml"):
        trigger(add_up, [1])


def test_a_trigger_may_name_its_world(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever world is around it."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "ostinato.yaml").write_text("database: sqlite:///ostinato.db\n")
    with open_world(tmp_path / "other" / "ostinato.yaml"):
        handle = trigger.with_options(world=world)(add_up, [1])

    assert handle.world == world
    with pytest.raises(NotPossible, match="is no singleton"):
        trigger.with_options(singleton="refuse")(add_up, [1])
