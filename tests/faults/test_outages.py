"""The store goes away under those who work with it: they wait, what is under way lives, and afterwards all goes on.

Each time real processes carry out a long command and several short ones, and each of these succeeds once.
"""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from tests.faults.network import Door
from tests.faults.shift import SHORT_ONES, SLOTS, Worker, open_shift

from ostinato.errors import StoreUnavailable
from ostinato.handles import Handle
from ostinato.model.statuses import RunStatus
from ostinato.store import journal, runs
from ostinato.store.sqlite import sqlite_module
from ostinato.testing.listening import PATIENCE_SECONDS, wait_until
from ostinato.testing.postgres import PostgresServer
from ostinato.world import World

QUICK = {"connect_timeout": 2, "tcp_user_timeout": 500, "keepalives_idle": 1, "keepalives_interval": 1}
IMPATIENT = "sqlite:///ostinato.db?timeout=0.2"

Outage = Callable[[Worker, Path], AbstractContextManager[object]]


@contextmanager
def renamed(worker: Worker, file: Path) -> Iterator[None]:
    """Have the database file be elsewhere."""
    file.rename(file.with_name("elsewhere"))
    yield
    file.with_name("elsewhere").rename(file)


@contextmanager
def locked(worker: Worker, file: Path) -> Iterator[None]:
    """Have another process hold the database for itself, as some backups do."""
    hold = "import sys; c = db.connect(sys.argv[1]); c.execute('BEGIN EXCLUSIVE'); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", f"import {sqlite_module().__name__} as db; {hold}", file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield
        holder.communicate()


@contextmanager
def no_room(worker: Worker, file: Path) -> Iterator[None]:
    """Have the process not be able to make any file longer, as on a disk that is full."""
    unlimited = resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (1_000, unlimited[1]))
    yield
    resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, unlimited)


@pytest.mark.parametrize("outage", [renamed, locked, no_room])
def test_a_file_that_fails_for_a_while(tmp_path: Path, outage: Outage) -> None:
    """The long command ends while nobody can record it; that is done afterwards, and all the rest."""
    shift = open_shift(tmp_path, IMPATIENT)
    with shift.running("up", "--until-idle") as up:
        long = up.wait_for("run_begun", slot="long/-/2026-01-05")["run"]
        gate = shift.wait_for_long_command()
        with outage(up, tmp_path / "ostinato.db"):
            up.wait_for("store_unavailable")
            gate.open()
            up.wait_for("command_ended", run=long)
        code, _ = up.end()

    assert code == 0
    shift.check()


def test_who_is_told_to_stop_in_an_outage_stops(tmp_path: Path) -> None:
    """It says why it cannot tell how things stand. Its command goes on, and whoever comes next takes it over."""
    shift = open_shift(tmp_path, IMPATIENT)
    with shift.running("up") as stopped:
        gate = shift.wait_for_long_command()
        for _ in range(SHORT_ONES):
            stopped.wait_for("run_left")
        with renamed(stopped, tmp_path / "ostinato.db"):
            stopped.wait_for("store_unavailable", agent="here")
            stopped.process.send_signal(signal.SIGTERM)
            stopped.wait_for("agent_stopping")
            stopped.process.send_signal(signal.SIGTERM)
            _, complaints = stopped.process.communicate(timeout=PATIENCE_SECONDS)
    shift.said.clear()
    with shift.running("up", "--until-idle") as successor:
        successor.wait_for("command_adopted")
        gate.open()
        code, _ = successor.end()

    assert (stopped.process.returncode, code) == (5, 0)
    assert "error: the database file" in complaints
    assert "Traceback" not in complaints
    shift.check()


def test_a_server_that_is_restarted(tmp_path: Path, postgres_server: PostgresServer) -> None:
    """Its processes are killed, then it is away for longer than agents may be silent, and the engine is there first.

    Nobody is lost: who could not beat is given the time to.
    """
    shift = open_shift(tmp_path, postgres_server.url(), heartbeat_timeout="3s")
    with shift.running("engine", "--forever") as engine, shift.running("agent", "--forever") as agent:
        long = agent.wait_for("run_begun", slot="long/-/2026-01-05")["run"]
        gate = shift.wait_for_long_command()
        with shift.open_world() as world, ThreadPoolExecutor(1) as waiting:
            ended = waiting.submit(Handle.of(long, world).wait, PATIENCE_SECONDS)
            kill_backend(postgres_server)
            wait_for_passes(world, 2)
            postgres_server.kill()
            silent_at = world.clock.monotonic() + world.config.engine.heartbeat_timeout.total_seconds()
            answer = shift.program("status")
            wait_until(lambda: world.clock.monotonic() > silent_at, "time passes")
            engine.wait_for("store_unavailable")
            agent.wait_for("store_unavailable")
            agent.process.send_signal(signal.SIGSTOP)
            postgres_server.start()
            engine.wait_for("store_is_back")
            wait_for_passes(world, 3)
            agent.process.send_signal(signal.SIGCONT)
            agent.wait_for("store_is_back")
            gate.open()
            assert ended.result() is RunStatus.SUCCESS
            wait_until(lambda: count_ended(world) == SLOTS, "all is done")
        for worker in (agent, engine):
            worker.process.terminate()
        codes = [agent.end()[0], engine.end()[0]]

    assert codes == [0, 0]
    assert answer.code == 5
    assert answer.err.startswith("error: the database at ")
    shift.check()


def kill_backend(server: PostgresServer) -> None:
    """Kill a process of a server that works for somebody. It ends all others, and begins anew by itself."""
    backends = [one for one in psutil.Process(server.pid).children() if "[local]" in " ".join(one.cmdline())]
    backends[0].kill()
    psutil.wait_procs(backends)


def wait_for_passes(world: World, number: int) -> None:
    """Wait until an engine has made so many passes."""
    seen: set[int] = set()

    def has_seen_them() -> bool:
        with suppress(StoreUnavailable), world.store.read() as tx:
            seen.add(journal.list_passes(tx, limit=1)[0].id)
        return max(seen, default=0) - min(seen, default=0) >= number

    wait_until(has_seen_them, "the engine makes passes")


def count_ended(world: World) -> int:
    """Count the runs that have succeeded."""
    with world.store.read() as tx:
        return runs.count_runs(tx).get(RunStatus.SUCCESS, 0)


def test_a_network_that_fails(tmp_path: Path, postgres_url: str) -> None:
    """It is slow all the time, then it is cut, then it falls silent; each time all goes on when it is mended."""
    with Door(postgres_url, delay=0.0005) as door:
        shift = open_shift(tmp_path, door.url(**QUICK))
        with shift.running("up", "--until-idle") as up:
            gate = shift.wait_for_long_command()
            for fail in (door.cut, door.fall_silent):
                fail()
                up.wait_for("store_unavailable", agent="here")
                door.mend()
                up.wait_for("store_is_back", agent="here")
            gate.open()
            code, _ = up.end()
        assert code == 0
        shift.check()
