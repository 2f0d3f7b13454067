from __future__ import annotations

import contextlib
import os
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, NoReturn

import pytest

from ostinato import Action, Event, action, current_step, suspend
from ostinato.actions.runner import perform
from ostinato.clock import ManualClock
from ostinato.errors import ActionNotFound, NotPossible
from ostinato.model.evidence import EndKind
from ostinato.model.steps import Phase, Step, StepError
from ostinato.model.work import Cancelled, Failed, Succeeded, Suspended, WorkItem, WorkKind
from ostinato.testing.actions import LocalServices, run_action

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


@action
def add(left: int, right: int) -> int:
    """Add two numbers."""
    return left + right


def carry_out(kind: WorkKind, step: Step, **values: Any) -> Any:
    """Carry out a work item of an action that can be found by its name."""
    return perform(WorkItem(1, kind, step, "default", **values), LocalServices(ManualClock(NOON)))


def failed_as(outcome: object) -> StepError:
    """Return the error of an outcome that must be a failure."""
    assert isinstance(outcome, Failed)
    return outcome.error


# --- running ----------------------------------------------------------------------------------------------------------


def test_input_is_resolved_and_given_in_its_types() -> None:
    """The outputs that it refers to come with the work item."""
    step = Step(3, "add", add.action.traits.name, input={"left": {"$ref": 2, "path": ["sum"]}, "right": 4}, needs=(2,))

    assert carry_out(WorkKind.RUN, step, outputs={2: {"sum": 3}}) == Succeeded(7)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"left": {"$ref": 2, "path": ["total"]}, "right": 4}, "UnresolvedReference", "has no 'total'; it has 'sum'"),
        ({"left": {"$ref": 9, "path": []}, "right": 4}, "UnresolvedReference", "step 9 has no output"),
        ({"left": {"$ref": 2, "path": []}, "right": 4}, "InvalidValue", r"input\.left: this should be a valid integer"),
        ({"left": 1}, "PlanningError", "add needs right"),
        ([], "InvalidValue", "input: expected a mapping"),
    ],
)
def test_input_that_does_not_fit_is_an_error_of_the_step(given: Any, kind: str, message: str) -> None:
    """Never silence, and the action is not called."""
    step = Step(3, "add", add.action.traits.name, input=given)

    error = failed_as(carry_out(WorkKind.RUN, step, outputs={2: {"sum": 3}}))

    assert re.search(message, error.message)
    assert (error.kind, error.type.rpartition(".")[2]) == (EndKind.RAISED, kind)


def test_an_action_that_is_not_there_is_not_begun() -> None:
    """It may be elsewhere: that is no error of the step."""
    for name, message in (
        (
            "nowhere.flows:refresh",
            "cannot import nowhere.flows:refresh: ModuleNotFoundError: No module named 'nowhere'",
        ),
        (f"{__name__}:nothing", r"cannot import .*: AttributeError"),
        (f"{__name__}:NOON", r"is no action, but datetime"),
        ("nothing", "names nothing that can be imported"),
    ):
        for kind in WorkKind:
            step = Step(3, "add", name, Phase.FINALIZE, input={})
            with pytest.raises(ActionNotFound, match=message):
                carry_out(kind, step, steps=(step,))


def test_the_output_is_what_run_returns_or_what_it_kept() -> None:
    """What it kept counts when it returns nothing."""

    class Kept(Action):
        def run(self, returned: Any) -> Any:
            self.output["kept"] = date(2026, 1, 2)
            return returned

    assert run_action(Kept, returned=None).output == {"kept": "2026-01-02"}
    assert run_action(Kept, returned=0).output == 0
    assert run_action(action(lambda: None)).outcome == Succeeded(None)


def test_output_that_is_not_json_is_an_error_with_its_path() -> None:
    """The step has done its work, and yet it failed: nobody could use what it put out."""

    @action
    def load() -> Any:
        return {"rows": [{"price": {1}}]}

    assert run_action(load).error == "output.rows[0].price: a set is not JSON; make a list of it, sorted"


def test_a_missing_key_is_told_by_its_name() -> None:
    """What a KeyError says of itself is the key alone, and nobody would know what is wrong with it."""

    @action
    def load(prices: dict[str, int]) -> int:
        return prices["apples"]

    assert run_action(load, {}).error == "KeyError: 'apples'"


def test_an_exception_is_kept_with_its_story() -> None:
    """Its class, those above it, and the traceback without our own frames."""

    @action
    def load() -> None:
        try:
            os.environ["NO_SUCH_VARIABLE"]
        except KeyError as error:
            raise ConnectionResetError("gone") from error

    error = failed_as(run_action(load).outcome)

    assert (error.kind, error.type, error.message) == (EndKind.RAISED, "ConnectionResetError", "gone")
    assert {"ConnectionError", "OSError", "Exception"} <= set(error.bases)
    assert "raise ConnectionResetError" in error.traceback
    assert "KeyError: 'NO_SUCH_VARIABLE'" in error.traceback
    assert "/actions/runner.py" not in error.traceback.replace("\\", "/")


class Shy(Exception):
    """Cannot even say what it is."""

    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), ValueError(), Shy()], ids=repr)
def test_nothing_that_is_raised_passes_for_success(error: BaseException) -> None:
    """Also what would end the program, and what has nothing to say."""

    @action
    def load() -> NoReturn:
        raise error

    assert failed_as(run_action(load).outcome).message in ("3", type(error).__name__)


def test_what_a_failed_step_kept_is_kept() -> None:
    """The next try may go on from there, and it knows which try it is."""

    class Load(Action):
        def run(self) -> Any:
            if self.step.try_number == 1:
                self.output["done"] = 3
                raise OSError("gone")
            return self.output["done"] + self.step.try_number

    run = run_action(Load)

    assert (run.error, run.output) == ("gone", {"done": 3})
    assert run.try_again() == Succeeded(5)


# --- suspending and events --------------------------------------------------------------------------------------------


class Waiting(Action):
    """Waits for events, and keeps their names."""

    def run(self, until: str | None = None) -> None:
        suspend(until=until, timeout=timedelta(days=1))

    def on_event(self, event: Event) -> Any:
        self.output.setdefault("events", []).append(event.name)
        return "done" if event.payload == "enough" else self.step.suspend(until="1h")

    def on_cancel(self) -> None:
        self.output["cancelled"] = True

    def on_skip(self) -> str:
        return "skipped"


def test_suspending_ends_the_call() -> None:
    """The outcome says when the step wants to be told the time, and when it has failed."""
    run = run_action(Waiting, until="30m")

    assert run.outcome == Suspended(NOON + timedelta(minutes=30), NOON + timedelta(days=1))


def test_events_and_timers_call_the_action_again_with_what_it_kept() -> None:
    """Until it returns something."""
    run = run_action(Waiting, until="30m")

    assert run.send("first") == Suspended(NOON + timedelta(hours=1), output={"events": ["first"]})
    assert run.reach_timer() == Suspended(NOON + timedelta(hours=2), output={"events": ["first", "timer"]})
    assert run.send("last", "enough") == Succeeded("done")


def test_by_default_an_event_runs_the_action_again() -> None:
    """A function asks its step which event it is."""

    @action
    def wait(name: str) -> Any:
        event = current_step().event
        return suspend() if event is None else [name, event.name, event.payload, event.sent_by]

    run = run_action(wait, name="x")

    assert run.outcome == Suspended()
    assert run.send("go", {"a": 1}, by="eva") == Succeeded(["x", "go", {"a": 1}, "eva"])


def test_cancelling_and_skipping_tell_the_action() -> None:
    """What it does when it is skipped may put something out."""
    assert run_action(Waiting).cancel() == Cancelled("cancelled while it was suspended")
    assert run_action(Waiting).skip() == Succeeded("skipped")
    rules = Waiting.traits.make_rules(Waiting.traits.options)
    assert (rules.heeds_skip, rules.heeds_cancel) == (True, True)
    assert not add.action.traits.make_rules(add.options).heeds_skip


@pytest.mark.parametrize(
    ("when", "instant"),
    [
        ("90s", NOON + timedelta(seconds=90)),
        (timedelta(hours=1), NOON + timedelta(hours=1)),
        (datetime.fromisoformat("2026-01-10T14:00+01:00"), NOON + timedelta(hours=1)),
    ],
)
def test_a_time_is_an_instant_or_a_duration(when: Any, instant: datetime) -> None:
    """In UTC, whatever zone it was given in."""

    @action
    def wait() -> None:
        suspend(until=when)

    outcome = run_action(wait).outcome

    assert outcome == Suspended(instant)
    assert isinstance(outcome, Suspended)
    assert outcome.wake_at is not None
    assert outcome.wake_at.tzinfo is UTC


def test_an_instant_without_zone_is_refused() -> None:
    """It would be another one on each machine."""

    @action
    def wait() -> None:
        suspend(until=datetime(2026, 1, 10, 14))  # noqa: DTZ001 - that is the mistake

    assert "has no time zone" in run_action(wait).error


def test_a_suspension_that_is_caught_is_an_error() -> None:
    """The step would pass for done."""

    @action
    def wait() -> None:
        with contextlib.suppress(BaseException):
            suspend()

    assert run_action(wait).error.startswith("the step suspended itself, and then went on")


def test_state_that_cannot_be_kept_is_an_error() -> None:
    """It would be lost while the step is suspended."""

    class Wait(Action):
        def run(self) -> None:
            self.output["seen"] = {1}
            suspend()

    assert run_action(Wait).error.startswith("output.seen: a set is not JSON")


# --- surroundings -----------------------------------------------------------------------------------------------------


def test_a_step_knows_where_it_is() -> None:
    """And can tell how far it is, what it has so far, and what the caller wants carried along."""

    @action
    def load() -> Any:
        step = current_step()
        step.progress(0.5, "half")
        step.emit({"row": date(2026, 1, 2)})
        step.log.info("loading")
        return [step.run_id, step.name, step.try_number, step.context["user"], step.now()]

    run = run_action(load, context={"user": "eva"})

    assert run.output == [1, "load", 1, "eva", "2026-01-10T12:00:00+00:00"]
    assert run.services.progress == [(0.5, "half")]
    assert run.services.emitted == [{"row": "2026-01-02"}]


def test_wrong_progress_is_an_error() -> None:
    """A share is from 0 to 1."""

    @action
    def load() -> None:
        current_step().progress(50)

    assert run_action(load).error == "progress is from 0 to 1, not 50"


def test_a_step_that_is_asked_to_end_may_do_so() -> None:
    """It looks now and then, and is then cancelled, not failed."""

    @action
    def load() -> None:
        step = current_step()
        step.end_if_cancelled()
        if step.event is None:
            suspend()
        raise AssertionError("it went on")

    run = run_action(load)
    run.services.cancelled = True

    assert run.send("go") == Cancelled("it ended because it was asked to")


def test_outside_of_a_step_there_is_none() -> None:
    """Also after one has been carried out here."""
    run_action(add, 1, 2)

    with pytest.raises(NotPossible, match="no step is being carried out here"):
        current_step()
    with pytest.raises(NotPossible, match="no step is being carried out here"):
        suspend()
