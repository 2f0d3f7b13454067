"""Eight processes write to one SQLite file all at once: each gets its turn, and no lock ever reaches anybody."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from ostinato.model.statuses import RunStatus
from ostinato.store import runs
from ostinato.store.invariants import INVARIANTS, find_since
from ostinato.testing.children import run_together
from ostinato.testing.factories import NOON, make_account, make_definition
from ostinato.testing.night import open_night

SECONDS = 6
AGENTS, ENGINES, READERS = 7, 1, 2

WRITER = """
import json, sys, time
from ostinato.engine.steps import DECLARING_STEPS, STEPS
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.store import agents, claims, runs
from ostinato.store.database import Store
from ostinato.testing.factories import NOON, make_end, make_evidence
from ostinato.testing.night import Night

role, name, url, seconds = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
following = [step for step in STEPS if step not in DECLARING_STEPS]
night, store = Night(Store(url), steps=following), Store(url)


def work():
    agent = night.agent(name)
    with store.write() as tx:
        agents.beat(tx, agent, status=AgentStatus.ALIVE, now=NOON)
        claimed = claims.claim_runs(tx, agent_id=agent.id, actor=name, queues=["default"], limit=2, now=NOON)
    with store.write() as tx:
        ends = [make_end(run) for run in claimed]
        assert not claims.move_held_runs(tx, ends, actor=name, now=NOON)


def examine():
    night.tick()


def read():
    with store.read() as tx:
        runs.list_runs(tx, limit=20)


do = {"agent": work, "engine": examine, "reader": read}[role]
print("ready", flush=True)
sys.stdin.readline()
done, errors, until = 0, [], time.monotonic() + seconds
while time.monotonic() < until:
    try:
        do()
        done += 1
    except Exception as error:
        errors.append(repr(error))
print(json.dumps({"name": name, "done": done, "errors": errors}))
"""


def test_eight_writers_see_no_lock(tmp_path: Path) -> None:
    """Seven agents and an engine write, two others read; all get on, and what they wrote breaks no invariant."""
    url = f"sqlite:///{tmp_path / 'ostinato.db'}"
    with open_night(url) as night:
        start = (NOON - timedelta(days=20)).date()
        hourly = [
            make_definition(
                name, frequency="hourly", matrix="account", starts_on=start, reads_from=reads, writes_to=(name,)
            )
            for name, reads in (("load", ()), ("sum", ("load",)))
        ]
        night.declare(accounts=[make_account(f"a{number}") for number in range(20)], definitions=hourly)
        night.tick()
        roles = ["agent"] * AGENTS + ["engine"] * ENGINES + ["reader"] * READERS

        words = [(role, f"{role}-{number}", url, str(SECONDS)) for number, role in enumerate(roles)]
        reports = [json.loads(said) for said in run_together(WRITER, words)]

        assert [report for report in reports if report["errors"]] == []
        assert [report for report in reports if not report["done"]] == []
        with night.store.read() as tx:
            assert runs.count_runs(tx)[RunStatus.SUCCESS] > 0
            since = find_since(tx, overdue_since=NOON - timedelta(days=1))
            assert [offence for invariant in INVARIANTS for offence in invariant.find(tx, since)] == []
