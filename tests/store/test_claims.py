"""Claims: which run comes first, what is passed over, and that no two agents ever hold one run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ostinato.model.changes import RunMoved
from ostinato.model.runs import ClaimedRun
from ostinato.model.slots import SlotName
from ostinato.model.statuses import RunStatus
from ostinato.store import accounts, claims, definitions, due_runs, runs
from ostinato.store.claims import HeldMove
from ostinato.testing.children import run_together
from ostinato.testing.factories import (
    NOON,
    make_account,
    make_definition,
    make_maintenance,
    make_new_run,
    utc,
)
from ostinato.testing.night import Night, open_night

DUE = ["sales/-/2026-01-08", "sales/-/2026-01-09"]

CLAIM_ALL = """
import sys
from ostinato.clock import SystemClock
from ostinato.store import agents, claims, due_runs, runs
from ostinato.store.database import Store

store, name, now = Store(sys.argv[1]), sys.argv[2], SystemClock().now()
with store.write() as tx:
    agent = agents.register_agent(
        tx, name=name, host="here", pid=1, queues=["default"], concurrency=9, version="0", now=now
    )
print("ready", flush=True)
sys.stdin.readline()
while True:
    with store.write() as tx:
        claimed = claims.claim_runs(tx, agent_id=agent.id, actor=name, queues=["default"], limit=3, now=now)
    if not claimed:
        break
    print(*(run.id for run in claimed), flush=True)
"""


def names(claimed: list[ClaimedRun]) -> list[str]:
    """Return the names of the slots of what was claimed."""
    return [str(run.slot) for run in claimed]


def make_one_offs(night: Night, count: int) -> set[int]:
    """Make runs that wait and have no slot; return their ids."""
    night.declare(definitions=[make_definition(start="manual")])
    night.tick()
    definition = night.slot(DUE[0]).definition_id
    return set(night.create(*(make_new_run(definition) for _ in range(count))))


def test_a_claim_hands_out_all_that_an_agent_needs(night: Night) -> None:
    """The answer holds the slot, its period and zone, the account's labels, the definition and the lease."""
    account = make_account("uk", time_zone="Europe/London", labels={"tier": "gold"})
    definition = make_definition("load", matrix="account", command=("load", "{start}"))
    night.declare(accounts=[account], definitions=[definition])
    night.tick()

    run = night.claim()[0]

    assert (run.slot, run.account, run.labels) == (SlotName("load", "uk", "2026-01-08"), "uk", {"tier": "gold"})
    assert (run.starts_at, run.ends_at, run.time_zone) == (utc("2026-01-08"), utc("2026-01-09"), "Europe/London")
    assert (run.definition, run.attempt, run.parameters) == (definition, 1, {})
    assert (run.lease_token, run.started_at) == (1, NOON)


def test_a_one_off_is_claimed_with_its_parameters(night: Night) -> None:
    """A run without slot has no period; its zone is that of the definition, else UTC."""
    night.declare(definitions=[make_definition(start="manual", time_zone="Asia/Tokyo")])
    night.tick()
    definition = night.slot(DUE[0]).definition_id
    with night.store.write() as tx:
        runs.create_runs(tx, [make_new_run(definition, parameters={"day": "x"})], actor="ann", now=NOON)

    (run,) = night.claim()

    assert (run.slot, run.starts_at, run.ends_at, run.account, run.labels) == (None, None, None, None, {})
    assert (run.parameters, run.time_zone) == ({"day": "x"}, "Asia/Tokyo")


def test_a_claim_writes_who_runs_it_and_until_when(night: Night) -> None:
    """The row names the agent, the start and the version that runs; the deadline follows from the time limit."""
    night.declare(definitions=[make_definition(time_limit=timedelta(minutes=5), ends_on=utc("2026-01-08").date())])
    night.tick()
    night.advance(minutes=1)

    night.claim(agent="agent-7")

    run = night.run(DUE[0])
    assert (run.status, run.agent, run.started_at, run.lease_token) == (RunStatus.RUNNING, "agent-7", night.now, 1)
    night.advance(minutes=5)
    with night.store.write() as tx:
        assert due_runs.time_out_long_runs(tx, overdue_since=night.now, actor="e", now=night.now, limit=9) == 1


def test_a_run_is_carried_out_by_the_definition_of_the_day(night: Night) -> None:
    """Between its creation and its claim a definition may change: what is handed out and what is noted agree."""
    night.declare(definitions=[make_definition()])
    night.tick()
    changed = make_definition(command=("new",))
    night.declare(definitions=[changed])
    night.tick()

    run = night.claim()[0]

    assert run.definition == changed
    assert night.run(DUE[0]).version == changed.version


def test_the_highest_priority_comes_first_then_the_oldest(night: Night) -> None:
    """Priority decides, then the instant at which a run was due, then which was made first."""
    night.declare(
        definitions=[
            make_definition("low", priority=-1),
            make_definition("high", priority=5),
            make_definition("early", delay=timedelta(hours=-1)),
            make_definition("late"),
        ]
    )
    night.tick()

    claimed = names(night.claim(limit=3)) + names(night.claim(limit=4)) + names(night.claim())

    days = ["2026-01-08", "2026-01-09"]
    assert claimed[:2] == [f"high/-/{day}" for day in days]
    assert claimed[2:6] == [f"{name}/-/{day}" for day in days for name in ("early", "late")]
    assert claimed[6:] == [f"low/-/{day}" for day in days]


def test_an_agent_claims_from_its_queues_alone(night: Night) -> None:
    """What waits in another queue stays there."""
    night.declare(definitions=[make_definition("io", queue="io"), make_definition("cpu", queue="cpu")])
    night.tick()

    assert {run.work for run in night.claim(queues=["io", "gpu"])} == {"io"}
    assert night.claim(queues=["io", "gpu"]) == []
    assert night.claim(queues=["cpu"], limit=0) == []


def pause_definition(night: Night) -> None:
    """Pause it, as a person does."""
    with night.store.write() as tx:
        assert definitions.pause_definition(tx, "load", actor="ann", reason="", now=night.now)


def resume_definition(night: Night) -> None:
    """End its pause."""
    with night.store.write() as tx:
        assert definitions.resume_definition(tx, "load")


def pause_account(night: Night) -> None:
    """Pause it, as a person does."""
    with night.store.write() as tx:
        assert accounts.pause_account(tx, "a", actor="ann", reason="", now=night.now)


def resume_account(night: Night) -> None:
    """End its pause."""
    with night.store.write() as tx:
        assert accounts.resume_account(tx, "a")


def declare(**values: object) -> Callable[[Night], None]:
    """Return an act: change what is declared of account ``a``."""

    def act(night: Night) -> None:
        night.declare(accounts=[make_account("a", **values), make_account("b")])
        night.tick()

    return act


def deactivate_definition(night: Night) -> None:
    """Declare it inactive."""
    night.declare(definitions=[make_definition("load", matrix="account", active=False)])
    night.tick()


def activate_definition(night: Night) -> None:
    """Declare it active again."""
    night.declare(definitions=[make_definition("load", matrix="account")])
    night.tick()


def wait_an_hour(night: Night) -> None:
    """Let the clock run."""
    night.advance(hours=1)


@pytest.mark.parametrize(
    ("stop", "release", "others_go"),
    [
        (pause_definition, resume_definition, False),
        (deactivate_definition, activate_definition, False),
        (pause_account, resume_account, True),
        (declare(active=False), declare(), True),
        (declare(maintenance=make_maintenance("2026-01-10T12:00", None)), declare(), True),
        (declare(maintenance=make_maintenance(None, "2026-01-10T13:00")), wait_an_hour, True),
        (declare(maintenance=make_maintenance("2026-01-10T12:00", "2026-01-10T13:00")), wait_an_hour, True),
    ],
    ids=[
        "definition paused",
        "definition inactive",
        "account paused",
        "account inactive",
        "maintenance from now on",
        "maintenance until later",
        "maintenance around now",
    ],
)
def test_what_is_stopped_is_not_claimed(
    night: Night, stop: Callable[[Night], None], release: Callable[[Night], None], *, others_go: bool
) -> None:
    """A run that waits already stays where it is while its definition or account is stopped, and goes on after."""
    night.declare(
        accounts=[make_account("a"), make_account("b")], definitions=[make_definition("load", matrix="account")]
    )
    night.tick()
    stop(night)

    claimed = night.claim()
    release(night)

    assert {run.account for run in claimed} == ({"b"} if others_go else set())
    assert "a" in {run.account for run in night.claim()}


def test_a_maintenance_to_come_stops_nothing_yet(night: Night) -> None:
    """A window is half-open: it holds from its first instant on."""
    window = make_maintenance("2026-01-10T12:01", "2026-01-10T12:02")
    night.declare(
        accounts=[make_account("a", maintenance=window)],
        definitions=[make_definition("load", matrix="account", ends_on=utc("2026-01-08").date())],
    )
    night.tick()

    assert names(night.claim()) == ["load/a/2026-01-08"]


def test_what_is_too_late_is_not_claimed(night: Night) -> None:
    """From its start_before on a run may not start, even before the engine has noticed."""
    night.declare(definitions=[make_definition(start_before=timedelta(hours=1))])
    night.tick()
    night.advance(minutes=59, seconds=59)
    in_time = night.claim(limit=1)
    night.advance(seconds=1)

    assert names(in_time) == DUE[:1]
    assert night.claim() == []


def test_what_an_agent_cannot_carry_out_is_left_to_others(night: Night) -> None:
    """It names the runs that it has tried in vain."""
    made = make_one_offs(night, 3)
    unfit = max(made)
    agents = [night.agent(name).id for name in ("agent-1", "agent-2")]

    with night.store.write() as tx:
        mine, theirs = (
            {
                run.id
                for run in claims.claim_runs(
                    tx, agent_id=id, actor="a", queues=["default"], limit=9, now=NOON, exclude=exclude
                )
            }
            for id, exclude in zip(agents, [{unfit}, set[int]()], strict=True)
        )

    assert (mine, theirs) == (made - {unfit}, {unfit})


def test_a_claimed_run_is_not_claimed_again(night: Night) -> None:
    """[5] Until it is handed back, it belongs to one agent; then the next lease has a higher token."""
    night.declare(definitions=[make_definition(ends_on=utc("2026-01-08").date())])
    night.tick()
    (run,) = night.claim()

    assert night.claim(agent="agent-2") == []
    handed = HeldMove(run.id, 1, RunMoved(RunStatus.WAITING, "stopping"))
    with night.store.write() as tx:
        assert not claims.move_held_runs(tx, [handed], actor="a", now=NOON)
    assert [again.lease_token for again in night.claim(agent="agent-2")] == [2]


def test_threads_never_claim_the_same_run(night: Night) -> None:
    """Many agents that claim at once share the work out: every run is claimed, and none twice."""
    made = make_one_offs(night, 240)
    agents = [night.agent(f"agent-{number}") for number in range(4)]
    together = threading.Barrier(len(agents))

    def claim_all(number: int) -> list[int]:
        mine: list[int] = []
        together.wait()
        while True:
            with night.store.write() as tx:
                claimed = claims.claim_runs(
                    tx, agent_id=agents[number].id, actor="a", queues=["default"], limit=7, now=NOON
                )
            if not claimed:
                return mine
            mine += [run.id for run in claimed]

    with ThreadPoolExecutor(len(agents)) as pool:
        shares = list(pool.map(claim_all, range(len(agents))))

    assert sorted(run for share in shares for run in share) == sorted(made)


def test_processes_never_claim_the_same_run(night: Night) -> None:
    """The same holds between processes, whose only tie is the database."""
    made = make_one_offs(night, 150)
    url = night.store.url.render_as_string(hide_password=False)

    shares = run_together(CLAIM_ALL, [(url, f"claimant-{number}") for number in range(3)])

    assert sorted(int(run) for share in shares for run in share.split()) == sorted(made)


def test_a_claimant_passes_over_what_another_holds(postgres_url: str) -> None:
    """On PostgreSQL, rows that another agent is just claiming are skipped, not waited for."""
    with open_night(postgres_url) as night, open_night(postgres_url) as other:
        made = make_one_offs(night, 2)
        agent = night.agent()

        with night.store.write() as mine, other.store.write() as theirs:
            first = claims.claim_runs(mine, agent_id=agent.id, actor="a", queues=["default"], limit=1, now=NOON)
            second = claims.claim_runs(theirs, agent_id=agent.id, actor="a", queues=["default"], limit=2, now=NOON)

    assert len(first) == len(second) == 1
    assert {run.id for run in first + second} == made
