"""What is late, and which rows come first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ostinato.model.slots import SlotFace
from ostinato.policies.risk import find_worst, late_by, measure_risk
from ostinato.testing.factories import NOON

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("since", "usual", "late"),
    [
        (HOUR, None, False),
        (HOUR + MINUTE, None, True),
        (HOUR, HOUR, False),
        (2 * HOUR, HOUR, False),
        (2 * HOUR + MINUTE, HOUR, True),
        (10 * MINUTE, MINUTE, False),
        (11 * MINUTE, MINUTE, True),
        (-HOUR, MINUTE, False),
    ],
)
def test_a_slot_is_late_when_it_takes_twice_as_long_as_usual(
    since: timedelta, usual: timedelta | None, *, late: bool
) -> None:
    """But not within ten minutes; and after an hour where nothing is known of its definition."""
    assert late_by(NOON - since, NOON, usual) == (since if late else None)


def test_what_is_started_by_hand_is_never_late() -> None:
    """It has no due time."""
    assert late_by(None, NOON, MINUTE) is None


def test_rows_are_in_the_order_of_trouble() -> None:
    """Failed slots weigh more than late ones, and these more than stuck ones, however many there are."""
    rows = [
        ({SlotFace.SUCCESS: 9}, 0),
        ({SlotFace.BLOCKED: 100, SlotFace.RETRYING: 100, SlotFace.PAUSED: 100}, 0),
        ({SlotFace.RUNNING: 1}, 1),
        ({SlotFace.RUNNING: 300}, 300),
        ({SlotFace.FAILED: 1}, 0),
        ({SlotFace.FAILED: 1, SlotFace.BLOCKED: 1}, 0),
        ({SlotFace.FAILED: 2}, 0),
    ]

    risks = [measure_risk(counts, late) for counts, late in rows]

    assert risks == sorted(risks)
    assert len(set(risks)) == len(rows)
    assert risks[0] == 0


def test_many_of_one_kind_never_outweigh_the_next() -> None:
    """However large an installation is."""
    assert measure_risk({SlotFace.BLOCKED: 10**6}, 0) < measure_risk({}, 1)
    assert measure_risk({}, 10**6) < measure_risk({SlotFace.FAILED: 1}, 0)


def test_the_worst_status_stands_for_all() -> None:
    """Every status has its place among them; where there is none, nothing stands."""
    assert find_worst(SlotFace) is SlotFace.FAILED
    assert find_worst([SlotFace.SUCCESS, SlotFace.RUNNING]) is SlotFace.RUNNING
    assert all(find_worst([face]) is face for face in SlotFace)
    assert find_worst([]) is None
