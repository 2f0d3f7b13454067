"""No question goes through a whole history: each has an index of a part of it, which is asked for by name here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from tests.query_plans import explain, list_whole_scans

from ostinato.engine.context import Context
from ostinato.engine.steps import STEPS, Step
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.store import breaches, journal, pruning
from ostinato.store.breaches import find_since
from ostinato.store.database import Tx
from ostinato.store.news import list_ended_slots
from ostinato.store.plan_lists import list_planned_runs
from ostinato.store.runs import count_runs, list_runs
from ostinato.store.slot_lists import Faces, SlotFilter, count_slots, list_slots
from ostinato.testing.factories import NOON, make_account, make_chain, make_new_run
from ostinato.testing.night import Night

DAY = timedelta(days=1)
IN_LANES = "slots_lane_id_starts_at_key|lane_id=?"
"""The index that keeps the slots of a lane in order, as each database names it."""

OF_PENDING = "slots_due_at_idx|slots_pending_idx|slots_examine_at_idx"
"""The indexes of slots that wait. Which is taken of these is a matter of statistics, which a small table has not."""


def ask_for_slots(*faces: SlotFace, **values: str) -> Callable[[Tx], object]:
    """Ask for the newest slots of these faces."""
    shown = Faces(frozenset(faces), NOON) if faces else None
    return lambda tx: list_slots(tx, SlotFilter(faces=shown, **values), limit=3, newest_first=True)  # type: ignore[arg-type]


QUESTIONS: dict[str, tuple[Callable[[Tx], object], set[str]]] = {
    "slots": (ask_for_slots(), {"slots_pending_idx", "slots_notable_idx", "slots_succeeded_idx"}),
    "slots that are blocked": (ask_for_slots(SlotFace.BLOCKED), {"slots_pending_idx"}),
    "slots that failed": (ask_for_slots(SlotFace.FAILED), {"slots_notable_idx"}),
    "slots that run": (ask_for_slots(SlotFace.RUNNING), {"slots_notable_idx"}),
    "slots that succeeded": (ask_for_slots(SlotFace.SUCCESS), {"slots_succeeded_idx"}),
    "slots of a definition": (
        ask_for_slots(SlotFace.SUCCESS, definition="load"),
        {IN_LANES},
    ),
    "slots of a lane": (ask_for_slots(definition="load", account="acme"), {IN_LANES}),
    "slots by status": (
        lambda tx: count_slots(tx, now=NOON, since=NOON - DAY, until=NOON + DAY),
        {
            OF_PENDING,
            f"slots_blocked_idx|{OF_PENDING}",
            "slots_notable_idx",
            "slots_finished_at_idx",
        },
    ),
    "slots that ended": (lambda tx: list_ended_slots(tx, since=NOON, limit=3), {"slots_finished_at_idx"}),
    "slots to drop": (
        lambda tx: pruning.prune_slots(tx, finished_before=NOON - 9 * DAY, limit=3),
        {"slots_finished_at_idx"},
    ),
    "slots that are adrift": (
        lambda tx: tx.execute(breaches.list_adrift_slots(find_since(tx, overdue_since=NOON))).all(),
        {"slots_notable_idx"},
    ),
    "slots that are contradicted": (
        lambda tx: tx.execute(breaches.list_contradicted_slots(find_since(tx, overdue_since=NOON))).all(),
        {"slots_finished_at_idx"},
    ),
    "runs that run": (
        lambda tx: list_runs(tx, statuses=[RunStatus.RUNNING], limit=3),
        {"runs_live_key|runs_running_idx"},
    ),
    "runs that are paused": (lambda tx: list_runs(tx, statuses=[RunStatus.PAUSED], limit=3), {"runs_live_key"}),
    "runs that failed": (lambda tx: list_runs(tx, statuses=[RunStatus.FAILED], limit=3), {"runs_notable_idx"}),
    "runs of a definition": (lambda tx: list_runs(tx, definition="load", limit=3), {"runs_definition_id_idx"}),
    "runs of an account": (lambda tx: list_runs(tx, account="acme", limit=3), {"runs_account_id_idx"}),
    "runs of an agent": (lambda tx: list_runs(tx, agent="agent-1", limit=3), {"runs_agent_id_idx"}),
    "runs by status": (lambda tx: count_runs(tx, since=NOON - DAY), {"runs_live_key", "runs_finished_at_idx"}),
    "plans": (lambda tx: list_planned_runs(tx, limit=3), {"runs_action_idx", "steps_plans_idx"}),
    "plans that are paused": (
        lambda tx: list_planned_runs(tx, statuses=[RunStatus.PAUSED], limit=3),
        {"runs_live_key"},
    ),
    "passes": (lambda tx: journal.list_passes(tx, limit=3), set()),
}


@pytest.fixture
def long(night: Night) -> Night:
    """Lend a night after a month, with four lanes."""
    night.declare(
        accounts=[make_account("acme"), make_account("bolt")],
        definitions=make_chain("load", "agg", matrix="account", starts_on=date(2025, 12, 10)),
    )
    night.tick()
    return night


@pytest.mark.parametrize(("ask", "indexes"), QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_is_answered_from_the_end_of_an_index(
    long: Night, ask: Callable[[Tx], object], indexes: set[str]
) -> None:
    """Nothing is read from end to end that grows with the history."""
    plan = explain(long.store, ask)

    missing = {index for index in indexes if not any(name in step for name in index.split("|") for step in plan)}
    assert (missing, list_whole_scans(plan, "slots", "runs", "steps", "transitions")) == (set(), []), plan


@pytest.mark.parametrize("step", STEPS[4:], ids=lambda step: step.__name__)
def test_no_step_of_the_engine_goes_through_the_history(long: Night, step: Step) -> None:
    """Not in a pass that finds runs in every status that it looks for, either."""
    running = long.claim(limit=3)
    long.create(make_new_run(long.slot("load/acme/2026-01-09").definition_id, start_at=NOON + DAY))
    with long.store.write() as tx:
        asleep = "UPDATE runs SET status = 'suspended', released_token = lease_token WHERE id = :run"
        tx.execute(text(asleep), {"run": running[0].id})
    long.finish("load/bolt/2025-12-10", RunStatus.FAILED)
    context = Context(long.now, "engine-1", long.settings)

    plan = explain(long.store, lambda tx: step(tx, long.desired, context))

    assert list_whole_scans(plan, "slots", "runs", "steps", "transitions", "events") == [], plan
