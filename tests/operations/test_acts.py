"""Verbs on plans: each does what its operation does, in a preview as well, and says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ostinato import Approval, action, plan
from ostinato.model.statuses import RunStatus
from ostinato.operations.acting.carrying_out import Acted, Action, act
from ostinato.operations.acting.verbs import Undo
from ostinato.operations.auditing import list_audit
from ostinato.operations.people import Person
from ostinato.operations.triggering import trigger_plan
from ostinato.testing.factories import make_definition
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")

CarryOut = Callable[[], Counter[RunStatus]]


@action
def load(into: str) -> int:
    """Fail unless the folder ``into`` is there."""
    if not Path(into).is_dir():
        raise OSError(f"{into} is not there")
    return 1


@plan
def refresh(into: str) -> Any:
    """Load, and ask whether that is enough."""
    loaded = load(into=into)
    return Approval.with_options(name="approve")(question="Enough?", fields={"purpose": str}, after=[loaded])


@pytest.fixture
def paused(live: World, carry_out: CarryOut, tmp_path: Path) -> str:
    """Give the number of a run that is paused, because ``load`` has failed."""
    run = trigger_plan(live, refresh, (), {"into": str(tmp_path / "later")}, by=ADA).run
    assert carry_out() == {RunStatus.PAUSED: 1}
    return str(run.id)


def ask(world: World, verb: str, target: str, **given: Any) -> Acted:
    """Act on one target: in a preview, which must say the same, and then in truth, as the audit log has it, too."""
    shown = act(world, Action(verb, (target,), reason="why", given=given, preview=True), by=ADA)
    done = act(world, Action(verb, (target,), reason="why", given=given), by=ADA)
    assert (shown.touched, shown.refused, shown.commands) == (done.touched, done.refused, done.commands)
    if done.touched and not said(done).startswith("tells nobody"):
        assert done.commands == tuple(entry.command for entry in list_audit(world, limit=1))
    return done


def said(acted: Acted) -> str:
    """Return what was done to the one target."""
    (touched,) = acted.touched
    return touched.does


def test_a_step_gets_another_input_and_has_it_taken_back(live: World, paused: str, tmp_path: Path) -> None:
    """The undo has what it was before."""
    edited = ask(live, "edit-input", paused, step="load", input={"into": str(tmp_path)})

    assert said(edited) == f"gives step load of run {paused} this input"
    assert edited.undo == Undo("edit-input", (paused,), {"step": "load", "input": {"into": str(tmp_path / "later")}})
    assert said(ask(live, "edit-input", paused, **edited.undo.given)) == said(edited)


def test_a_paused_plan_is_led_to_its_end(live: World, paused: str, carry_out: CarryOut) -> None:
    """Its failed step is skipped, it is resumed, and its question answered."""
    skipped = said(ask(live, "skip", paused, step="load"))
    resumed = said(ask(live, "resume", paused))
    assert carry_out() == {RunStatus.SUSPENDED: 1}
    answered = said(ask(live, "answer", paused, answer=True, fields={"purpose": "trying"}))
    assert carry_out() == {RunStatus.WARNING: 1}

    assert skipped == f"skips of run {paused}: load"
    assert resumed.startswith(f"lets run {paused} go on")
    assert answered == f"answers step approve of run {paused}: yes"


def test_a_paused_plan_is_given_up(live: World, paused: str) -> None:
    """What follows is for its retry policy; it cannot be given up twice."""
    given_up = said(ask(live, "fail", paused))
    (refused,) = ask(live, "fail", paused).refused

    assert given_up == f"gives run {paused} up: it fails"
    assert "is not paused" in refused.why


def test_an_event_is_sent(live: World, paused: str) -> None:
    """To a step that can take it; one that is optional may find nobody."""
    sent = said(ask(live, "send-event", paused, step="approve", event="hello", payload={"a": [1]}))
    ask(live, "skip", paused, step="load")
    nobody = said(ask(live, "send-event", paused, step="load", event="hello", optional=True))

    assert sent == f"sends hello to step approve of run {paused}"
    assert nobody.startswith("tells nobody of hello: ")


def test_a_run_is_cancelled_or_halted_and_let_go_again(live: World, paused: str) -> None:
    """One that nobody carries out ends at once."""
    halted = said(ask(live, "halt", paused))
    unhalted = said(ask(live, "unhalt", paused))
    (refused,) = ask(live, "cancel", paused).refused

    assert halted == f"ends run {paused} at once, and keeps it from running again"
    assert unhalted == f"lets run {paused} be run again"
    assert "has ended already" in refused.why


def test_an_agent_is_asked_to_end_what_it_has(world: World, night: Night) -> None:
    """The sentence says whom."""
    night.declare(definitions=[make_definition()])
    night.tick()
    night.claim()
    run = night.run("sales/-/2026-01-09")

    assert said(ask(world, "cancel", "sales/-/2026-01-09")) == (
        f"asks agent agent-1 to end run {run.id} of sales/-/2026-01-09"
    )
