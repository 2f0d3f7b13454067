"""The output of commands, with real processes that write it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ostinato.clock import SystemClock
from ostinato.executors.commands import Command
from ostinato.executors.executor import Ended
from ostinato.executors.local import LocalExecutor
from ostinato.executors.output import LARGEST_OUTPUT, read_output
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.steps import Json
from ostinato.model.work import Cancelled, Failed, Succeeded

PATIENCE_SECONDS = 60.0

Run = Callable[[str], Ended]


@pytest.fixture
def executor() -> Iterator[LocalExecutor]:
    """Lend an executor."""
    executor = LocalExecutor(SystemClock(), log_size=10_000, folder=None)
    yield executor
    executor.close()


@pytest.fixture
def run(executor: LocalExecutor, tmp_path: Path) -> Run:
    """Give a way to have a shell script carried out as step 2 of run 7, and learn what became of it, for the record."""

    def carry_out(script: str) -> Ended:
        executor.start_command(make_command(tmp_path, script))
        (ended,) = executor.wait(PATIENCE_SECONDS)
        executor.forget(ended.key)
        return ended

    return carry_out


def make_command(folder: Path, script: str = "true") -> Command:
    """Make the command of a step whose log and output are in ``folder``."""
    log = folder / "7.2.log"
    output = str(folder / "7.2.output.json")
    return Command((7, 2), ("sh", "-c", script), {**os.environ, "OSTINATO_OUTPUT": output}, folder, log)


def list_files(folder: Path) -> list[str]:
    """List what there is beside logs."""
    return [file.name for file in folder.iterdir() if file.suffix != ".log"]


@pytest.mark.parametrize("output", [{"rows": 7, "files": ["ä", {}]}, [1.5, True, None], "done", None])
def test_what_a_command_writes_is_its_output(run: Run, tmp_path: Path, output: Json) -> None:
    """Any JSON will do, and the file is gone once it is on record."""
    (tmp_path / "made").write_text(json.dumps(output))
    ended = run('cp made "$OSTINATO_OUTPUT"; rm made')

    assert ended == Ended((7, 2), Succeeded(output), Evidence(EndKind.EXITED, "exit code 0", 0))
    assert list_files(tmp_path) == []


def test_a_command_need_not_write_any(run: Run) -> None:
    """Without the file the output is the exit code."""
    assert run("true").outcome == Succeeded({"exit_code": 0})


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "it is not JSON: Expecting value (line 1, column 1)"),
        (
            b'{"rows": 1,\n oops}',
            "it is not JSON: Expecting property name enclosed in double quotes (line 2, column 2)",
        ),
        (b'"\xff"', "it is not JSON: byte 1 is not UTF-8"),
        (b"[NaN]", "NaN is no number that JSON can say"),
        (b"[1e999]", "1e999 is no number that JSON can say"),
        (b'{"a": ["\\u0000"]}', "a text in it has the character U+0000, which cannot be stored"),
        (b'{"\\ud800": 1}', "a text in it has the character U+D800, which cannot be stored"),
        (b"[" * 101 + b"]" * 101, "it is nested more than 100 deep"),
        (b"[" * 100_000, "it is nested more than 100 deep"),
        (b"1" * (LARGEST_OUTPUT + 1), "it is larger than 1 MiB; keep data elsewhere and write where it is"),
    ],
    ids=["empty", "broken", "bytes", "nan", "infinite", "nul", "surrogate", "deep", "bottomless", "large"],
)
def test_output_that_is_no_use_is_an_error_of_the_step(
    run: Run, tmp_path: Path, content: bytes, complaint: str
) -> None:
    """A command that exits well but writes what cannot be kept has failed, and the error names file and fault."""
    (tmp_path / "made").write_bytes(content)
    ended = run('mv made "$OSTINATO_OUTPUT"')

    assert isinstance(ended.outcome, Failed)
    assert ended.outcome.error.kind is EndKind.RAISED
    assert ended.outcome.error.message == f"its output {tmp_path / '7.2.output.json'} cannot be used: {complaint}"
    assert ended.evidence == Evidence(EndKind.RAISED, ended.outcome.error.message, 0)
    assert list_files(tmp_path) == []


def test_the_largest_output_is_taken(run: Run, tmp_path: Path) -> None:
    """The limit is what it says."""
    text = "x" * (LARGEST_OUTPUT - 2)
    (tmp_path / "made").write_text(json.dumps(text))

    assert run('mv made "$OSTINATO_OUTPUT"').outcome == Succeeded(text)


def test_a_pipe_does_not_keep_the_agent_waiting(run: Run, tmp_path: Path) -> None:
    """What is not a plain file is refused, not waited for."""
    ended = run('mkfifo "$OSTINATO_OUTPUT"')

    assert isinstance(ended.outcome, Failed)
    assert ended.outcome.error.message.endswith("cannot be used: it is not a file")
    assert list_files(tmp_path) == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The error says which file, and what the system says about it."""
    command = make_command(tmp_path)
    command.output_file.symlink_to(command.output_file)

    with pytest.raises(ValueError, match=r"7\.2\.output\.json cannot be read: Too many levels of symbolic links"):
        read_output(command.output_file)


@pytest.mark.parametrize("way", ["fail", "kill"])
def test_output_of_a_command_that_failed_is_thrown_away(run: Run, tmp_path: Path, way: str) -> None:
    """It may be half of what it was to be."""
    ended = run(f'echo 1 > "$OSTINATO_OUTPUT"; {"exit 3" if way == "fail" else "kill $$"}')

    assert isinstance(ended.outcome, Failed)
    assert (ended.outcome.error.exit_code, ended.outcome.error.signal) == (
        (3, None) if way == "fail" else (None, "SIGTERM")
    )
    assert list_files(tmp_path) == []


def test_output_of_an_earlier_try_is_never_taken_for_this_one(run: Run, tmp_path: Path) -> None:
    """What a try left behind whose agent was killed is gone before the next begins."""
    (tmp_path / "7.2.output.json").write_text('"old"')

    assert run("true").outcome == Succeeded({"exit_code": 0})


def test_a_place_that_cannot_be_cleared_prevents_the_start(run: Run, tmp_path: Path) -> None:
    """A command that could not write its output is not begun."""
    (tmp_path / "7.2.output.json").mkdir()
    ended = run("echo never")

    assert isinstance(ended.outcome, Failed)
    assert ended.outcome.error.kind is EndKind.NOT_STARTED
    assert "7.2.output.json, where its output would go, cannot be removed" in ended.outcome.error.message
    assert "never" not in (tmp_path / "7.2.log").read_text()


def test_a_cancelled_command_is_cancelled(executor: LocalExecutor, tmp_path: Path) -> None:
    """Its outcome is that, whatever its exit code, and its output is thrown away."""
    executor.start_command(make_command(tmp_path, 'echo 1 > "$OSTINATO_OUTPUT"; exec sleep 600'))
    executor.end((7, 2), EndKind.CANCELLED, "cancelled by ada")
    (ended,) = executor.wait(PATIENCE_SECONDS)
    executor.forget(ended.key)

    assert isinstance(ended.outcome, Cancelled)
    assert ended.outcome.message.startswith("cancelled by ada")
    assert list_files(tmp_path) == []


def test_closing_leaves_no_output(executor: LocalExecutor, tmp_path: Path) -> None:
    """What a command wrote that is killed with its executor is thrown away, too."""
    executor.start_command(make_command(tmp_path, 'echo 1 > "$OSTINATO_OUTPUT"; echo ready; exec sleep 600'))
    while "ready" not in (tmp_path / "7.2.log").read_text():
        assert executor.wait(0.01) == []
    executor.close()

    assert list_files(tmp_path) == []
