"""Log files: kept within their size, readable while they are written, and brought into their final form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostinato.executors.logs import (
    LogWriter,
    follow_log,
    read_log,
    read_log_chunk,
    seal_log,
)

LIMIT = 1_000
HALF = LIMIT // 2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a log that nobody has written yet."""
    return tmp_path / "logs" / "7.log"


def some_output(size: int) -> bytes:
    """Make output in which no two places look alike."""
    return b"".join(b"line %06d\n" % number for number in range(size // 12 + 1))[:size]


def write(path: Path, output: bytes, *, chunk: int = 70) -> LogWriter:
    """Write ``output`` in chunks, as from a pipe, and leave the log open."""
    writer = LogWriter(path, limit=LIMIT)
    for start in range(0, len(output), chunk):
        writer.write(output[start : start + chunk])
    return writer


def write_and_die(path: Path, output: bytes) -> None:
    """Write ``output`` and leave the log as a killed writer does."""
    write(path, output).abandon()


def read(path: Path) -> bytes:
    """Return all that a reader is shown."""
    return b"".join(read_log(path))


def split_at_gap(shown: bytes) -> tuple[bytes, int, bytes]:
    """Split what a reader is shown where it says that output was left out."""
    head, left_out, tail = re.split(rb"\n\[\.+ (\d+) bytes left out \.+\]\n", shown)
    return head, int(left_out), tail


@pytest.mark.parametrize("size", [0, 1, HALF - 1, HALF, HALF + 1, LIMIT - 1, LIMIT])
def test_output_within_the_limit_is_kept_byte_for_byte(path: Path, size: int) -> None:
    """Output up to the limit is the file, and nothing else is left beside it."""
    write(path, some_output(size)).close()

    assert path.read_bytes() == some_output(size)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("size", [LIMIT + 1, LIMIT + HALF, 3 * LIMIT, 10_007])
def test_output_beyond_the_limit_keeps_head_and_tail(path: Path, size: int) -> None:
    """Of longer output the first and the last half of the limit are kept, and the line between says what is not."""
    output = some_output(size)
    write(path, output).close()

    head, left_out, tail = split_at_gap(path.read_bytes())
    assert (head, left_out, tail) == (output[:HALF], size - LIMIT, output[-HALF:])
    assert list(path.parent.iterdir()) == [path]
    assert read(path) == path.read_bytes()


def test_disk_use_stays_bounded_while_writing(path: Path) -> None:
    """However much is written, the files of a log together never exceed the limit by more than its half."""
    writer = LogWriter(path, limit=LIMIT)
    most = 0
    for _ in range(500):
        writer.write(some_output(70))
        most = max(most, sum(file.stat().st_size for file in path.parent.rglob("*") if file.is_file()))
    writer.close()

    assert LIMIT <= most <= LIMIT + HALF


def test_one_huge_write_is_kept_like_many_small_ones(path: Path) -> None:
    """How output is cut into writes makes no difference."""
    output = some_output(5_000)
    write(path, output, chunk=len(output)).close()
    at_once = path.read_bytes()
    write(path, output, chunk=1).close()

    assert path.read_bytes() == at_once


def test_a_log_whose_writer_was_killed_reads_right(path: Path) -> None:
    """Before it is sealed, a reader is shown the head, a line for the gap, and at least half the limit of tail."""
    output = some_output(4_321)
    write_and_die(path, output)

    head, left_out, tail = split_at_gap(read(path))
    assert head == output[:HALF]
    assert len(head) + left_out + len(tail) == len(output)
    assert output.endswith(tail)
    assert len(tail) >= HALF


@pytest.mark.parametrize("size", [HALF, HALF + 1, LIMIT, 4_321])
def test_sealing_may_be_repeated_and_may_come_late(path: Path, tmp_path: Path, size: int) -> None:
    """A log sealed after its writer's death, even twice, is the log that the writer would have left."""
    write_and_die(path, some_output(size))
    seal_log(path)
    seal_log(path)
    write(tmp_path / "closed.log", some_output(size)).close()

    assert path.read_bytes() == (tmp_path / "closed.log").read_bytes()


@pytest.mark.parametrize("size", [HALF + 1, LIMIT, 4_321])
def test_a_death_between_replacing_and_tidying_does_no_harm(path: Path, tmp_path: Path, size: int) -> None:
    """A sealed log whose segments are still there reads right, and is not sealed a second time."""
    write_and_die(path, some_output(size))
    segments = {file.name: file.read_bytes() for file in path.with_suffix(".tail").iterdir()}
    seal_log(path)
    sealed = path.read_bytes()
    path.with_suffix(".tail").mkdir()
    for name, content in segments.items():
        (path.with_suffix(".tail") / name).write_bytes(content)

    assert read(path).startswith(sealed[:HALF])
    assert read(path).endswith(sealed[-HALF:])
    seal_log(path)
    assert path.read_bytes() == sealed
    assert list(path.parent.iterdir()) == [path]


def test_a_new_log_replaces_an_older_one_of_its_name(path: Path) -> None:
    """Nothing of a log that another run left under the same number shines through."""
    write_and_die(path, some_output(4_321))
    write(path, b"new\n").close()

    assert read(path) == b"new\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_log_that_does_not_exist_is_empty(path: Path) -> None:
    """Reading the log of a run that has not begun shows nothing and is no error."""
    assert read(path) == b""
    assert read_log_chunk(path, 0) == (b"", 0)


def test_reading_goes_on_where_it_stopped(path: Path) -> None:
    """A reader that comes back with its position is shown each byte once."""
    writer = write(path, b"first\n")
    shown, position = read_log_chunk(path, 0)
    writer.write(b"second\n")

    assert (shown, *read_log_chunk(path, position)) == (b"first\n", b"second\n", 13)
    writer.close()


def follow(path: Path, steps: Iterator[bool]) -> bytes:
    """Follow a log; ``steps`` does something at every pause, and says whether the run is over by then."""
    over = False

    def pause() -> None:
        nonlocal over
        over = next(steps)

    return b"".join(follow_log(path, is_over=lambda: over, pause=pause))


def test_following_shows_everything_as_it_comes(path: Path) -> None:
    """Who follows from before the start to the end, and keeps up, is shown every byte, though few are kept."""
    output = some_output(10_000)

    def steps() -> Iterator[bool]:
        yield False
        writer = LogWriter(path, limit=LIMIT)
        for start in range(0, len(output), 300):
            writer.write(output[start : start + 300])
            yield False
        writer.close()
        yield True

    assert follow(path, steps()) == output


def test_following_too_slowly_shows_what_was_missed(path: Path) -> None:
    """Who does not keep up is shown lines for what went by, and in any case how it ended."""
    output = some_output(10_000)

    def steps() -> Iterator[bool]:
        writer = LogWriter(path, limit=LIMIT)
        for start in range(0, len(output), 5_000):
            writer.write(output[start : start + 5_000])
            yield False
        writer.close()
        yield True

    shown = follow(path, steps())
    gaps = re.findall(rb"\n\[\.+ (\d+) bytes left out \.+\]\n", shown)
    kept = re.sub(rb"\n\[\.+ \d+ bytes left out \.+\]\n", b"", shown)
    assert shown.endswith(output[-HALF:])
    assert len(kept) + sum(map(int, gaps)) == len(output)


def test_following_across_the_sealing_shows_the_end(path: Path) -> None:
    """Output that came between the last look and the sealing is shown, though its segments are gone by then."""
    output = some_output(10_000)

    def steps() -> Iterator[bool]:
        writer = LogWriter(path, limit=LIMIT)
        writer.write(output[:1_200])
        yield False
        writer.write(output[1_200:])
        writer.close()
        yield True

    shown = follow(path, steps())
    head, left_out, tail = split_at_gap(shown)
    assert head == output[:1_200]
    assert tail == output[-HALF:]
    assert left_out == len(output) - 1_200 - HALF


def test_following_an_ended_run_is_reading(path: Path) -> None:
    """Following a run that is over ends at once, with all that is kept."""
    write(path, some_output(4_321)).close()

    followed = b"".join(follow_log(path, is_over=lambda: True, pause=lambda: pytest.fail("nothing to wait for")))
    assert followed == path.read_bytes()


def test_binary_output_is_kept_as_it_is(path: Path) -> None:
    """A log is bytes: nothing in it is read, translated or cut at lines."""
    output = bytes(range(256)) * 3
    write(path, output).close()

    assert path.read_bytes() == output
