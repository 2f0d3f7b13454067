"""Steering: what a person does about a plan that has paused, what is refused, and who wins when two do it at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ostinato import action, plan
from ostinato.errors import NotFound, NotPossible
from ostinato.model.runs import Run
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import EventFate
from ostinato.operations.people import Person
from ostinato.operations.plans import show_plan
from ostinato.operations.results import find_result
from ostinato.operations.sending import send_event
from ostinato.operations.steering import Resumed, edit_input, fail, resume, skip
from ostinato.operations.triggering import trigger_plan
from ostinato.store import journal, runs
from ostinato.store.events import find_event
from ostinato.world import World

ADA = Person("ada")

CarryOut = Callable[[], Counter[RunStatus]]
TwoAtOnce = Callable[[Callable[[Person], Resumed]], tuple[Resumed, NotPossible]]


@action
def extract(table: str) -> dict[str, Any]:
    """Put out some rows."""
    return {"rows": [1, 2, 3]}


@action
def load(rows: list[int], into: str) -> int:
    """Fail unless the folder ``into`` is there."""
    if not Path(into).is_dir():
        raise OSError(f"{into} is not there")
    return len(rows)


@action
def report(loaded: int) -> str:
    """Need what ``load`` puts out."""
    return f"{loaded} rows"


@action
def tidy_up() -> str:
    """Need nothing."""
    return "tidy"


@plan
def refresh(into: str) -> Any:
    """Extract, load, report; then tidy up, whatever became of that."""
    rows = extract(table="orders")
    loaded = load(rows=rows["rows"], into=into)
    said = report(loaded=loaded)
    tidy_up(after=[said])
    return said


@pytest.fixture
def paused(live: World, carry_out: CarryOut, tmp_path: Path) -> Run:
    """Give a run that has paused, because ``load`` has failed."""
    run = trigger_plan(live, refresh, (), {"into": str(tmp_path / "later")}, by=ADA).run
    assert carry_out() == {RunStatus.PAUSED: 1}
    return run


def statuses(world: World, run: Run) -> dict[str, StepStatus]:
    """Return the status of each step by its name."""
    return {shown.row.step.name: shown.row.step.status for shown in show_plan(world, run.id).steps}


def entries(world: World) -> list[tuple[str, str, str]]:
    """Return what the audit log says: who did what to what, oldest first."""
    with world.store.read() as tx:
        return [(entry.actor, entry.action, entry.target) for entry in journal.list_audit(tx, limit=100)][::-1]


def test_a_resumed_run_tries_again_what_failed_and_nothing_else(
    live: World, paused: Run, carry_out: CarryOut, tmp_path: Path
) -> None:
    """What had succeeded is not carried out again; the history says who resumed it."""
    (tmp_path / "later").mkdir()

    resumed = resume(live, str(paused.id), by=ADA, reason="mended")
    ended = carry_out()

    tries = {shown.row.step.name: shown.row.step.tries for shown in show_plan(live, paused.id).steps}
    with live.store.read() as tx:
        causes = [entry.cause for entry in runs.list_transitions(tx, paused.id)]
    assert (resumed.run.status, resumed.steps) == (RunStatus.WAITING, ("load",))
    assert ended == {RunStatus.SUCCESS: 1}
    assert (tries["extract"], tries["load"]) == (1, 2)
    assert "resumed by ada: mended" in causes
    assert entries(live)[-1] == ("ada", "resume", f"run {paused.id}")


def test_of_two_who_resume_at_once_one_is_told_who_was_first(live: World, paused: Run, two_at_once: TwoAtOnce) -> None:
    """One has resumed it, the other reads by whom; the audit log has one entry of it."""
    resumed, refusal = two_at_once(lambda person: resume(live, str(paused.id), by=person))

    winner = entries(live)[-1][0]
    assert resumed.run.status is RunStatus.WAITING
    assert "is not paused; it is waiting since" in refusal.message
    assert f"by {winner}: resumed by {winner}" in refusal.message
    assert [entry[1] for entry in entries(live)] == ["trigger", "resume"]


def test_skipping_takes_along_what_needs_the_step_and_nothing_else(
    live: World, paused: Run, carry_out: CarryOut
) -> None:
    """What is only ordered after it goes on when the run is resumed, which ends with a warning."""
    skipped = skip(live, str(paused.id), "load", by=ADA)
    resume(live, str(paused.id), by=ADA)
    ended = carry_out()

    assert (skipped.steps, skipped.failed) == (("load", "report"), ())
    assert ended == {RunStatus.WARNING: 1}
    assert statuses(live, paused)["tidy_up"] is StepStatus.SUCCESS
    assert ("ada", "skip", f"run {paused.id}, step load") in entries(live)


def test_what_was_sent_to_a_step_is_answered_when_it_is_skipped(live: World, paused: Run) -> None:
    """Nobody will take it any more; events for other steps go on waiting."""
    sent = [send_event(live, str(paused.id), step, "go", by=ADA).event.id or 0 for step in ("load", "tidy_up")]

    skip(live, str(paused.id), "load", by=ADA)

    with live.store.read() as tx:
        found = [find_event(tx, id) for id in sent]
    assert [(event.fate, event.reason) for event in found if event] == [
        (EventFate.DROPPED, "the step has ended: skipped"),
        (EventFate.WAITING, ""),
    ]


def test_only_a_failed_step_can_be_skipped(live: World, paused: Run) -> None:
    """Of others it is said how they are; of unknown ones, what comes near."""
    with pytest.raises(NotPossible, match="step extract is success, and only a failed step can be skipped"):
        skip(live, str(paused.id), "extract", by=ADA)
    with pytest.raises(NotFound, match="there is no step lod") as absence:
        skip(live, str(paused.id), "lod", by=ADA)

    assert absence.value.hint == "did you mean load?"


def test_an_edited_input_is_what_the_step_is_given(
    live: World, paused: Run, carry_out: CarryOut, tmp_path: Path
) -> None:
    """It may refer to what the step needs, as the input did before; the step may be named by its number."""
    number = next(shown.row.step.number for shown in show_plan(live, paused.id).steps if shown.row.step.name == "load")
    given = {"rows": {"$ref": 2, "path": ["rows"]}, "into": str(tmp_path)}

    edited = edit_input(live, str(paused.id), str(number), given, by=ADA)
    resume(live, str(paused.id), by=ADA)
    ended = carry_out()

    assert (edited.step.input, edited.warning) == (given, "")
    assert edited.before == {"rows": {"$ref": 2, "path": ["rows"]}, "into": str(tmp_path / "later")}
    assert ended == {RunStatus.SUCCESS: 1}
    assert find_result(live, paused.id) == "3 rows"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([1], "the input of a step is a mapping"),
        ({"rows": [1]}, "load needs into"),
        ({"rows": [1], "into": "x", "onto": "y"}, "load takes no 'onto'"),
        ({"rows": ["x"], "into": "x"}, r"input\.rows\[0\]: this should be a valid integer"),
        ({"rows": {"$ref": 2, "path": ["lines"]}, "into": "x"}, "has no 'lines'; it has 'rows'"),
        ({"rows": {"$ref": 2, "path": []}, "into": "x"}, r"input\.rows: this should be a valid list"),
        ({"rows": {"$ref": 4, "path": []}, "into": "x"}, "refers to step report, whose output load does not need"),
        ({"rows": {"$ref": 99, "path": []}, "into": "x"}, "refers to step 99, which does not exist"),
        ({"rows": {"$ref": "load"}, "into": "x"}, "is no reference"),
        ({"rows": [float("nan")], "into": "x"}, r"input\.rows\[0\]: nan is no number that JSON has"),
    ],
)
def test_an_input_that_does_not_fit_is_refused(live: World, paused: Run, given: object, problem: str) -> None:
    """It is said what is wrong with it, and the step keeps what it had."""
    before = [shown.row.step for shown in show_plan(live, paused.id).steps]

    with pytest.raises(NotPossible, match=problem):
        edit_input(live, str(paused.id), "load", given, by=ADA)

    assert [shown.row.step for shown in show_plan(live, paused.id).steps] == before
    assert [entry[1] for entry in entries(live)] == ["trigger"]


def test_the_input_of_a_step_that_has_begun_cannot_be_edited(live: World, paused: Run) -> None:
    """Its input is used already."""
    with pytest.raises(NotPossible, match="step extract is success, so its input is used already"):
        edit_input(live, str(paused.id), "extract", {"table": "items"}, by=ADA)


def test_the_input_of_an_action_that_is_not_here_is_not_checked(
    live: World, paused: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is accepted with a warning that says why."""
    monkeypatch.delitem(globals(), "report")

    edited = edit_input(live, str(paused.id), "report", {"anything": 1}, by=ADA)

    assert edited.warning.startswith("it is not checked against the types of its action: cannot import")
    assert edited.step.input == {"anything": 1}


def test_a_run_that_is_given_up_has_failed(live: World, paused: Run) -> None:
    """Who gave it up, and for what, is how it ended."""
    given_up = fail(live, str(paused.id), by=ADA, reason="no use")

    assert given_up.run.status is RunStatus.FAILED
    assert given_up.run.reason.startswith("given up by ada: no use; step load: ")
    assert given_up.run.evidence is not None
    assert entries(live)[-1][:2] == ("ada", "fail")
    for act in (resume, fail):
        with pytest.raises(NotPossible, match="is not paused; it is failed since"):
            act(live, str(paused.id), by=ADA)


def test_a_slot_means_its_present_run(live: World) -> None:
    """A slot that has not run yet has none."""
    with pytest.raises(NotFound, match="there is no definition sales"):
        resume(live, "sales/-/2026-01-09", by=ADA)
