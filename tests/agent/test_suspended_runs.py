"""A thousand suspended runs: they cost rows, and no agent knows of them until something comes."""

from __future__ import annotations

import gc
from contextlib import closing
from pathlib import Path

from tests.agent import flows

from ostinato.actions.requests import build_plan
from ostinato.agent.agent import Agent
from ostinato.agent.settings import AgentSettings
from ostinato.director.execution import Execution
from ostinato.executors.local import LocalExecutor
from ostinato.model.runs import ClaimedRun
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import Event, EventFate, Phase
from ostinato.store import events, plans, runs
from ostinato.testing.factories import make_new_run
from ostinato.testing.night import Night

COUNT = 1_000
STEPS = build_plan(flows.Wait)
(WAITING_STEP,) = (step.number for step in STEPS if step.phase is Phase.RUN)


def work(night: Night, tmp_path: Path, *, to: RunStatus) -> int:
    """Have an agent bring all runs to that status; return how many things about runs it then still has in memory."""
    settings = AgentSettings(project=tmp_path, logs=tmp_path, name="box", concurrency=200)
    with closing(
        Agent(night.store, night.clock, LocalExecutor(night.clock, log_size=1, folder=None), settings)
    ) as agent:
        agent.start()
        agent.tick()
        while agent.tally[to] < COUNT:
            agent.wait(agent.seconds_until_due() and 60)
            agent.tick()
        gc.collect()
        return sum(isinstance(one, Execution | ClaimedRun) for one in gc.get_objects())


def test_suspended_runs_cost_rows_only(night: Night, tmp_path: Path) -> None:
    """Agents forget what sleeps. When each of a thousand runs is sent an event, another agent finishes them all."""
    created = night.create(*[make_new_run(action=flows.Wait.traits.name)] * COUNT)
    with night.store.write() as tx:
        plans.store_steps(tx, ((run_id, step) for run_id in created for step in STEPS))
    in_memory = work(night, tmp_path, to=RunStatus.SUSPENDED)
    with night.store.write() as tx:
        sent = [Event(run_id, WAITING_STEP, "go on", sent_by="tester") for run_id in created]
        events.send_events(tx, sent, now=night.now)
    in_the_end = work(night, tmp_path, to=RunStatus.SUCCESS)

    assert (in_memory, in_the_end) == (0, 0)
    with night.store.read() as tx:
        assert runs.count_runs(tx) == {RunStatus.SUCCESS: COUNT}
        fates = [event.fate for run_id in created[::100] for event in events.list_events(tx, run_id)]
    assert fates == [EventFate.DELIVERED] * (COUNT // 100)
