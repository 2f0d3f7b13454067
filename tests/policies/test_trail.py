"""No number is told twice, none is missed that comes in time, and none is waited for for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ostinato.policies.trail import LOOK_BACK, PATIENCE_SECONDS, Trail


@given(
    st.permutations(range(1, 40)).map(lambda order: [number for number in order if number % 7]),
    st.lists(st.integers(0, 5), min_size=60, max_size=60),
)
def test_each_number_is_told_once_whatever_the_order(order: list[int], sizes: list[int]) -> None:
    """They come to light in any order, some at a time, and are read again and again until they are settled."""
    trail, known, told = Trail(0), set[int](), list[int]()
    rest = iter(order)
    for size in sizes:
        known.update(number for number, _ in zip(rest, range(size), strict=False))
        told += trail.take([number for number in known if number > trail.after], now=1.0)

    assert sorted(told) == sorted(known)


def test_what_is_settled_is_not_asked_for_again() -> None:
    """Up to the first that is missing."""
    trail = Trail(10)

    trail.take([11, 12, 14], now=0.0)

    assert trail.after == 12
    assert trail.take([13, 14], now=1.0) == [13]
    assert trail.after == 14


def test_a_number_that_was_never_used_is_given_up() -> None:
    """After a while, counted from when it was first missed."""
    trail = Trail(0)
    trail.take([1, 3], now=100.0)
    trail.take([3, 5], now=100.0 + PATIENCE_SECONDS - 1)
    early = trail.after

    trail.take([3, 5], now=100.0 + PATIENCE_SECONDS)

    assert (early, trail.after) == (1, 3)


def test_the_gap_that_is_kept_open_is_bounded() -> None:
    """A sequence that has jumped does not make it remember everything in between."""
    trail = Trail(0)

    assert trail.take([LOOK_BACK * 5], now=0.0) == [LOOK_BACK * 5]

    assert trail.after == LOOK_BACK * 4
