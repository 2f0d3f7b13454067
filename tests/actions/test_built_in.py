from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ostinato import Approval, Command, Polling, SubPlans, action, plan
from ostinato.actions.registry import find_action
from ostinato.actions.services import ChildCounts
from ostinato.actions.sub_plans import BATCH, Child
from ostinato.errors import PlanningError
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import COMMAND
from ostinato.model.work import Failed, Succeeded, Suspended
from ostinato.testing.actions import ActionRun, plan_of, run_action

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


@action
def extract(table: str) -> dict[str, Any]:
    """Name the file of a table."""
    return {"path": f"{table}.csv"}


# --- commands --------------------------------------------------------------------------------------------------------


def command_input(*args: Any, **kwargs: Any) -> Any:
    """Plan a command that uses the output of step 2; return the command's step."""

    @plan
    def body() -> None:
        file = extract("a")
        Command([arg(file) if callable(arg) else arg for arg in args], **kwargs)

    return plan_of(body)["Command"]


def test_a_command_is_a_step_with_the_action_command() -> None:
    """Its input is what the executor of processes expects; each kind of part is written down in its way."""
    step = command_input(
        "load",
        "--run={run}",
        3,
        Path("data/x"),
        lambda file: file["path"],
        lambda file: ["--file=", file.path],
        environment={"HOME": Path("/home")},
        working_directory=Path("data"),
    )

    reference = {"$ref": 2, "path": ["path"]}
    assert (step.step.action, step.needs) == (COMMAND, ("extract",))
    assert step.input == {
        "arguments": ["load", "--run={run}", 3, "data/x", reference, {"$text": ["--file=", reference]}],
        "environment": {"HOME": "/home"},
        "working_directory": "data",
    }
    assert find_action(COMMAND) is Command


def test_a_command_has_options_of_its_own() -> None:
    """Most are of one use."""

    @plan
    def body() -> None:
        Command.with_options(name="load", timeout="1h", idempotent=True)(["true"])

    rules = plan_of(body)["load"].step.rules

    assert (rules.timeout, rules.idempotent) == (timedelta(hours=1), True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("load --fast", r"a command is a list of words, not a text\n  write Command\(\['load', '--fast'\]\)"),
        ([], "a command is a list of words that begins with a program"),
        (["load", "{acount}"], r"the argument '\{acount\}': \{acount\} is no placeholder; did you mean \{account\}"),
        (["load", {1}], r"Command: input\.arguments\[1\]: a set is not JSON"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused_when_planning(arguments: Any, message: str) -> None:
    """Also a placeholder that nothing will replace."""
    with pytest.raises(PlanningError, match=message):
        plan_of(Command, arguments)


def test_braces_may_be_meant_literally() -> None:
    """Nothing is then a placeholder."""
    assert plan_of(Command, ["echo", "{x}"], literal=True)["Command.run"].input["literal"] is True


# --- polling ---------------------------------------------------------------------------------------------------------


class Export(Polling):
    """Polls a task that answers what a test wants it to."""

    poll_retries = 2
    started: list[str]
    answers: Iterator[Any]

    def start(self, table: str) -> str:
        Export.started.append(table)
        return f"task of {table}"

    def poll(self) -> Any:
        answer = next(Export.answers)
        if isinstance(answer, Exception):
            raise answer
        return {"task": self.task, "state": answer}

    def is_done(self, state: Any) -> bool:
        return state["state"] in ("done", "broken")

    def finish(self, state: Any) -> Any:
        if state["state"] == "broken":
            raise ValueError("the task is broken")
        return state


def export(*answers: Any) -> ActionRun:
    """Start an export whose polls get these answers."""
    Export.started = []
    Export.answers = iter(answers)
    return run_action(Export, table="sales")


def test_polls_come_at_growing_intervals() -> None:
    """0.5, 1, 2, 4, 8, 16 seconds; the last repeats. Nothing is held in between."""
    run = export(*["busy"] * 7, "done")
    waits = []
    for _ in range(8):
        assert isinstance(run.outcome, Suspended)
        assert run.outcome.wake_at is not None
        waits.append((run.outcome.wake_at - run.services.now()).total_seconds())
        run.reach_timer()

    assert waits == [0.5, 1, 2, 4, 8, 16, 16, 16]
    assert run.outcome == Succeeded({"task": "task of sales", "state": "done"})
    assert Export.started == ["sales"]


def test_a_few_failing_polls_in_a_row_are_tolerated() -> None:
    """One that goes well makes up for those before it."""
    run = export(OSError(), OSError(), "busy", OSError(), OSError(), "done")
    while isinstance(run.outcome, Suspended):
        run.reach_timer()

    assert isinstance(run.outcome, Succeeded)


def test_too_many_failing_polls_fail_the_step_and_a_retry_polls_on() -> None:
    """The task goes on elsewhere: it is not started again."""
    run = export(OSError(), OSError(), OSError("gone"), OSError(), "done")
    while isinstance(run.outcome, Suspended):
        run.reach_timer()
    assert (run.error, run.output["state" if "state" in run.output else "task"]) == ("gone", "task of sales")

    run.try_again()
    run.reach_timer()

    assert isinstance(run.outcome, Succeeded)
    assert Export.started == ["sales"]


def test_a_task_that_ended_badly_is_started_again() -> None:
    """That is what another try is for."""
    run = export("broken", "done")
    run.reach_timer()
    assert run.error == "the task is broken"

    run.try_again()
    run.reach_timer()

    assert isinstance(run.outcome, Succeeded)
    assert Export.started == ["sales", "sales"]


def test_any_event_polls_at_once() -> None:
    """A callback need not wait for the next poll."""
    assert isinstance(export("done").send("finished"), Succeeded)


def test_polling_is_given_what_start_takes() -> None:
    """Its parameters are those of ``start``."""
    with pytest.raises(PlanningError, match="Export takes no 'tabel'"):
        plan_of(Export, tabel="x")


# --- approval --------------------------------------------------------------------------------------------------------


def ask(**options: Any) -> ActionRun:
    """Ask for an amount and a day."""
    return run_action(Approval, question="Pay?", fields={"amount": Decimal, "day": date}, **options)


def test_an_approval_waits_for_an_answer_and_says_who_gave_it() -> None:
    """With the values of the fields, checked."""
    run = ask()
    assert run.outcome == Suspended(
        output={"question": "Pay?", "fields": {"amount": "decimal", "day": "date"}, "deadline_at": None}
    )

    answered = run.send("answer", {"answer": "yes", "amount": 12.5, "day": "2026-01-02", "by": "eva"})

    assert answered == Succeeded(
        {
            "question": "Pay?",
            "answer": "yes",
            "amount": "12.5",
            "day": "2026-01-02",
            "by": "eva",
            "at": "2026-01-10T12:00:00+00:00",
        }
    )


def test_a_no_needs_no_fields() -> None:
    """And is an answer like any other; who sent it gave it."""
    run = ask()
    run.send("answer", {"answer": False}, by="adam")

    assert (run.output["answer"], run.output["by"]) == ("no", "adam")


@pytest.mark.parametrize(
    ("name", "payload", "problem"),
    [
        ("answer", "yes", "expected a mapping with 'answer'"),
        ("answer", {"answer": "maybe"}, "answer: expected 'yes' or 'no', not 'maybe'"),
        ("answer", {}, "answer: expected 'yes' or 'no', not None"),
        ("answer", {"answer": "yes", "amount": 1}, "a yes needs day"),
        ("answer", {"answer": "yes", "amount": "much", "day": "2026-01-02"}, "amount: this should be a valid decimal"),
        ("answer", {"answer": "no", "price": 1}, "'price' was not asked for"),
        ("reply", {"answer": "yes"}, "it waits for an event 'answer', not 'reply'"),
    ],
)
def test_an_answer_that_does_not_fit_leaves_it_suspended(name: str, payload: Any, problem: str) -> None:
    """Who looks at the step sees what was wrong, and who said it."""
    run = ask()

    assert isinstance(run.send(name, payload, by="eva"), Suspended)
    assert run.output["refused"]["problem"].startswith(problem)
    assert run.output["refused"]["by"] == "eva"


def test_at_the_deadline_the_default_is_the_answer() -> None:
    """A wrong answer does not move the deadline."""
    run = ask(deadline="2d", default="no")
    run.services.clock.advance(timedelta(days=1))
    assert run.send("answer", None) == Suspended(NOON + timedelta(days=2), output=run.output)

    run.reach_timer()

    assert (run.output["answer"], run.output["by"], run.output["at"]) == ("no", "deadline", "2026-01-12T12:00:00+00:00")


def test_without_a_default_it_fails_at_the_deadline() -> None:
    """The sentence says what was asked."""
    run = ask(deadline=timedelta(hours=1))

    assert isinstance(run.reach_timer(), Failed)
    assert run.error == "nobody answered 'Pay?' by 2026-01-10T13:00:00+00:00"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fields": {"by": str}}, "a field of an approval cannot be called 'by'"),
        ({"fields": {"rows": list}}, "the field 'rows' of an approval cannot be <class 'list'>\n  allowed: str, int"),
        ({"default": "perhaps"}, "the default of an approval: answer: expected 'yes' or 'no'"),
        ({"default": "yes", "fields": {"amount": int}}, "the default of an approval: a yes needs amount"),
        ({"deadline": "soon"}, "'soon' is not a duration"),
    ],
)
def test_an_approval_that_makes_no_sense_is_refused_when_planning(options: Any, message: str) -> None:
    """Not when somebody answers."""
    with pytest.raises(PlanningError, match=message):
        plan_of(Approval, question="Pay?", **options)


# --- sub-plans -------------------------------------------------------------------------------------------------------


class ExtractAll(SubPlans):
    """Starts one plan for each of so many tables."""

    def create_plans(self, count: int) -> Iterator[Child]:
        for number in range(count):
            yield self.trigger(extract, table=f"t{number}")


class ExtractSlowly(ExtractAll):
    """Two at a time."""

    concurrency = 2


class ExtractMost(ExtractAll):
    """Does not mind one failure."""

    def judge(self, counts: ChildCounts) -> None:
        if counts.failed > 1:
            super().judge(counts)


def end(run: ActionRun, *numbers: int, status: RunStatus = RunStatus.SUCCESS) -> Any:
    """End children, and tell the step so."""
    run.services.child_statuses.update(dict.fromkeys(numbers, status))
    return run.send("child")


def test_children_are_started_in_batches_and_counted_from_what_is_stored() -> None:
    """Without a limit all at once; the step waits without holding anything."""
    run = run_action(ExtractAll, count=2 * BATCH + 1)

    assert run.services.batches == [BATCH, BATCH, 1]
    assert run.services.children[3].action == extract.action.traits.name
    assert run.services.children[3].input == {"table": "t2"}
    assert run.output == {"total": 201, "success": 0, "failed": 0, "cancelled": 0, "pending": 201}
    assert isinstance(run.outcome, Suspended)

    assert isinstance(end(run, *range(1, 201)), Suspended)
    assert end(run, 201, status=RunStatus.WARNING) == Succeeded(
        {"total": 201, "success": 201, "failed": 0, "cancelled": 0, "pending": 0}
    )
    assert run.services.progress[-1] == (200 / 201, "200 of 201 plans have ended")


def test_at_most_so_many_live_at_a_time() -> None:
    """One that ends makes room for the next."""
    run = run_action(ExtractSlowly, count=5)
    started = [len(run.services.children)]
    for number in range(1, 6):
        end(run, number)
        started.append(len(run.services.children))

    assert started == [2, 3, 4, 5, 5, 5]
    assert isinstance(run.outcome, Succeeded)


def test_resuming_recounts_and_starts_no_child_twice() -> None:
    """Whatever was started before the step was interrupted is found."""
    run = run_action(ExtractSlowly, count=3)
    run.services.child_statuses[1] = RunStatus.SUCCESS

    run.try_again()

    assert run.services.batches == [2, 1]
    assert [child.input for child in run.services.children.values()] == [{"table": f"t{n}"} for n in range(3)]


def test_any_failure_fails_the_step_when_all_have_ended() -> None:
    """A child that was cancelled has not succeeded either."""
    run = run_action(ExtractAll, count=3)

    assert isinstance(end(run, 1, status=RunStatus.TIMEOUT), Suspended)
    end(run, 2, status=RunStatus.CANCELLED)
    assert isinstance(end(run, 3), Failed)
    assert run.error == "of 3 plans 1 failed and 1 were cancelled"
    assert run.output == {"total": 3, "success": 1, "failed": 1, "cancelled": 1, "pending": 0}


def test_a_rule_of_its_own_may_judge_the_counts() -> None:
    """What counts as failed is the user's to say."""
    run = run_action(ExtractMost, count=2)
    end(run, 1, status=RunStatus.FAILED)

    assert isinstance(end(run, 2), Succeeded)


def test_no_children_is_a_success() -> None:
    """There is nothing to wait for."""
    assert run_action(ExtractAll, count=0).output["total"] == 0
