"""Reading logs by lines: whatever their length, a part of them, and only as much of it as is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from hypothesis import given
from hypothesis import strategies as st

from ostinato import action, current_step
from ostinato.executors.logs import CHUNK_BYTES
from ostinato.model.statuses import RunStatus
from ostinato.operations.log_levels import LogLevel
from ostinato.operations.logs import LONGEST_LINE, LogPart, LogQuestion, cut_into_lines, read_blocks, read_lines
from ostinato.operations.people import Person
from ostinato.operations.triggering import trigger_plan
from ostinato.world import World

ADA = Person("ada")


@action
def talk() -> None:
    """Give away texts, and what is none."""
    current_step().emit("starting")
    current_step().emit({"rows": 3})
    current_step().emit("two\nERROR lines\n")


def in_pieces(text: bytes, size: int) -> Iterator[bytes]:
    """Yield a text in pieces of that size."""
    return (text[start : start + size] for start in range(0, len(text), size))


def read(text: bytes, question: LogQuestion, *, size: int = CHUNK_BYTES) -> LogPart:
    """Read a text as if it were the log of a run that is over."""
    return read_blocks(cut_into_lines(in_pieces(text, size)), question, complete=True)


@given(
    lines=st.lists(st.sampled_from([b"", b"fine", b"ERROR x", b"WARN y", b"caf\xc3\xa9"]), max_size=30),
    size=st.integers(min_value=1, max_value=40),
    question=st.builds(
        LogQuestion,
        after=st.none() | st.integers(min_value=0, max_value=35),
        limit=st.integers(min_value=1, max_value=10),
        level=st.none() | st.sampled_from(LogLevel),
        search=st.sampled_from(["", "E", "é"]),
    ),
)
def test_whatever_is_asked_the_answer_is_what_one_would_pick_by_hand(
    lines: list[bytes], size: int, question: LogQuestion
) -> None:
    """However the log comes in pieces."""
    part = read(b"\n".join(lines), question, size=size)

    after, limit, search = question.after, question.limit, question.search
    there = lines[:-1] if lines and not lines[-1] else lines
    wanted = {None: (b"",), LogLevel.WARNING: (b"WARN", b"ERROR"), LogLevel.ERROR: (b"ERROR",)}[question.level]
    fitting = [
        number
        for number, line in enumerate(there, 1)
        if number > (after or 0) and line.startswith(wanted) and search.casefold() in line.decode().casefold()
    ]
    errors = [number for number, line in enumerate(there, 1) if line.startswith(b"ERROR")]
    picked = fitting[-limit:] if after is None else fitting[:limit]
    assert [line.number for line in part.lines] == picked
    assert [line.text for line in part.lines] == [there[number - 1].decode() for number in picked]
    assert (part.total, part.first_error) == (len(there), errors[0] if errors else None)
    assert part.last == (picked[-1] if after is not None and len(fitting) > limit else len(there))


def test_going_on_shows_every_line_once() -> None:
    """The last line of one part is what to go on after."""
    text = b"".join(b"line %d\n" % number for number in range(1, 1001))
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        part = read(text, LogQuestion(after=after, limit=300))
        seen += [line.number for line in part.lines]
        after = part.last if part.last < part.total else None

    assert seen == list(range(1, 1001))


def test_a_line_that_is_far_too_long_is_shown_in_part() -> None:
    """It counts as one, and the next one is shown as ever."""
    part = read(b"x" * 10 * CHUNK_BYTES + b"\nnext\r\n", LogQuestion())

    first, second = part.lines
    assert (len(first.text), first.text[-4:]) == (LONGEST_LINE + 4, " […]")
    assert (second.number, second.text) == (2, "next")


def test_what_is_no_text_is_shown_as_far_as_it_is_one() -> None:
    """And without what colours it."""
    part = read(b"\xff\x00 \x1b[1;31mERROR\x1b[0m\n", LogQuestion())

    assert [(line.text, line.level) for line in part.lines] == [("\ufffd\0 ERROR", LogLevel.ERROR)]


def test_what_a_step_in_python_gave_away_is_its_log(live: World, carry_out: Callable[[], Counter[RunStatus]]) -> None:
    """Texts as they are, all else as JSON, one piece a line or more."""
    run = trigger_plan(live, talk, by=ADA).run
    carry_out()

    part = read_lines(live, run.id, LogQuestion())

    assert [line.text for line in part.lines] == ["starting", '{"rows": 3}', "two", "ERROR lines"]
    assert (part.first_error, part.complete) == (4, True)
