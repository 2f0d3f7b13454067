"""What agents do when the store refuses an outcome: the run has moved on while its work was under way."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs
from tests.agent import box
from tests.agent.box import die
from tests.agent.succession import (
    Hire,
    begin,
    look,
    lose_leases,
    make_job,
    make_steps,
    only_run,
    open_gate,
    pid_of,
    steps_of,
    work,
)

from ostinato.model.definitions import DeclaredStep
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.testing.factories import make_retry
from ostinato.testing.listening import PATIENCE_SECONDS, wait_until
from ostinato.testing.night import Night

ONCE_AT_THE_GATE = "mkdir held && read line < gate; true"
"""A script that waits at the gate the first time it runs."""


def test_nothing_is_kept_of_an_outcome_that_is_refused(night: Night, hire: Hire, tmp_path: Path) -> None:
    """Nobody will ever have it on record: the agent throws it away with its output, and no successor has to."""
    agent = hire()
    script = "echo $$; read line < gate; echo 1 > $OSTINATO_OUTPUT"
    begin(night, agent, make_job(script, retry=make_retry(1, lost_attempts=1)))
    pid_of(tmp_path, only_run(night))
    lose_leases(night)
    open_gate(tmp_path)
    agent.wait(PATIENCE_SECONDS)
    with capture_logs() as said:
        look(agent)
    die(agent)

    assert "outcome_refused" in {entry["event"] for entry in said}
    assert only_run(night).status is RunStatus.TIMEOUT
    assert box.list_left(tmp_path) == {}
    assert [path.name for path in (tmp_path / "logs").iterdir()] == [f"{only_run(night).id}.log"]


def test_a_run_whose_outcome_is_refused_is_not_claimed_at_once(night: Night, hire: Hire, tmp_path: Path) -> None:
    """It waits for an agent already when this one hears that: it is let go of first, and then begun anew."""
    agent = hire()
    step = DeclaredStep("step", command=("sh", "-c", ONCE_AT_THE_GATE), idempotent=True)
    begin(night, agent, make_steps(step))
    wait_until((tmp_path / "held").exists, "the command begins")
    lose_leases(night)
    open_gate(tmp_path)
    agent.wait(PATIENCE_SECONDS)
    agent.look_for_work()
    agent.tick()
    refused = only_run(night).status
    work(agent, until=lambda: len(agent._executor) == 0)

    assert refused is RunStatus.WAITING
    assert only_run(night).status is RunStatus.SUCCESS
    assert steps_of(night, only_run(night))["step"].status is StepStatus.SUCCESS
