"""What agents do with plans when leases come and go, answers are lost, and others are at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.agent import flows
from tests.agent.flows import GATES, PATIENCE_SECONDS, Away

from ostinato.agent.agent import Agent
from ostinato.agent.settings import AgentSettings
from ostinato.config import Config
from ostinato.errors import NotPossible
from ostinato.executors.local import LocalExecutor
from ostinato.handles import Handle, Trigger
from ostinato.model.statuses import RunStatus
from ostinato.store import agents, claims, plans, runs, stopping
from ostinato.testing.factories import make_new_run
from ostinato.testing.night import Night
from ostinato.world import World

Hire = Callable[..., Agent]


pytestmark = pytest.mark.usefixtures("gates")


@pytest.fixture
def hire(night: Night, tmp_path: Path) -> Iterator[Hire]:
    """Give a way to have an agent at work, with these settings and the clock of the night."""
    hired: list[Agent] = []

    def start(name: str = "box", *, once: bool = False, **settings: Any) -> Agent:
        executor = LocalExecutor(night.clock, log_size=10_000, folder=None)
        settings = {"project": tmp_path, "logs": tmp_path / "logs", **settings}
        agent = Agent(night.store, night.clock, executor, AgentSettings(name=name, **settings))
        agent.start(once=once)
        hired.append(agent)
        return agent

    yield start
    for agent in hired:
        agent.close()


@pytest.fixture
def trigger(night: Night, tmp_path: Path) -> Trigger:
    """Give a way to trigger plans in the night."""
    return Trigger(world=World(Config(tmp_path, night.store.location), night.store, night.clock))


def work(agent: Agent, *, until: Callable[[], bool]) -> None:
    """Let an agent do what it can, until something is true."""
    agent.look_for_work()
    agent.tick()
    while not until():
        agent.wait(agent.seconds_until_due() and PATIENCE_SECONDS)
        agent.tick()


def look(agent: Agent) -> None:
    """Let an agent ask the store for work."""
    agent.look_for_work()
    agent.tick()
    while agent.seconds_until_due() == 0:
        agent.tick()


def begin(agent: Agent, *, calls: int = 1) -> None:
    """Let an agent claim what waits, and wait until so many calls have come to the gates."""
    look(agent)
    GATES.wait_for_calls(calls)


def history(night: Night, run: Handle) -> list[str]:
    """Return the statuses that a run came to, each with who brought it there."""
    with night.store.read() as tx:
        return [f"{entry.to_status} {entry.actor}" for entry in runs.list_transitions(tx, run.id)][1:]


def lose_leases(night: Night) -> None:
    """Let so much time pass that all agents are taken for lost."""
    night.advance(seconds=120)
    night.tick()


def die(agent: Agent, night: Night) -> None:
    """End an agent as a kill would: without a word to the store, whatever it had in hand."""
    night.store.fault_point = Away(1)
    agent.close()
    night.store.fault_point = Away()


# --- leases ----------------------------------------------------------------------------------------------------------


def test_a_run_is_claimed_again_when_nothing_of_it_is_left(night: Night, hire: Hire, trigger: Trigger) -> None:
    """Who has lost a lease does not take the same run anew while its old work is still dying."""
    run = trigger(flows.relay)
    agent = hire()
    begin(agent)
    lose_leases(night)
    agent.tick()
    while_dying = run.status
    GATES.open()
    work(agent, until=lambda: agent.tally[RunStatus.SUCCESS] > 0)

    assert while_dying is RunStatus.WAITING
    assert run.status is RunStatus.SUCCESS
    assert GATES.calls == 2
    assert history(night, run) == ["running box", "waiting engine-1", "running box", "success box"]


def test_what_was_left_behind_is_not_taken_from_who_has_it_now(night: Night, hire: Hire, trigger: Trigger) -> None:
    """While an agent that came back could not be heard, its runs went on elsewhere: there they stay."""
    run = trigger(flows.relay)
    killed = hire("box")
    begin(killed)
    die(killed, night)
    successor = hire("box")
    night.store.fault_point = Away(3)
    successor.tick()
    lose_leases(night)
    other = hire("other")
    begin(other, calls=2)
    look(successor)
    holder = night.runs()[0].agent
    GATES.open()
    work(other, until=lambda: other.tally[RunStatus.SUCCESS] > 0)

    assert holder == "other"
    assert history(night, run) == ["running box", "waiting engine-1", "running other", "success other"]


def test_taking_up_ends_the_old_lease(night: Night, hire: Hire, trigger: Trigger) -> None:
    """Who takes up what a predecessor left does so under a lease of its own, for the predecessor may live elsewhere."""
    run = trigger(flows.relay)
    killed = hire()
    begin(killed)
    (before,) = night.runs()
    die(killed, night)
    begin(hire(), calls=2)

    (after,) = night.runs()
    assert (after.id, after.status, after.agent) == (run.id, RunStatus.RUNNING, "box")
    assert after.lease_token == before.lease_token + 1


def test_two_of_one_name_do_not_fight(night: Night, hire: Hire, trigger: Trigger, tmp_path: Path) -> None:
    """Whose runs are suddenly held anew in its own name looks whether another bears that, and leaves them to it."""
    run = trigger(flows.relay)
    older = hire()
    begin(older)
    night.advance(milliseconds=1)
    newer = hire(project=tmp_path / "elsewhere")
    begin(newer, calls=2)
    night.advance(seconds=1)

    with pytest.raises(NotPossible, match="another process has registered as agent box"):
        look(older)
    GATES.open()
    work(newer, until=lambda: newer.tally[RunStatus.SUCCESS] > 0)
    assert run.status is RunStatus.SUCCESS
    assert GATES.calls == 2


def test_a_stopping_agent_hands_over_what_it_has_just_found(night: Night, hire: Hire, trigger: Trigger) -> None:
    """It is not done while runs are held in its name, even if it had no time to begin with them."""
    run = trigger(flows.relay)
    killed = hire()
    begin(killed)
    die(killed, night)
    successor = hire()
    night.store.fault_point = Away(3)
    successor.tick()
    successor.stop()
    done_at_once = successor.is_done
    successor.tick()

    assert not done_at_once
    assert successor.is_done
    assert run.status is RunStatus.WAITING


def test_once_takes_up_what_was_left_and_claims_one_time(night: Night, hire: Hire, trigger: Trigger) -> None:
    """An agent for one pass ends what its predecessor left, and claims once beside that."""
    left = trigger(flows.relay)
    killed = hire()
    begin(killed)
    die(killed, night)
    claimed = trigger(flows.note)
    GATES.open()
    agent = hire(once=True)
    work(agent, until=lambda: agent.is_done)
    late = trigger(flows.note)
    look(agent)

    assert [run.status for run in (left, claimed, late)] == [RunStatus.SUCCESS, RunStatus.SUCCESS, RunStatus.WAITING]


def test_what_a_stopping_agent_leaves_is_claimed_with_the_next_poll(night: Night, hire: Hire, trigger: Trigger) -> None:
    """A run that is handed over goes on elsewhere as soon as another agent asks, with the step that comes next."""
    run = trigger(flows.relay)
    leaver, other = hire("leaver"), hire("other", poll=timedelta(seconds=1))
    begin(leaver)
    other.tick()
    leaver.stop()
    GATES.open()
    work(leaver, until=lambda: leaver.is_done)
    night.advance(seconds=1)
    other.tick()

    assert history(night, run) == ["running leaver", "waiting leaver", "running other"]
    assert GATES.calls == 1


# --- claiming --------------------------------------------------------------------------------------------------------


def test_a_full_agent_waits_for_room_and_not_for_the_store(night: Night, hire: Hire, trigger: Trigger) -> None:
    """A suspended run that is due keeps nobody busy who has no room for it, and is taken up when there is some."""
    nap = trigger(flows.Nap)
    agent = hire(concurrency=1)
    work(agent, until=lambda: agent.tally[RunStatus.SUSPENDED] > 0)
    trigger(flows.relay)
    begin(agent)
    night.advance(hours=1)
    agent.tick()
    idle = agent.seconds_until_due()
    GATES.open()
    work(agent, until=lambda: agent.tally[RunStatus.SUCCESS] == 2)

    assert idle > 0
    assert nap.status is RunStatus.SUCCESS


def test_a_suspended_run_is_woken_by_its_agent_in_time(night: Night, hire: Hire, trigger: Trigger) -> None:
    """An agent that knows when a run is to wake up asks for it then, though its next poll is far off."""
    nap = trigger(flows.Nap)
    agent = hire(poll=timedelta(hours=3))
    work(agent, until=lambda: agent.tally[RunStatus.SUSPENDED] > 0)
    agent.look_for_work()
    agent.tick()
    idle = agent.seconds_until_due()
    night.advance(hours=1)
    agent.tick()

    assert idle <= 3600
    assert nap.status is RunStatus.RUNNING


def test_a_run_that_leaves_as_an_event_comes_is_claimed_in_the_same_exchange(
    night: Night, hire: Hire, trigger: Trigger
) -> None:
    """What came while a run was about to sleep is not waited for: the run goes on at once, and the event is taken."""
    run = trigger(flows.Ask)
    agent = hire()
    begin(agent)
    run.send_event("Ask.run", "hurry")
    GATES.open()
    agent.wait(PATIENCE_SECONDS)
    agent.tick()
    work(agent, until=lambda: agent.tally[RunStatus.SUCCESS] > 0)

    assert run.result() == "hurry"
    assert history(night, run) == ["running box", "waiting box", "running box", "success box"]


def test_who_cannot_carry_a_run_out_can_cancel_it(night: Night, hire: Hire) -> None:
    """A run that no agent can import is left to others, and cancelled by any of them when somebody asks."""
    (run_id,) = night.create(make_new_run(action="nowhere:nothing"))
    agent = hire()
    work(agent, until=lambda: agent.tally[RunStatus.WAITING] > 0)
    look(agent)
    (left,) = night.runs()
    with night.store.write() as tx:
        stopping.cancel_run(tx, run_id=run_id, actor="ada", reason="", cause="cancelled by ada", now=night.now)
    look(agent)

    assert left.status is RunStatus.WAITING
    assert left.waits_for.startswith("agent box cannot import nowhere:nothing")
    assert night.runs()[0].status is RunStatus.CANCELLED


def test_any_number_of_runs_may_be_unfit(night: Night) -> None:
    """More runs than a statement can name may be left to others, and still the rest is claimed."""
    night.create(make_new_run(), make_new_run())
    left, taken = (run.id for run in night.runs())
    agent = night.agent()
    with night.store.write() as tx:
        claimed = claims.claim_runs(
            tx,
            agent_id=agent.id,
            actor=agent.name,
            queues=["default"],
            limit=5,
            unfit={left, *range(10**6, 10**6 + 70_000)},
            now=night.now,
        )

    assert [run.id for run in claimed] == [taken]


# --- answers that never come -----------------------------------------------------------------------------------------


def test_a_claim_whose_answer_is_lost_is_nobodys_interruption(night: Night, hire: Hire, trigger: Trigger) -> None:
    """Steps that were handed out in an answer which never came were not begun: they are, once, and nothing failed."""
    run = trigger(flows.note)
    agent = hire()
    night.store.fault_point = Away(4)
    agent.tick()
    held, claimed_unheard = run.status, agent.tally
    night.advance(seconds=2)
    work(agent, until=lambda: agent.tally[RunStatus.SUCCESS] > 0)

    assert (held, claimed_unheard) == (RunStatus.RUNNING, {RunStatus.SUCCESS: 1})
    with night.store.read() as tx:
        assert plans.list_tries(tx, run.id) == []
        assert [row.step.tries for row in plans.list_steps(tx, run.id)] == [0, 1]


def test_entering_twice_is_entering_once(night: Night, hire: Hire, trigger: Trigger) -> None:
    """An agent that did not hear that it had entered enters again, and is no other process of its name to itself."""
    run = trigger(flows.note)
    agent = hire()
    night.store.fault_point = Away(2)
    agent.tick()
    night.advance(seconds=1)
    work(agent, until=lambda: agent.tally[RunStatus.SUCCESS] > 0)

    assert run.status is RunStatus.SUCCESS
    with night.store.read() as tx:
        assert [one.name for one in agents.list_agents(tx)] == ["box"]


def test_only_held_runs_get_new_leases(night: Night) -> None:
    """A lease that is gone is not given anew to who had it."""
    night.create(make_new_run())
    (lost,) = night.claim()
    with night.store.write() as tx:
        stopping.halt_run(tx, run_id=lost.id, actor="ada", cause="halted", now=night.now)
    night.create(make_new_run())
    (kept,) = night.claim()
    with night.store.write() as tx:
        renewed = claims.renew_leases(tx, {run.id: run.lease_token for run in (lost, kept)})

    assert [(run.id, run.lease_token) for run in renewed] == [(kept.id, kept.lease_token + 1)]


# --- hooks -----------------------------------------------------------------------------------------------------------


def test_a_hook_that_takes_long_is_called_once(night: Night, hire: Hire, trigger: Trigger) -> None:
    """An agent does not call a hook beside itself, though the time in which it was to be called has passed."""
    trigger(flows.announce)
    agent = hire()
    work(agent, until=lambda: agent.tally[RunStatus.SUCCESS] > 0)
    begin(agent)
    night.advance(minutes=10)
    look(agent)
    GATES.open()
    agent.wait(PATIENCE_SECONDS)
    look(agent)

    assert GATES.calls == 1


def test_a_hook_that_hangs_does_not_keep_an_agent(night: Night, hire: Hire, trigger: Trigger) -> None:
    """When the grace period is over, hooks are given up like everything else."""
    trigger(flows.announce)
    agent = hire(grace_period=timedelta(seconds=30))
    work(agent, until=lambda: agent.tally[RunStatus.SUCCESS] > 0)
    begin(agent)
    agent.stop()
    agent.tick()
    in_grace = agent.is_done
    night.advance(seconds=30)
    agent.tick()
    night.advance(seconds=30)
    agent.tick()

    assert not in_grace
    assert agent.is_done
