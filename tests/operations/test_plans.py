"""Looking at plans: what is listed, what is shown of each step, and what every face says about a run at rest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from ostinato import Action, Command, SubPlans, action, current_step, fixed, plan
from ostinato.errors import InvalidValue, NotFound
from ostinato.model.runs import Run
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.operations import plan_shapes, shapes
from ostinato.operations.cancelling import cancel
from ostinato.operations.inputs import describe_input
from ostinato.operations.listing import list_runs, show_run
from ostinato.operations.people import Person
from ostinato.operations.plans import LONGEST_GIVEN, SHOWN_OF_GIVEN, list_output, list_plans, pick_step, show_plan
from ostinato.operations.status import get_status
from ostinato.operations.triggering import trigger_plan
from ostinato.world import World

ADA = Person("ada")

CarryOut = Callable[[], Counter[RunStatus]]


@action(weight=3.0)
def count_up(to: int) -> int:
    """Tell how far it is, give pieces away, and succeed."""
    current_step().emit("counting")
    current_step().emit({"reached": to})
    return to


@action
def break_down(number: int) -> None:
    """Raise an error."""
    raise ValueError(f"{number} is too much")


@action(retry=fixed(attempts=2, wait="1h"))
def try_twice() -> None:
    """Raise an error, and be tried again in an hour."""
    raise ValueError("not yet")


@plan
def inner(number: Any) -> Any:
    """Be planned within another plan."""
    return break_down(number=number)


@plan
def outer() -> None:
    """Count, run a command, and use a plan."""
    counted = count_up(to=4)
    inner(number=counted)
    Command.with_options(name="say")(["echo", "hello"], after=[counted])


@action
def take_anything(day: str = "", api_key: str = "") -> None:
    """Do nothing with what it is given."""


class WaitsForAny(Action):
    """Wait for an event."""

    def run(self) -> Any:
        """Wait."""
        self.step.suspend()


class Spread(SubPlans):
    """Start two plans that wait."""

    def create_plans(self) -> Iterable[Any]:
        """Start two."""
        return (self.trigger(WaitsForAny) for _ in range(2))


@pytest.fixture
def paused(live: World, carry_out: CarryOut) -> Run:
    """Give a run of ``outer``, which has paused."""
    run = trigger_plan(live, outer, by=ADA).run
    assert carry_out() == {RunStatus.PAUSED: 1}
    return run


def test_a_plan_is_shown_as_tree_and_as_graph(live: World, paused: Run) -> None:
    """Each step knows who planned it, what it needs and what it comes after."""
    shown = {one.row.step.name: one.row.step for one in show_plan(live, paused.id).steps}

    names = {step.number: name for name, step in shown.items()}
    assert {name: names.get(step.parent or 0) for name, step in shown.items()} == {
        "outer": None,
        "count_up": "outer",
        "inner": "outer",
        "break_down": "inner",
        "say": "outer",
    }
    assert [names[number] for number in shown["break_down"].needs] == ["count_up"]
    assert [names[number] for number in shown["say"].after] == ["count_up"]
    assert describe_input(shown["break_down"].input, names) == "number=<count_up>"


def test_some_steps_of_a_plan_are_shown_alone(live: World, paused: Run) -> None:
    """What is said of the plan as a whole is the same."""
    whole, some = show_plan(live, paused.id), show_plan(live, paused.id, steps=[4, 2, 99])

    assert [one.row.step.number for one in some.steps] == [2, 4]
    assert some.steps[1] == whole.steps[3]
    assert (some.progress, some.gates) == (whole.progress, whole.gates)


def test_all_is_shown_of_a_step_that_failed(live: World, paused: Run) -> None:
    """Its error with the traceback, and each try that failed."""
    shown = pick_step(show_plan(live, paused.id), "break_down")

    (failed,) = shown.failures
    assert shown.row.step.error is not None
    assert (shown.row.step.error.type, shown.row.step.error.message) == ("ValueError", "4 is too much")
    assert "in break_down" in failed.error.traceback
    assert failed.number == 1


def test_progress_is_the_mean_of_the_steps_by_their_weight(live: World, paused: Run) -> None:
    """Plan steps count nothing; ``count_up`` counts three times."""
    assert show_plan(live, paused.id).progress == pytest.approx(4 / 5)


def test_commands_have_a_log_and_other_steps_what_they_gave_away(live: World, paused: Run) -> None:
    """The log of a command in a plan is named for its step."""
    details = show_plan(live, paused.id)
    log, counted = pick_step(details, "say").log, pick_step(details, "count_up")

    assert log is not None
    assert log.read_text() == "hello\n"
    assert counted.log is None
    pieces = list_output(live, paused.id, counted.row.step.number)
    assert [piece.data for piece in pieces] == ["counting", {"reached": 4}]
    assert list_output(live, paused.id, counted.row.step.number, after=2) == []


def test_unknown_steps_and_runs_are_not_found(live: World, paused: Run) -> None:
    """With the nearest name."""
    with pytest.raises(NotFound, match="there is no run 77"):
        show_plan(live, 77)
    with pytest.raises(NotFound) as absence:
        pick_step(show_plan(live, paused.id), "cuont_up")

    assert absence.value.hint == "did you mean count_up?"


def test_every_face_says_who_must_do_what_about_a_paused_run(live: World, paused: Run) -> None:
    """The list of plans, that of runs, and the status."""
    (listed,) = list_plans(live)
    (run,) = list_runs(live)
    troubles = {trouble.message: trouble.hint for trouble in get_status(live).troubles}

    assert listed.steps == {StepStatus.SUCCESS: 4, StepStatus.ERROR: 1}
    assert "step break_down: 4 is too much" in listed.gates[0].reason
    assert f"ostinato resume {paused.id}" in listed.gates[0].clears
    assert run.reason == listed.gates[0].reason
    assert "ostinato resume RUN" in troubles["1 run is paused, until a person decides"]


def test_plans_can_be_picked_by_status(live: World, paused: Run) -> None:
    """And no more than wanted."""
    waiting = trigger_plan(live, outer, by=ADA).run

    assert [row.run.id for row in list_plans(live)] == [waiting.id, paused.id]
    assert [row.run.id for row in list_plans(live, statuses=[RunStatus.PAUSED])] == [paused.id]
    assert [row.run.id for row in list_plans(live, limit=1)] == [waiting.id]


def test_plans_are_found_by_words_and_by_parent(live: World, carry_out: CarryOut) -> None:
    """By each of their words, in any case, or by number; what looks like a pattern is none."""
    parent = trigger_plan(live, Spread, by=ADA).run
    carry_out()

    def find(**filters: Any) -> set[int]:
        return {row.run.id for row in list_plans(live, **filters)}

    children = find(parent=parent.id)
    assert len(children) == 2
    assert find() == children | {parent.id}
    assert find(search="SPREAD") == find(search=f"test_plans spread {parent.id}") == {parent.id}
    assert find(search="spread nothing") == find(search="s%d") == find(parent=min(children)) == set()
    assert {run.id for run in list_runs(live, parent=parent.id)} == children
    with pytest.raises(NotFound):
        list_plans(live, parent=99_999)
    with pytest.raises(NotFound):
        list_runs(live, parent=99_999)


def test_children_are_found_by_the_step_that_started_them(live: World, carry_out: CarryOut) -> None:
    """A step is one of a run: without that it means nothing."""
    parent = trigger_plan(live, Spread, by=ADA).run
    carry_out()
    (step,) = [one.row.step.number for one in show_plan(live, parent.id).steps if one.children]

    (gate,) = next(row.gates for row in list_plans(live) if row.run.id == parent.id)
    assert gate.clears == f"the runs that it has started: ostinato plans --parent {parent.id}"
    assert len(list_plans(live, parent=parent.id, parent_step=step)) == 2
    assert list_plans(live, parent=parent.id, parent_step=step + 1) == []
    with pytest.raises(InvalidValue, match="step 2 is a step of what"):
        list_plans(live, parent_step=2)


def test_a_list_tells_what_plans_were_given(live: World) -> None:
    """In one line, without secrets, and no more of it than a line holds."""
    given = [{"api_key": "swordfish", "day": "2026-01-05"}, {"day": "x" * 300}, {"day": "x" * LONGEST_GIVEN}, {}]

    for one in given:
        trigger_plan(live, take_anything, (), one, by=ADA)

    nothing, longest, long, short = [row.given for row in list_plans(live)]
    assert set(short.split(", ")) == {'api_key="***"', 'day="2026-01-05"'}
    assert (len(long), long[:10], long[-1]) == (SHOWN_OF_GIVEN + 1, 'day="xxxxx', "…")
    assert (longest, nothing) == ("…", "")


def test_a_step_that_waits_for_another_try_says_when(live: World, carry_out: CarryOut) -> None:
    """Time clears it, and no event."""
    run = trigger_plan(live, try_twice, by=ADA).run
    carry_out()

    (listed,) = list_plans(live)
    assert "step try_twice.run waits for another try at" in listed.gates[0].reason
    assert listed.gates[0].clears == "time"
    assert listed.gates[0].earliest is not None
    assert listed.gates[0].earliest > live.clock.now() + timedelta(minutes=50)
    assert show_run(live, run.id).claim is None


def test_children_are_counted_and_cancelled_with_their_parent(live: World, carry_out: CarryOut) -> None:
    """Whoever cancels is told how many there are."""
    run = trigger_plan(live, Spread, by=ADA).run
    carry_out()
    carry_out()

    shown = next(one for one in show_plan(live, run.id).steps if one.children)
    cancelled = cancel(live, str(run.id), by=ADA)
    carry_out()

    assert shown.children == {RunStatus.SUSPENDED: 2}
    assert shown.waits_for == "the end of 2 of the 2 runs that it has started"
    assert (cancelled.at_once, cancelled.children) == (False, 2)
    assert {row.run.status for row in list_plans(live)} == {RunStatus.CANCELLED}


def test_an_action_that_no_agent_has_is_told_everywhere(
    live: World, carry_out: CarryOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run waits, and says for what."""
    trigger_plan(live, count_up.action, (), {"to": 1}, by=ADA)
    monkeypatch.delitem(globals(), "count_up")

    assert carry_out() == {RunStatus.WAITING: 1}
    (listed,) = list_plans(live)
    assert "cannot import" in listed.gates[0].reason
    assert any("cannot import" in trouble.message for trouble in get_status(live).troubles)


def test_shapes_are_json(live: World, paused: Run) -> None:
    """With all that the faces promise."""
    details, listed = show_plan(live, paused.id), list_plans(live)[0]
    whole = {**shapes.run_details(show_run(live, paused.id)), "plan": plan_shapes.plan(details)}

    written = json.loads(json.dumps([whole, plan_shapes.listed_plan(listed)]))

    step = written[0]["plan"]["steps"][3]
    assert (step["name"], step["status"], step["error"]["type"]) == ("break_down", "error", "ValueError")
    assert step["input"] == {"number": {"$ref": 2, "path": []}}
    assert len(step["failed_tries"]) == 1
    assert written[0]["plan"]["stopped"][0]["gate"] == "not_paused"
    assert written[1]["steps"] == {"error": 1, "success": 4}
