"""The world in which plans are tried: it runs what is due, moves its clock, and says when it is stuck."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ostinato import Action, action, current_step, plan, suspend
from ostinato.model.statuses import RunStatus
from ostinato.store import runs
from ostinato.testing import plan_world
from ostinato.testing.factories import NOON
from ostinato.testing.plan_world import PlanWorld


@action
def tell_time() -> str:
    """Return the time as it is there."""
    return current_step().now().isoformat()


class Sleep(Action):
    """Sleep as often as it is told, an hour each time."""

    def run(self, times: int) -> None:
        self.output["left"] = times
        self.on_event(None)

    def on_event(self, event: object) -> None:
        if self.output["left"]:
            self.output["left"] -= 1
            suspend(until="1h")


@plan
def sleep_and_tell(times: int) -> object:
    """Sleep, then tell the time."""
    slept = Sleep(times)
    return tell_time(after=[slept])


@action(timeout="2m")
def wait_to_end() -> None:
    """Wait until it is told to end."""
    step = current_step()
    while not step.is_cancelled:
        pass


def test_nothing_happens_before_the_world_runs(tmp_path: Path, database_url: str) -> None:
    """What is triggered waits until the world is told to run."""
    with PlanWorld(tmp_path, database_url) as world:
        handle = world.trigger(sleep_and_tell, 0)
        before = handle.status
        world.run_until_idle()

        assert (before, handle.status) == (RunStatus.WAITING, RunStatus.SUCCESS)
        assert handle.result(timeout=0) == NOON.isoformat()


def test_advancing_stops_at_every_timer_on_the_way(tmp_path: Path) -> None:
    """Three hours of sleep, one after the other, end after three hours and not after three times the whole span."""
    with PlanWorld(tmp_path) as world:
        handle = world.trigger(sleep_and_tell, 3)
        world.advance("1d")

        assert handle.result(timeout=0) == (NOON + timedelta(hours=3)).isoformat()
        assert world.clock.now() == NOON + timedelta(days=1)


def test_the_clock_jumps_to_the_next_timer(tmp_path: Path) -> None:
    """A jump goes as far as the next timer, and where there is none it is told so."""
    with PlanWorld(tmp_path) as world:
        world.trigger(sleep_and_tell, 1)

        assert world.jump()
        assert world.clock.now() == NOON + timedelta(hours=1)
        assert not world.jump()


def test_a_delayed_run_is_a_timer(tmp_path: Path) -> None:
    """The clock jumps to the start of a run that is to start later."""
    with PlanWorld(tmp_path) as world:
        later = world.trigger.with_options(start_at=NOON + timedelta(days=40))(sleep_and_tell, 0)
        world.jump()

        assert later.result(timeout=0) == (NOON + timedelta(days=40)).isoformat()


def test_without_agents_runs_wait(tmp_path: Path) -> None:
    """A world may have no agent, until one is hired."""
    with PlanWorld(tmp_path, agents=()) as world:
        handle = world.trigger(sleep_and_tell, 0)
        world.advance("1h")
        before = handle.status
        world.hire("other")
        world.run_until_idle()

        assert (before, handle.status) == (RunStatus.WAITING, RunStatus.SUCCESS)


def test_an_agent_that_is_dismissed_leaves_runs_to_others(tmp_path: Path) -> None:
    """What is suspended needs no agent; any other takes it up."""
    with PlanWorld(tmp_path) as world:
        handle = world.trigger(sleep_and_tell, 1)
        world.run_until_idle()
        world.dismiss(world.agents["agent"])
        world.hire("other")
        world.jump()

        assert handle.status == RunStatus.SUCCESS


def test_a_project_file_is_heeded(tmp_path: Path) -> None:
    """The slots of a definition come due as the clock moves."""
    (tmp_path / "ostinato.yaml").write_text("definitions: [{yaml: definitions.yaml}]\n")
    work = {"action": f"{__name__}:sleep_and_tell", "inputs": {"times": 0}, "starts_on": "2026-01-10"}
    (tmp_path / "definitions.yaml").write_text(f"definitions: {{tell: {work}}}\n")
    with PlanWorld(tmp_path) as world:
        world.advance("2d")
        with world.world.store.read() as tx:
            made = runs.list_runs(tx)

    assert [(str(run.slot), run.status) for run in made] == [
        ("tell/-/2026-01-11", RunStatus.SUCCESS),
        ("tell/-/2026-01-10", RunStatus.SUCCESS),
    ]


def test_a_world_that_is_stuck_says_with_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that does not return is named, and not waited for any longer than is said."""
    monkeypatch.setattr(plan_world, "PATIENCE_SECONDS", 0.2)
    with PlanWorld(tmp_path) as world:
        world.trigger(wait_to_end)

        with pytest.raises(TimeoutError, match=r"\(1, 2\)"):
            world.run_until_idle()
