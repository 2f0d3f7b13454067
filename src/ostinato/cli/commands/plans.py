"""Commands about plans: ``plans``, and those by which a person steers one that has stopped."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.text import Text

from ostinato.cli.commands.rows import LISTED, LimitOption, StatusOption
from ostinato.cli.options import Flag, Given, Instant, JsonArgument, ParentOption, Plain, ReasonOption, check_pairs
from ostinato.cli.plan_lines import plan_table
from ostinato.cli.progress_lines import name_of
from ostinato.cli.project import opened
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import EventFate
from ostinato.operations import halting, plan_shapes, sending, steering
from ostinato.operations import plans as listing
from ostinato.operations.people import find_person

RunArgument = Annotated[str, Parameter(help="The number of a run, or a slot for its present run.")]
StepArgument = Annotated[str, Parameter(help="The name of a step, or its number.")]


def plans(
    *,
    status: Annotated[list[RunStatus] | None, StatusOption] = None,
    search: Annotated[
        str, Plain, Parameter(help="Those alone with these words in the name of their plan or slot.")
    ] = "",
    parent: ParentOption = None,
    limit: LimitOption = None,
    session: Given,
) -> None:
    """List the runs of plans: how far each is, and what it waits for.

    Runs of a single command are left out; `ostinato runs` has them all.
    """
    at_most = LISTED if limit is None and not session.json else limit
    with opened(session) as world:
        rows = listing.list_plans(world, statuses=status or [], search=search, parent=parent, limit=at_most)
        now = world.clock.now()
    if session.json:
        session.answer_json([plan_shapes.listed_plan(row) for row in rows])
    elif rows:
        session.answer(plan_table(rows, now, session.width))
        for row in rows:
            for gate in row.gates:
                session.answer([Text(f"  {row.run.id}: {gate.clears}", style="cyan")])
    elif status or search or parent:
        session.answer(["No plan is like that. All of them: ostinato plans"])
    else:
        session.answer(["There are no plans yet. Trigger one: ostinato trigger package.module:name"])


def skip(run: RunArgument, step: StepArgument, /, *, reason: ReasonOption = "", session: Given) -> None:
    """Skip a failed step of a paused run, and all that needs it.

    What only comes after it goes on when the run is resumed, which then ends with a warning.
    """
    with opened(session) as world:
        skipped = steering.skip(world, run, step, by=find_person(), reason=reason)
    if session.json:
        session.answer_json(plan_shapes.skipped(skipped))
        return
    session.answer([f"Skipped: {', '.join(skipped.steps)}."])
    if skipped.failed:
        session.answer(
            [f"These have failed, too, and are tried again when it is resumed: {', '.join(skipped.failed)}."]
        )
    session.answer([Text(f"  to let it go on: ostinato resume {skipped.run.id}", style="cyan")])


def edit_input(
    run: RunArgument,
    step: StepArgument,
    new: Annotated[Any, JsonArgument, Parameter(name="JSON", help="The whole input, as a JSON object.")],
    /,
    *,
    reason: ReasonOption = "",
    session: Given,
) -> None:
    """Give a step another input that is pending or has failed.

    The run must be at rest. References to what other steps put out are written as `ostinato show RUN --json` has
    them. The input is checked against the types of the action's parameters, where that can be imported here.
    """
    with opened(session) as world:
        edited = steering.edit_input(world, run, step, new, by=find_person(), reason=reason)
    if session.json:
        session.answer_json(plan_shapes.edited(edited))
        return
    session.answer([f"Step {edited.step.name} of run {edited.run.id} has this input now."])
    if edited.warning:
        session.tell(Text.assemble(("But ", "yellow"), edited.warning))
    if edited.run.status is RunStatus.PAUSED:
        session.answer([Text(f"  to let it go on: ostinato resume {edited.run.id}", style="cyan")])


def fail(run: RunArgument, /, *, reason: ReasonOption = "", session: Given) -> None:
    """Give a paused run up: it fails.

    Whether another attempt follows is for the retry policy of its definition.
    """
    with opened(session) as world:
        given_up = steering.fail(world, run, by=find_person(), reason=reason)
    if session.json:
        session.answer_json(plan_shapes.given_up(given_up))
    else:
        session.answer([f"Run {given_up.run.id} of {name_of(given_up.run)} has failed."])


def send_event(
    run: RunArgument,
    step: StepArgument,
    name: Annotated[str, Parameter(help="What the event is called.")],
    payload: Annotated[Any, JsonArgument, Parameter(name="JSON", help="What it says, as JSON.")] = None,
    /,
    *,
    at: Annotated[Instant, Parameter(help="Deliver it no earlier than this instant.")] = None,
    optional: Annotated[bool, Flag, Parameter(help="Do not mind when the step can take no event any more.")] = False,
    reason: ReasonOption = "",
    session: Given,
) -> None:
    """Send an event to a step.

    The step takes it once it is suspended, after those that were sent before. What became of it is shown by
    `ostinato event`.
    """
    with opened(session) as world:
        receipt = sending.send_event(
            world, run, step, name, payload, by=find_person(), due_at=at, optional=optional, reason=reason
        )
    if session.json:
        session.answer_json(plan_shapes.receipt(receipt))
    elif receipt.event.id is None:
        session.answer([f"Nobody takes it: {receipt.event.reason}."])
    else:
        session.answer([f"Event {receipt.event.id} is kept for step {receipt.step} of run {receipt.event.run_id}."])


def event(
    number: Annotated[int, Parameter(help="The number of the event, as it was given when it was sent.")],
    /,
    *,
    session: Given,
) -> None:
    """Show what became of an event."""
    with opened(session) as world:
        receipt = sending.find_receipt(world, number)
    if session.json:
        session.answer_json(plan_shapes.receipt(receipt))
        return
    sent = receipt.event
    said = {
        EventFate.WAITING: "waits until the step takes it",
        EventFate.TAKEN: "is in the hands of the step",
        EventFate.DELIVERED: "is delivered",
        EventFate.DROPPED: f"was dropped: {sent.reason}",
    }[sent.fate]
    session.answer([f"Event {sent.id}, {sent.name}, for step {receipt.step} of run {sent.run_id}, {said}."])


def answer(
    run: RunArgument,
    verdict: Annotated[Literal["yes", "no"], Parameter(help="The answer.")],
    step: Annotated[str | None, Parameter(help="The step, where several wait for an answer.")] = None,
    /,
    *,
    field: Annotated[
        list[str] | None,
        Plain,
        Parameter(
            help="The value of a field that is asked for; may be given several times.",
            metavar="NAME=VALUE",
            validator=check_pairs,
        ),
    ] = None,
    reason: ReasonOption = "",
    session: Given,
) -> None:
    """Answer a plan that waits for a person: yes or no."""
    fields = dict(pair.split("=", 1) for pair in field or ())
    with opened(session) as world:
        receipt = sending.answer(world, run, verdict, fields, step=step, by=find_person(), reason=reason)
    if session.json:
        session.answer_json(plan_shapes.receipt(receipt))
    else:
        session.answer([f"Step {receipt.step} of run {receipt.event.run_id} is answered: {verdict}."])


def halt(
    run: RunArgument,
    /,
    *,
    lift: Annotated[bool, Flag, Parameter(help="Let the slot of a halted run be run again.")] = False,
    reason: ReasonOption = "",
    session: Given,
) -> None:
    """End a run at once, whatever it does, and keep its slot from running.

    No step is asked whether it minds, and what comes of its work is not kept. `ostinato cancel` is kinder.
    """
    with opened(session) as world:
        act = halting.lift_halt if lift else halting.halt
        halted = act(world, run, by=find_person(), reason=reason)
    if session.json:
        session.answer_json(plan_shapes.halted(halted))
    elif lift:
        session.answer([f"Run {halted.run.id} of {name_of(halted.run)} is not halted any more."])
    else:
        session.answer([f"Run {halted.run.id} of {name_of(halted.run)} is halted."])
        session.answer([Text(f"  to let it run again: ostinato halt {halted.run.id} --lift", style="cyan")])
