from __future__ import annotations

import errno
import os
import signal
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.executors.crew import is_alive

from ostinato.clock import Clock, ManualClock, SystemClock
from ostinato.executors.commands import Command
from ostinato.executors.executor import Ended
from ostinato.executors.local import LocalExecutor
from ostinato.model.evidence import EndKind, Evidence
from ostinato.testing.listening import PATIENCE_SECONDS, wait_until

LOG_SIZE = 1_000_000
IGNORES_TERM = "trap '' TERM; echo ready; while :; do sleep 60; done"


class Bench:
    """An executor with real processes, a folder to work in, and what has ended so far."""

    def __init__(self, folder: Path, clock: Clock, *, supervised: bool = False, **options: object) -> None:
        self.folder = self.place = folder
        home = folder / "supervisors" if supervised else None
        self.executor = LocalExecutor(clock, log_size=LOG_SIZE, folder=home, **options)  # type: ignore[arg-type]
        self.executor.open("box")
        self.ended: dict[int, Evidence] = {}

    def start(self, *arguments: str, run: int = 1, time_limit: timedelta | None = None) -> None:
        """Begin a command in the folder."""
        self.executor.start_command(
            Command(
                key=(run, 1),
                arguments=arguments,
                environment={"PATH": os.environ["PATH"], "FLAG": "up"},
                working_directory=self.place,
                log=self.log(run),
                time_limit=time_limit,
            )
        )

    def shell(self, script: str, *, run: int = 1, time_limit: timedelta | None = None) -> None:
        """Begin a shell script."""
        self.start("sh", "-c", script, run=run, time_limit=time_limit)

    def python(self, code: str, *, run: int = 1) -> None:
        """Begin a Python program."""
        self.start(sys.executable, "-S", "-c", code, run=run)

    def finish(self, run: int = 1) -> Evidence:
        """Wait until a run has ended, and return its evidence."""
        while run not in self.ended:
            self.take(self.executor.wait(PATIENCE_SECONDS), expected=run)
        return self.ended[run]

    def take(self, ended: list[Ended], *, expected: int = 0) -> None:
        """Note what has ended; nothing is a failure."""
        assert ended, f"run {expected} did not end"
        self.ended |= {end.key[0]: end.evidence for end in ended if end.evidence is not None}

    def wait_for_output(self, text: str, *, run: int = 1) -> str:
        """Wait until a command has written ``text``, and return all it wrote."""
        give_up = SystemClock().monotonic() + PATIENCE_SECONDS
        while text not in self.output(run):
            self.executor.wait(0.01)
            assert SystemClock().monotonic() < give_up, f"{text!r} was not written"
        return self.output(run)

    def log(self, run: int = 1) -> Path:
        """Return where the log of a run is."""
        return self.folder / "logs" / f"{run}.log"

    def output(self, run: int = 1) -> str:
        """Return what a run has written so far."""
        return self.log(run).read_text(errors="replace") if self.log(run).exists() else ""


@pytest.fixture(params=["watched", "asked", "supervised"])
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Lend a bench on real time: told of exits by the kernel, or asking for them, or with a supervisor in between."""
    if request.param == "asked":
        monkeypatch.setattr(os, "pidfd_open", _refuse)
    bench = Bench(tmp_path, SystemClock(), kill_after=timedelta(seconds=0.2), supervised=request.param == "supervised")
    yield bench
    bench.executor.close()


def _refuse(pid: int) -> int:
    """Answer as older kernels do."""
    raise OSError(errno.ENOSYS, f"no watch on process {pid}")


@pytest.fixture
def still_bench(tmp_path: Path) -> Iterator[Bench]:
    """Lend a bench whose clock stands still until it is moved."""
    bench = Bench(tmp_path, ManualClock(datetime(2026, 1, 10, tzinfo=UTC)))
    yield bench
    bench.executor.close()


def advance(bench: Bench, **span: float) -> None:
    """Move the clock of a still bench."""
    clock = bench.executor._clock
    assert isinstance(clock, ManualClock)
    clock.advance(timedelta(**span))


@pytest.mark.parametrize("code", [0, 1, 2, 77, 126, 127, 128, 254, 255])
def test_an_exit_code_is_kept(still_bench: Bench, code: int) -> None:
    """Whatever code a command exits with is its evidence."""
    still_bench.shell(f"exit {code}")

    evidence = still_bench.finish()
    assert (evidence.kind, evidence.exit_code, evidence.signal) == (EndKind.EXITED, code, None)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGSEGV", "SIGHUP"])
def test_a_signal_is_named(bench: Bench, name: str) -> None:
    """A command that a signal ended, not one of ours, tells which."""
    bench.shell(f"kill -{name.removeprefix('SIG')} $$")

    evidence = bench.finish()
    assert (evidence.kind, evidence.exit_code, evidence.signal) == (EndKind.SIGNALLED, None, name)
    assert name in evidence.message


def test_output_of_both_kinds_is_kept_in_order(bench: Bench) -> None:
    """Standard output and standard error are one log; a last line needs no end."""
    bench.shell("echo one; echo two >&2; printf three")
    bench.finish()

    assert bench.output() == "one\ntwo\nthree"


def test_a_command_starts_as_declared(bench: Bench) -> None:
    """It has its folder, its environment and no other, nothing to read, and a group and session of its own."""
    bench.python(
        "import os, sys; print(os.getcwd(), dict(os.environ)['FLAG'], 'HOME' in os.environ, repr(sys.stdin.read()),"
        " os.getpgid(0) == os.getsid(0) == os.getpid())"
    )
    bench.finish()

    assert bench.output() == f"{bench.folder} up False '' True\n"


def test_arguments_are_no_shell(bench: Bench) -> None:
    """Arguments reach the command as they are."""
    bench.start("printf", "%s|", "$HOME", "a b", "; exit 3", "*", "")

    assert bench.finish().exit_code == 0
    assert bench.output() == "$HOME|a b|; exit 3|*||"


@pytest.mark.parametrize(
    ("program", "content", "mode", "message"),
    [
        pytest.param("no-such-program", None, 0, "there is no program 'no-such-program' on the PATH", id="not on path"),
        pytest.param("./missing", None, 0, "there is no program ./missing (working directory: ", id="no such file"),
        pytest.param("./plain", "#!/bin/sh\n", 0o644, "./plain is not executable", id="not executable"),
        pytest.param("./naked", "\x00\x01\x02", 0o755, "./naked is no program: a script needs", id="no form"),
        pytest.param("./orphan", "#!/no/such/sh\n", 0o755, "./orphan names an interpreter", id="no shell"),
        pytest.param("nul\0byte", None, 0, "embedded null byte", id="impossible"),
    ],
)
def test_a_program_that_cannot_start_is_a_clear_error_of_its_run(
    bench: Bench, program: str, content: str | None, mode: int, message: str
) -> None:
    """The run ends without having started, and run and log say what is wrong; others are not touched."""
    if content is not None:
        (bench.folder / program).write_text(content)
        (bench.folder / program).chmod(mode)
    bench.start(program, run=1)
    bench.shell("exit 0", run=2)

    evidence = bench.finish(1)
    assert (evidence.kind, evidence.exit_code) == (EndKind.NOT_STARTED, None)
    assert evidence.message.startswith(f"not started: {message}")
    assert message in bench.output(1)
    assert bench.finish(2).exit_code == 0


def test_a_missing_working_directory_is_named(bench: Bench) -> None:
    """It is not mistaken for a missing program."""
    bench.place = bench.folder / "gone"
    bench.start("true")

    message = f"not started: its working directory {bench.place} does not exist"
    assert bench.finish() == Evidence(EndKind.NOT_STARTED, message)


def test_a_log_that_cannot_be_written_is_named(bench: Bench) -> None:
    """Work whose output would be lost is not begun."""
    (bench.folder / "logs").write_text("in the way")
    bench.start("true")

    evidence = bench.finish()
    assert evidence.kind is EndKind.NOT_STARTED
    assert f"its log {bench.log()} cannot be written" in evidence.message


def test_a_full_disk_costs_the_log_and_not_the_work(bench: Bench) -> None:
    """A command whose output finds no room goes on to its end."""
    bench.log().parent.mkdir()
    bench.log().symlink_to("/dev/full")
    bench.shell("for i in 1 2 3; do echo $i; done; exit 4")

    assert bench.finish().exit_code == 4


def test_ending_is_asked_for_first(still_bench: Bench) -> None:
    """A command that heeds SIGTERM may tidy up; what was decided is its evidence, not its exit code."""
    still_bench.python(
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('tidy')));"
        " print('ready', flush=True); signal.pause()"
    )
    still_bench.wait_for_output("ready")
    still_bench.executor.end((1, 1), EndKind.CANCELLED, "cancelled by ada")
    still_bench.executor.end((1, 1), EndKind.STOPPED, "too late to matter")

    assert still_bench.finish() == Evidence(EndKind.CANCELLED, "cancelled by ada; exit code 0", 0)
    assert still_bench.output() == "ready\ntidy\n"


def test_ending_is_enforced(bench: Bench) -> None:
    """A command that ignores SIGTERM is killed after a while, and says so."""
    bench.shell(IGNORES_TERM)
    bench.wait_for_output("ready")
    bench.executor.end((1, 1), EndKind.CANCELLED, "cancelled by ada")

    message = "cancelled by ada; it did not end within 0.2s of SIGTERM; ended by SIGKILL"
    assert bench.finish() == Evidence(EndKind.CANCELLED, message, signal="SIGKILL")


def test_killing_is_at_once(still_bench: Bench) -> None:
    """A command that must not live a moment longer gets no chance to tidy up."""
    still_bench.shell(IGNORES_TERM)
    still_bench.wait_for_output("ready")
    still_bench.executor.kill((1, 1), EndKind.LOST, "its lease was lost")

    assert still_bench.finish() == Evidence(EndKind.LOST, "its lease was lost; ended by SIGKILL", signal="SIGKILL")


def test_a_command_that_ended_by_itself_was_not_ended(still_bench: Bench) -> None:
    """Ending comes too late for a command that has exited, though nobody has noticed yet."""
    still_bench.shell("exit 3")
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
    still_bench.executor.end((1, 1), EndKind.CANCELLED, "cancelled by ada")
    still_bench.executor.kill((1, 1), EndKind.LOST, "its lease was lost")

    assert still_bench.finish() == Evidence(EndKind.EXITED, "exit code 3", 3)


def test_the_time_limit_ends_a_command(still_bench: Bench) -> None:
    """A command is asked to end at its limit, not before, and killed five seconds later."""
    still_bench.shell(IGNORES_TERM, time_limit=timedelta(hours=1))
    still_bench.wait_for_output("ready")
    advance(still_bench, minutes=59)
    before = still_bench.executor.wait(0)
    advance(still_bench, minutes=1)
    at_limit = still_bench.executor.wait(0)
    advance(still_bench, seconds=5)

    assert before == at_limit == []
    message = "it ran longer than its time limit of 1h; it did not end within 5s of SIGTERM; ended by SIGKILL"
    assert still_bench.finish() == Evidence(EndKind.TIME_LIMIT, message, signal="SIGKILL")


def test_a_group_ends_with_its_command(bench: Bench) -> None:
    """What a command leaves behind in its group is gone before its end is told."""
    bench.shell("sleep 600 & echo $!; exit 5")

    assert bench.finish().exit_code == 5
    stray = int(bench.output())
    wait_until(lambda: not is_alive(stray), "what it left behind is gone")


def test_the_whole_group_is_asked_to_end(still_bench: Bench) -> None:
    """SIGTERM reaches what a command waits for, so that this too may tidy up."""
    inner = "trap 'echo inner tidy; exit' TERM; echo ready; while :; do sleep 0.01; done"
    still_bench.python(
        "import signal, subprocess; signal.signal(signal.SIGTERM, lambda *_: print('outer waits', flush=True));"
        f" subprocess.run(['sh', '-c', {inner!r}])"
    )
    still_bench.wait_for_output("ready")
    still_bench.executor.end((1, 1), EndKind.CANCELLED, "cancelled by ada")
    still_bench.finish()

    assert {"outer waits", "inner tidy"} <= set(still_bench.output().splitlines())


def test_who_leaves_the_group_cannot_delay_the_end(still_bench: Bench) -> None:
    """A process in a session of its own may keep the output open; the end is told all the same, a second later."""
    os.mkfifo(still_bench.folder / "gate")
    still_bench.shell("setsid sh -c 'echo $$; echo go > gate; exec sleep 600' & read line < gate; exit 6")
    stranger = int(still_bench.wait_for_output("\n"))
    try:
        while not (ended := still_bench.executor.wait(0.01)):
            advance(still_bench, seconds=1)
        assert [end.evidence for end in ended] == [Evidence(EndKind.EXITED, "exit code 6", 6)]
        assert is_alive(stranger)
    finally:
        os.kill(stranger, signal.SIGKILL)


def test_a_command_may_close_its_output_early(bench: Bench) -> None:
    """A command without output is still waited for."""
    bench.python("import os, time; os.write(1, b'bye'); os.close(1); os.close(2); time.sleep(0.05); os._exit(9)")

    assert bench.finish().exit_code == 9
    assert bench.output() == "bye"


def test_much_output_needs_little_memory_and_room(still_bench: Bench) -> None:
    """Of 100 MB written as fast as can be, head and tail are kept, and none of it in memory."""
    tracemalloc.start()
    still_bench.shell("echo first; head -c 100000000 /dev/zero; echo; echo last")
    still_bench.finish()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    log = still_bench.log().read_bytes()
    assert log.startswith(b"first\n")
    assert log.endswith(b"\nlast\n")
    assert b" 99000012 bytes left out " in log
    assert LOG_SIZE < len(log) < LOG_SIZE + 100
    assert list(still_bench.log().parent.iterdir()) == [still_bench.log()]
    assert peak < 2_000_000


def test_binary_output_is_kept(bench: Bench) -> None:
    """Output need not be text."""
    bench.python("import os; os.write(1, bytes(range(256)))")
    bench.finish()

    assert bench.log().read_bytes() == bytes(range(256))


def test_fifty_commands_at_once(bench: Bench) -> None:
    """Commands run side by side: none of them could end if the others were not there too."""
    os.mkfifo(bench.folder / "gate")
    for run in range(50):
        bench.shell(f"read line < gate; echo {run}; exit {run}", run=run)
    gate = os.open(bench.folder / "gate", os.O_RDWR)
    os.write(gate, b"go\n" * 50)

    assert [bench.finish(run).exit_code for run in range(50)] == list(range(50))
    assert [bench.output(run) for run in range(50)] == [f"{run}\n" for run in range(50)]
    os.close(gate)


def test_a_descriptor_wakes_whoever_waits(still_bench: Bench) -> None:
    """Waiting ends as soon as the descriptor is readable, and what was in it is gone."""
    reader, writer = os.pipe()
    still_bench.executor.wake_on(reader)
    still_bench.start("sleep", "600")
    os.write(writer, b"wake up")

    assert still_bench.executor.wait(PATIENCE_SECONDS) == []
    with pytest.raises(BlockingIOError):
        os.read(reader, 1)
    os.close(reader)
    os.close(writer)


def test_closing_leaves_nothing(tmp_path: Path) -> None:
    """Closing kills what runs and gives all descriptors back."""
    before = set(Path("/proc/self/fd").iterdir())
    bench = Bench(tmp_path, SystemClock())
    bench.shell("echo $$; exec sleep 600")
    pid = int(bench.wait_for_output("\n"))
    bench.executor.close()

    assert not is_alive(pid)
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_a_step_is_not_carried_out_twice_at_once(bench: Bench) -> None:
    """Starting what runs already is a mistake of the caller."""
    bench.start("sleep", "600")

    with pytest.raises(ValueError, match="step 1 of run 1 is being carried out already"):
        bench.start("true")
