"""The two state machines, as declared."""

from __future__ import annotations

import pytest

from ostinato.errors import IllegalTransition
from ostinato.model.statuses import (
    FINAL_RUN_STATUSES,
    LIVE_RUN_STATUSES,
    SLOT_STATUS_OF_RUN,
    RunStatus,
    StepStatus,
)
from ostinato.model.transitions import (
    INITIAL_RUN_STATUSES,
    RUN_TRANSITIONS,
    STEP_TRANSITIONS,
    Party,
    check_run_transition,
    find_path,
    sources_of,
)


def test_final_statuses_have_no_way_out_and_live_ones_have() -> None:
    """Final is exactly what has no outgoing edge."""
    assert {edge.source for edge in RUN_TRANSITIONS} == set(LIVE_RUN_STATUSES)
    assert {edge.source for edge in STEP_TRANSITIONS} == set(StepStatus) - {
        StepStatus.SUCCESS,
        StepStatus.SKIPPED,
        StepStatus.CANCELLED,
    }


def test_every_status_can_be_reached_and_every_run_can_end() -> None:
    """No status is stranded: from the initial ones all are reached, and from each live one an end."""
    reached = set(INITIAL_RUN_STATUSES)
    ending = set(FINAL_RUN_STATUSES)
    for _ in RunStatus:
        reached |= {edge.target for edge in RUN_TRANSITIONS if edge.source in reached}
        ending |= {edge.source for edge in RUN_TRANSITIONS if edge.target in ending}

    assert reached == set(RunStatus)
    assert ending == set(RunStatus)


def test_no_edge_stands_twice() -> None:
    """One edge for each pair; who may cause it stands on that edge."""
    for table in (RUN_TRANSITIONS, STEP_TRANSITIONS):
        pairs = [(edge.source, edge.target) for edge in table]
        assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("source", list(RunStatus))
@pytest.mark.parametrize("target", list(RunStatus))
@pytest.mark.parametrize("by", list(Party))
def test_what_is_not_in_the_table_is_refused(source: RunStatus, target: RunStatus, by: Party) -> None:
    """The check accepts an edge for those who may, and raises for everything else."""
    allowed = any((edge.source, edge.target) == (source, target) and by in edge.by for edge in RUN_TRANSITIONS)

    assert (source in sources_of(target, by)) == allowed
    if allowed:
        check_run_transition([source], target, by)
    else:
        with pytest.raises(IllegalTransition):
            check_run_transition([source], target, by)


def test_every_run_status_says_what_becomes_of_the_slot() -> None:
    """No status is forgotten."""
    assert set(SLOT_STATUS_OF_RUN) == set(RunStatus)


@pytest.mark.parametrize("source", sorted(LIVE_RUN_STATUSES))
@pytest.mark.parametrize("target", sorted(FINAL_RUN_STATUSES))
def test_from_every_live_status_there_is_a_way_to_every_end(source: RunStatus, target: RunStatus) -> None:
    """Edge by edge, and never through another end."""
    path = find_path(source, target)

    edges = {(edge.source, edge.target) for edge in RUN_TRANSITIONS}
    assert set(zip([source, *path], path, strict=False)) <= edges
    assert [status for status in path if status in FINAL_RUN_STATUSES] == [target]


def test_from_an_end_there_is_no_way_on() -> None:
    """And whoever asks for one learns it."""
    with pytest.raises(IllegalTransition):
        find_path(RunStatus.SUCCESS, RunStatus.FAILED)
