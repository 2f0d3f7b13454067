"""Sending: events and answers, what is refused before it is kept, and what became of what was kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ostinato import Approval, Event, action, current_step, plan, suspend
from ostinato.actions.action import Action
from ostinato.errors import NotFound, NotPossible
from ostinato.model.runs import Run
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import EventFate
from ostinato.operations.people import Person
from ostinato.operations.plans import list_plans, show_plan
from ostinato.operations.results import find_result
from ostinato.operations.sending import Receipt, answer, find_receipt, send_event
from ostinato.operations.triggering import TriggerOptions, trigger_plan
from ostinato.world import World

ADA = Person("ada")

CarryOut = Callable[[], Counter[RunStatus]]
TwoAtOnce = Callable[[Callable[[Person], Receipt]], tuple[Receipt, NotPossible]]


class Collect(Action):
    """Take events until one is called ``done``."""

    def run(self) -> Any:
        """Wait."""
        self.output["seen"] = []
        self.step.suspend()

    def on_event(self, event: Event) -> Any:
        """Keep what the event says."""
        self.output["seen"].append(event.payload)
        if event.name != "done":
            self.step.suspend()
        return self.output["seen"]


@plan
def collect() -> Any:
    """Collect, and be done."""
    return Collect()


@plan
def pay(amount: int) -> Any:
    """Ask whether to pay."""
    return Approval.with_options(name="approve")(question=f"Pay {amount}?", fields={"purpose": str, "share": int})


@plan
def pay_twice() -> Any:
    """Ask twice at once."""
    return [Approval.with_options(name=name)(question="Pay?") for name in ("first", "second")]


@action
def wait_long() -> None:
    """Wait for an event, a day at most."""
    current_step().output["asked"] = True
    suspend(until=timedelta(days=1))


@pytest.fixture
def collecting(live: World, carry_out: CarryOut) -> Run:
    """Give a run that is suspended in its step ``Collect``."""
    run = trigger_plan(live, collect, by=ADA).run
    assert carry_out() == {RunStatus.SUSPENDED: 1}
    return run


@pytest.fixture
def asking(live: World, carry_out: CarryOut) -> Run:
    """Give a run that waits for an answer in its step ``approve``."""
    run = trigger_plan(live, pay, (7,), by=ADA).run
    assert carry_out() == {RunStatus.SUSPENDED: 1}
    return run


def test_events_are_delivered_in_order_and_their_receipts_say_so(
    live: World, collecting: Run, carry_out: CarryOut
) -> None:
    """Each is kept before it is acknowledged, and wakes the run."""
    sent = [
        send_event(live, str(collecting.id), "Collect", name, value, by=ADA) for name, value in (("a", 1), ("done", 2))
    ]
    waiting = [find_receipt(live, receipt.event.id or 0).event.fate for receipt in sent]
    shown = show_plan(live, collecting.id)
    ended = carry_out()

    assert waiting == [EventFate.WAITING, EventFate.WAITING]
    assert shown.run.status is RunStatus.WAITING
    assert [event.name for event in shown.steps[1].events] == ["a", "done"]
    assert ended == {RunStatus.SUCCESS: 1}
    assert [find_receipt(live, receipt.event.id or 0).event.fate for receipt in sent] == [EventFate.DELIVERED] * 2
    assert find_result(live, collecting.id) == [1, 2]


def test_an_event_that_no_step_can_take_is_refused(live: World, collecting: Run, carry_out: CarryOut) -> None:
    """An optional one is answered, and nobody is troubled."""
    send_event(live, str(collecting.id), "2", "done", by=ADA)
    carry_out()

    with pytest.raises(NotPossible, match="the run has ended: success"):
        send_event(live, str(collecting.id), "Collect", "late", by=ADA)
    optional = send_event(live, str(collecting.id), "Collect", "late", by=ADA, optional=True)

    assert (optional.event.id, optional.event.fate) == (None, EventFate.DROPPED)


@pytest.mark.parametrize(
    ("name", "payload", "problem"), [("", None, "an event has a name"), ("a", {1, 2}, "payload: ")]
)
def test_an_event_must_have_a_name_and_be_json(
    live: World, collecting: Run, name: str, payload: object, problem: str
) -> None:
    """Nothing else could be kept."""
    with pytest.raises(NotPossible, match=problem):
        send_event(live, str(collecting.id), "Collect", name, payload, by=ADA)


def test_unknown_steps_and_events_are_not_found(live: World, collecting: Run) -> None:
    """With what comes near, where something does."""
    with pytest.raises(NotFound, match="there is no step Colect") as absence:
        send_event(live, str(collecting.id), "Colect", "a", by=ADA)
    with pytest.raises(NotFound, match="there is no event 99"):
        find_receipt(live, 99)

    assert absence.value.hint == "did you mean Collect?"


def test_a_run_that_is_not_planned_yet_says_so(live: World) -> None:
    """It has no steps to send anything to, nor a question."""
    later = TriggerOptions(start_at=live.clock.now() + timedelta(days=1))
    run = trigger_plan(live, collect, by=ADA, options=later).run

    with pytest.raises(NotFound, match="has no steps yet: it is scheduled"):
        send_event(live, str(run.id), "Collect", "a", by=ADA)
    with pytest.raises(NotPossible, match="waits for no answer: it is scheduled"):
        answer(live, str(run.id), "yes", by=ADA)


def test_an_answer_ends_the_waiting(live: World, asking: Run, carry_out: CarryOut) -> None:
    """Who waits for whom is listed before; the output says who answered what."""
    (listed,) = list_plans(live)
    answer(live, str(asking.id), True, {"purpose": "tea", "share": "3"}, by=ADA)
    ended = carry_out()

    result = find_result(live, asking.id)
    assert listed.gates[0].reason == "step approve waits for an answer: Pay 7?"
    assert f"ostinato answer {asking.id} yes|no approve --field purpose=… --field share=…" in listed.gates[0].clears
    assert ended == {RunStatus.SUCCESS: 1}
    assert (result["answer"], result["purpose"], result["share"], result["by"]) == ("yes", "tea", 3, "ada")


@pytest.mark.parametrize(
    ("verdict", "fields", "problem"),
    [
        ("perhaps", {}, "expected 'yes' or 'no'"),
        ("yes", {"purpose": "tea"}, "a yes needs share"),
        ("yes", {"purpose": "tea", "share": "much"}, "share: this should be a valid integer"),
        ("no", {"colour": "red"}, "'colour' was not asked for"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(
    live: World, asking: Run, verdict: str, fields: dict[str, Any], problem: str
) -> None:
    """Before it is kept, so that who answers learns of it."""
    with pytest.raises(NotPossible, match=f"approve cannot take this answer: .*{problem}"):
        answer(live, str(asking.id), verdict, fields, by=ADA)

    assert show_plan(live, asking.id).steps[1].events == ()


def test_of_two_who_answer_at_once_one_is_told_who_was_first(live: World, asking: Run, two_at_once: TwoAtOnce) -> None:
    """The other's answer is not kept."""
    receipt, refusal = two_at_once(lambda person: answer(live, str(asking.id), "no", by=person))

    assert f"{receipt.event.sent_by} has answered approve at" in refusal.message
    assert len(show_plan(live, asking.id).steps[1].events) == 1


def test_where_several_wait_the_step_must_be_named(live: World, carry_out: CarryOut) -> None:
    """One that waits for nothing is refused by name."""
    run = trigger_plan(live, pay_twice, by=ADA).run
    carry_out()

    with pytest.raises(NotPossible, match="several steps wait for an answer: first, second"):
        answer(live, str(run.id), "yes", by=ADA)
    answer(live, str(run.id), "yes", step="first", by=ADA)
    carry_out()
    with pytest.raises(NotPossible, match="step first waits for no answer: it is success"):
        answer(live, str(run.id), "yes", step="first", by=ADA)
    answer(live, str(run.id), "no", by=ADA)
    carry_out()

    assert [asked["answer"] for asked in find_result(live, run.id)] == ["yes", "no"]


def test_what_sleeps_says_until_when(live: World, carry_out: CarryOut) -> None:
    """The time is in the reason, and in what clears it."""
    trigger_plan(live, wait_long, by=ADA)
    carry_out()

    (gate,) = list_plans(live)[0].gates
    assert "step wait_long.run waits for an event, or until " in gate.reason
    assert gate.clears.startswith("time or an event: ostinato send-event")
    assert gate.earliest is not None
