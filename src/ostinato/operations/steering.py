"""Steering: what a person does about a plan that has stopped. Resuming, skipping, editing an input, giving up.

The lock on the run's row decides a race: of two who steer at once, the second is told what the first has done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ostinato.actions.encoding import encode
from ostinato.director import ending
from ostinato.director.rescue import resume_failed_steps, skip_failed_step
from ostinato.errors import InvalidValue, NotPossible
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.runs import Run
from ostinato.model.statuses import FINAL_RUN_STATUSES, RunStatus, StepStatus
from ostinato.model.steps import Json, Step
from ostinato.operations import command_lines
from ostinato.operations.absence import show
from ostinato.operations.inputs import check_input, read_input, write_input
from ostinato.operations.names import get_run, get_run_of, get_step, name_run
from ostinato.operations.people import Person, note_change
from ostinato.operations.starting import tell_started
from ostinato.policies.verdict import Verdict
from ostinato.store import plans, resuming, runs
from ostinato.store.database import Tx
from ostinato.store.followups import drop_events
from ostinato.store.leases import lock_runs
from ostinato.world import World


@dataclass(frozen=True, slots=True)
class Resumed:
    """A run that goes on. ``steps`` are tried again; ``claim`` says whether an agent can take it at once."""

    run: Run
    steps: tuple[str, ...]
    claim: Verdict


@dataclass(frozen=True, slots=True)
class Skipped:
    """Steps of a paused run that were skipped, and those that have failed and still want a decision."""

    run: Run
    steps: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edited:
    """A step that has another input now. ``warning`` says what could not be checked of it, if anything."""

    run: Run
    step: Step
    before: Json
    warning: str = ""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A paused run that was made to fail."""

    run: Run


def resume(world: World, target: str, *, by: Person, reason: str = "") -> Resumed:
    """Have a paused run go on: its failed steps get new tries, and the run its time limit anew.

    ``target`` is the run's number, or a slot for its present run. ``NotPossible`` for a run that is not paused.
    """
    now = world.clock.now()
    with world.store.write() as tx:
        run = _hold_paused(tx, world, target, now)
        changes = resume_failed_steps(_list_steps(tx, run))
        plans.change_steps(tx, run.id, changes)
        resuming.resume_run(tx, run_id=run.id, actor=by.name, cause=_say("resumed", by, reason), now=now)
        line = command_lines.simple("resume", target)
        note_change(tx, by, "resume", name_run(run), line=line, reason=reason, now=now)
        started = tell_started(tx, world, run.id, now)
    return Resumed(started.run, tuple(change.step.name for change in changes), started.claim)


def skip(world: World, target: str, step: str, *, by: Person, reason: str = "") -> Skipped:
    """Skip a failed step of a paused run, and all that needs its output; the run goes on when it is resumed."""
    now = world.clock.now()
    with world.store.write() as tx:
        run = _hold_paused(tx, world, target, now)
        chosen = get_step(tx, run, step).step
        changes = skip_failed_step(_list_steps(tx, run), chosen.number, now)
        plans.change_steps(tx, run.id, changes)
        ended = [change.step.number for change in changes]
        drop_events(tx, [run.id], steps=ended, reason=f"the step has ended: {StepStatus.SKIPPED}", now=now)
        line = command_lines.simple("skip", target, step)
        note_change(tx, by, "skip", f"{name_run(run)}, step {chosen.name}", line=line, reason=reason, now=now)
        failed = tuple(left.name for left in _list_steps(tx, run) if left.status is StepStatus.ERROR)
    return Skipped(run, tuple(change.step.name for change in changes), failed)


def edit_input(
    world: World,
    target: str,
    step: str,
    given: object,
    *,
    by: Person,
    reason: str = "",
) -> Edited:
    """Give a step that is pending or failed another input; its run must be at rest, with no agent at it.

    It is checked to be JSON, to refer only to outputs that the step needs, and against the types of the action's
    parameters where that can be imported here; where not, ``Edited.warning`` says so.
    """
    now = world.clock.now()
    try:
        encoded: Json = encode(given, "input")
    except InvalidValue as error:
        raise NotPossible(error.message, hint=error.hint) from None
    with world.store.write() as tx:
        run = _hold(tx, world, target, now)
        _refuse_unless_at_rest(tx, run)
        chosen = get_step(tx, run, step).step
        warning = check_input(chosen, encoded, {one.number: one for one in _list_steps(tx, run)})
        if not plans.edit_input(tx, run.id, chosen.number, write_input(chosen, encoded)):
            hint = "the input of a step counts when it begins: edit it while the step is pending or has failed"
            raise NotPossible(f"step {chosen.name} is {chosen.status}, so its input is used already", hint=hint)
        line = command_lines.edit_input(target, step, encoded)
        note_change(tx, by, "edit-input", f"{name_run(run)}, step {chosen.name}", line=line, reason=reason, now=now)
        edited = get_step(tx, run, str(chosen.number)).step
    return Edited(run, edited, read_input(chosen), warning)


def fail(world: World, target: str, *, by: Person, reason: str = "") -> GivenUp:
    """Give a paused run up: it fails, and what follows is for the retry policy of its slot."""
    now = world.clock.now()
    with world.store.write() as tx:
        run = _hold_paused(tx, world, target, now)
        evidence = _make_evidence(_list_steps(tx, run), _say("given up", by, reason))
        resuming.give_up_run(tx, run_id=run.id, actor=by.name, evidence=evidence, now=now)
        line = command_lines.simple("fail", target)
        note_change(tx, by, "fail", name_run(run), line=line, reason=reason, now=now)
        return GivenUp(get_run(tx, run.id))


def _hold(tx: Tx, world: World, target: str, now: datetime) -> Run:
    """Return a run as it is now that nobody else can change it."""
    run_id = get_run_of(tx, world, target, now=now).id
    lock_runs(tx, [run_id])
    return get_run(tx, run_id)


def _hold_paused(tx: Tx, world: World, target: str, now: datetime) -> Run:
    run = _hold(tx, world, target, now)
    if run.status is not RunStatus.PAUSED:
        raise _tell_how_it_is(tx, run, "is not paused")
    return run


def _refuse_unless_at_rest(tx: Tx, run: Run) -> None:
    if run.status is RunStatus.RUNNING or run.status in FINAL_RUN_STATUSES:
        raise _tell_how_it_is(tx, run, "is not at rest")


def _tell_how_it_is(tx: Tx, run: Run, lack: str) -> NotPossible:
    """Return the error for a run that is elsewhere, with how it came to be there: somebody may have been faster."""
    last = runs.list_transitions(tx, run.id)[-1]
    since = f"{run.status} since {show(last.at)}, by {last.actor}: {last.cause}"
    return NotPossible(f"{name_run(run)} {lack}; it is {since}", hint=f"how it stands: ostinato show {run.id}")


def _list_steps(tx: Tx, run: Run) -> tuple[Step, ...]:
    return plans.load_plans(tx, [run.id]).get(run.id, ())


def _make_evidence(steps: tuple[Step, ...], said: str) -> Evidence:
    """Return why the run failed: for the step that failed first, unless all that had failed were skipped."""
    failed = [step for step in steps if step.status is StepStatus.ERROR]
    if not failed:
        return Evidence(EndKind.RAISED, said)
    move = ending.failed(failed, {step.number: step for step in steps})
    found = move.evidence or Evidence(EndKind.RAISED, move.cause)
    return replace(found, message=f"{said}; {found.message}")


def _say(word: str, by: Person, reason: str) -> str:
    return f"{word} by {by.name}" + (f": {reason}" if reason else "")
