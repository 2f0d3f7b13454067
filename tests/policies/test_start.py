"""Start policies: what lets a slot start, and what is said when nothing does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ostinato.model.accounts import Maintenance
from ostinato.model.definitions import StartKind, StartRule
from ostinato.model.slots import SlotName
from ostinato.model.statuses import FINAL_SLOT_STATUSES, SUCCEEDED_SLOT_STATUSES, SlotStatus
from ostinato.policies.start import (
    STANDING_GATES,
    Pause,
    SlotFacts,
    Standing,
    UpstreamFacts,
    judge_start,
    standing_gates,
)

START = datetime(2026, 1, 5, tzinfo=UTC)
END = START + timedelta(days=1)
SLOT = SlotName("sales", "acme", "2026-01-05")


def make_facts(kind: StartKind = StartKind.AFTER_SUCCESS, *, hours: int = 0, **changes: Any) -> SlotFacts:
    """Make the facts of a daily slot that nothing stands against once its period is over."""
    rule = StartRule(kind, timedelta(hours=hours))
    facts = SlotFacts(name=SLOT, starts_at=START, ends_at=END, due_at=END, start=rule)
    return replace(facts, **changes)


def upstream(*, previous: bool = False, **counts: Any) -> UpstreamFacts:
    """Make the facts of an upstream definition with so many slots in each status."""
    by_status = {SlotStatus(name): count for name, count in counts.items()}
    first = {status: SlotName("load", "acme", f"first-{status}") for status in by_status}
    return UpstreamFacts("load", by_status, first, previous=previous)


@pytest.mark.parametrize("kind", [StartKind.AFTER_SUCCESS, StartKind.AFTER_COMPLETION])
def test_a_slot_waits_for_the_end_of_its_period_and_the_delay(kind: StartKind) -> None:
    """One microsecond early is early; the gate knows the instant."""
    facts = make_facts(kind, hours=2)
    due = END + timedelta(hours=2)

    early, on_time = judge_start(facts, due - timedelta(microseconds=1)), judge_start(facts, due)

    assert early.blocking is not None
    assert (early.blocking.gate, early.earliest_start) == ("period_over", due)
    assert on_time.ready


def test_at_start_waits_for_the_beginning_alone() -> None:
    """Upstream slots of the same period end later than it begins, so they cannot be waited for."""
    facts = make_facts(StartKind.AT_START, hours=1, upstreams=(upstream(failed=1),))

    assert not judge_start(facts, START).ready
    assert judge_start(facts, START + timedelta(hours=1)).ready


def test_manual_waits_for_a_person_for_ever() -> None:
    """The gate names the command that clears it."""
    verdict = judge_start(make_facts(StartKind.MANUAL), END + timedelta(days=1000))

    assert verdict.blocking is not None
    assert verdict.blocking.clears == f"a person: ostinato trigger {SLOT}"
    assert verdict.earliest_start is None


@pytest.mark.parametrize("status", list(SlotStatus))
@pytest.mark.parametrize(
    ("kind", "enough"),
    [(StartKind.AFTER_SUCCESS, SUCCEEDED_SLOT_STATUSES), (StartKind.AFTER_COMPLETION, FINAL_SLOT_STATUSES)],
)
def test_one_upstream_slot_in_the_wrong_status_is_enough_to_wait(
    kind: StartKind, enough: frozenset[SlotStatus], status: SlotStatus
) -> None:
    """after_success wants success or warning of all; after_completion wants all to have ended."""
    facts = make_facts(kind, upstreams=(upstream(**dict[str, Any]({"success": 15, status.value: 1})),))

    assert judge_start(facts, END).ready == (status in enough)


def test_the_reason_counts_what_is_missing_and_names_the_worst_first() -> None:
    """Whoever reads it knows how many, in which status, and which slot to look at."""
    facts = make_facts(upstreams=(upstream(success=10, pending=3, failed=2, live=1),))

    gate = judge_start(facts, END).blocking

    assert gate is not None
    assert gate.reason.startswith("6 of 16 slots of load not succeeded: 2 failed, 1 under way, 3 not started")
    assert gate.waits_for[0] == "load/acme/first-failed"
    assert gate.clears == "a person: ostinato retry load/acme/first-failed"


def test_no_overlapping_upstream_slot_is_nothing_to_wait_for_and_said_so() -> None:
    """An upstream that began later holds nobody up."""
    verdict = judge_start(make_facts(upstreams=(upstream(), upstream(previous=True))), END)

    assert verdict.ready
    assert [gate.reason for gate in verdict.gates if "nothing to wait for" in gate.reason] == [
        "nothing to wait for: no slot of it overlaps this period",
        "nothing to wait for: it has no slot before this one",
    ]


@pytest.mark.parametrize(
    ("changes", "gate"),
    [
        ({"definition_active": False}, "definition_active"),
        ({"definition_pause": Pause(START, "ann", "broken upstream")}, "definition_not_paused"),
        ({"account_active": False}, "account_active"),
        ({"account_pause": Pause(START, "ann", "")}, "account_not_paused"),
        ({"maintenance": Maintenance(END, None)}, "maintenance"),
    ],
)
@pytest.mark.parametrize("kind", list(StartKind))
def test_nothing_starts_of_what_stands_still(kind: StartKind, changes: dict[str, Any], gate: str) -> None:
    """Whatever the policy, an inactive or paused definition or account, or a maintenance, stops a slot first."""
    verdict = judge_start(make_facts(kind, **changes), END)

    assert verdict.blocking is not None
    assert verdict.blocking.gate == gate
    assert verdict.blocking.clears


def test_a_pause_says_who_when_and_why() -> None:
    """The morning shift need not ask around."""
    pause = Pause(datetime(2026, 1, 5, 3, 30, tzinfo=UTC), "ann", "broken upstream")

    gate = judge_start(make_facts(account_pause=pause), END).blocking

    assert gate is not None
    assert gate.reason == "account acme was paused by ann at 2026-01-05T03:30:00Z: broken upstream"


@pytest.mark.parametrize(("hour", "ready"), [(-1, True), (0, False), (3, False), (4, True)])
def test_a_maintenance_window_is_half_open(hour: int, ready: bool) -> None:
    """It holds from its first instant and no longer at its last."""
    facts = make_facts(maintenance=Maintenance(END + timedelta(hours=1), END + timedelta(hours=5)))

    verdict = judge_start(facts, END + timedelta(hours=1 + hour))

    assert verdict.ready == ready
    assert verdict.look_again_at == (None if ready else END + timedelta(hours=5))


def test_the_earliest_start_is_unknown_while_one_gate_waits_for_an_event() -> None:
    """A time that may not hold is not shown; the next look is taken all the same."""
    facts = make_facts(upstreams=(upstream(failed=1),), maintenance=Maintenance(None, END + timedelta(hours=1)))

    verdict = judge_start(facts, END)

    assert verdict.earliest_start is None
    assert verdict.look_again_at == END + timedelta(hours=1)


def test_the_gates_above_are_those_that_are_asked_first() -> None:
    """Of everything that has a definition and an account."""
    asked = standing_gates(Standing(definition="sales", account="acme"), START)

    assert {gate.kind for gate in asked} == STANDING_GATES
