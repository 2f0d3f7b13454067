"""``ostinato show`` and ``ostinato explain``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from ostinato.cli.exit_codes import ExitCode
from ostinato.cli.hook_lines import hook_lines
from ostinato.cli.options import Flag, Given, Plain
from ostinato.cli.plan_lines import error_lines, graph_lines, show_progress, step_lines, tree_lines
from ostinato.cli.progress_lines import name_of
from ostinato.cli.project import opened
from ostinato.cli.tables import Column, make_table
from ostinato.cli.targets import find_run_id
from ostinato.cli.times import show_both, show_distance, show_instant, show_span
from ostinato.cli.words import look_of, show_status
from ostinato.model.runs import Run
from ostinato.model.statuses import LIVE_RUN_STATUSES, RunStatus
from ostinato.operations import plan_shapes, shapes
from ostinato.operations.explaining import Explanation
from ostinato.operations.explaining import explain as explain_slot
from ostinato.operations.listing import RunDetails, show_run
from ostinato.operations.plans import PlanDetails, pick_step, show_plan
from ostinato.policies.verdict import Gate

LABEL = 10


def show(
    run: Annotated[str, Parameter(help="The number of a run, or a slot for its latest run.")],
    /,
    *,
    graph: Annotated[bool, Flag, Parameter(help="Show what each step waits for, and not who planned it.")] = False,
    step: Annotated[
        str | None, Plain, Parameter(help="Show one step, by its name or number, with its input and output.")
    ] = None,
    session: Given,
) -> None:
    """Show one run with its plan and history."""
    with opened(session) as world:
        run_id = find_run_id(world, run)
        details, plan = show_run(world, run_id), show_plan(world, run_id)
        chosen = None if step is None else pick_step(plan, step)
        now = world.clock.now()
    if session.json:
        hooks = [plan_shapes.hook_call(one) for one in plan.hooks]
        whole = {**shapes.run_details(details), "hooks": hooks, "plan": plan_shapes.plan(plan)}
        session.answer_json(whole if chosen is None else plan_shapes.shown_step(chosen))
    elif chosen is not None:
        session.answer(step_lines(chosen, plan, now))
    else:
        session.answer(_run_lines(details, plan, now, session.width, graph=graph))


def explain(
    slot: Annotated[str, Parameter(help="The slot: definition/account/start, or definition/start without account.")],
    /,
    *,
    session: Given,
) -> ExitCode:
    """Say why a slot is, or is not, running.

    It asks the same questions as the engine and the agents, and shows every answer.
    """
    with opened(session) as world:
        explanation, now = explain_slot(world, slot), world.clock.now()
    if session.json:
        session.answer_json(shapes.explanation(explanation))
    else:
        session.answer(_explanation_lines(explanation, now))
    return ExitCode.OK if explanation.status else ExitCode.NOT_FOUND


def _run_lines(
    details: RunDetails, plan: PlanDetails, now: datetime, width: int | None, *, graph: bool
) -> Iterator[Text]:
    run = details.run
    yield Text.assemble((f"Run {run.id} of {name_of(run)}", "bold"))
    yield _labelled("status", Text.assemble(show_status(run.status), f"  {run.reason}" if run.reason else ""))
    series = f", in the slot's {_ordinal(run.series)} series of attempts" if run.series > 1 else ""
    yield _labelled("attempt", f"{run.attempt}{series}")
    yield _labelled("why", details.why)
    yield from _times(run, now)
    if run.agent:
        yield _labelled("agent", run.agent)
    yield _labelled("queue", f"{run.queue}, priority {run.priority}")
    if run.parameters:
        yield _labelled("given", ", ".join(f"{name}={value}" for name, value in run.parameters.items()))
    if details.declared is not None and details.declared.command:
        yield _labelled("command", " ".join(details.declared.command))
    if run.singleton_key is not None:
        yield _labelled("singleton", f"{run.singleton_key}{'; it refuses to wait' if run.singleton_refuses else ''}")
    if run.parent_run_id is not None:
        yield _labelled("child of", f"run {run.parent_run_id}: ostinato show {run.parent_run_id}")
    if run.halted_by:
        yield _labelled("halted", f"by {run.halted_by}; to let it run again: ostinato halt {run.id} --lift")
    if run.version != details.current_version:
        yield _labelled("version", "that of before; the definition has changed since")
    if plan.is_plain:
        yield _labelled("log", str(details.log) if details.log.exists() else "none here")
    yield from _gates((*plan.gates, *(details.claim.gates if details.claim else ())), now)
    yield from _plan(plan, now, width, graph=graph)
    yield from hook_lines(plan.hooks, width)
    yield Text()
    yield from _history(details, now, width)


def _plan(plan: PlanDetails, now: datetime, width: int | None, *, graph: bool) -> Iterator[Text]:
    if plan.run.status in LIVE_RUN_STATUSES and not plan.steps:
        yield _labelled("plan", "none yet: an agent makes it when it takes the run")
    if plan.is_plain:
        return
    if plan.progress is not None:
        yield _labelled("progress", show_progress(plan.progress))
    yield Text()
    yield from graph_lines(plan, width) if graph else tree_lines(plan, now, width)
    yield from error_lines(plan)


def _times(run: Run, now: datetime) -> Iterator[Text]:
    yield _labelled("due", show_both(run.due_at, now))
    if run.start_at is not None and run.started_at is None:
        yield _labelled("starts", show_both(run.start_at, now))
    if run.started_at is not None:
        yield _labelled("started", show_both(run.started_at, now))
    if run.started_at is not None and (run.finished_at or run.status is RunStatus.RUNNING):
        took = show_span((run.finished_at or now) - run.started_at)
        yield _labelled("took" if run.finished_at else "runs for", took)


def _history(details: RunDetails, now: datetime, width: int | None) -> Sequence[Text]:
    columns = [Column("at"), Column("", drop=1), Column("status"), Column("by", drop=2), Column("cause", elastic=True)]
    rows = [
        (show_instant(one.at), show_distance(one.at, now), show_status(one.to_status), one.actor, one.cause)
        for one in details.history
    ]
    return make_table(columns, rows, width=width)


def _explanation_lines(explanation: Explanation, now: datetime) -> Iterator[Text]:
    yield Text(explanation.slot, style="bold")
    style = look_of(explanation.status)[1] if explanation.status else "bold red"
    yield Text(explanation.verdict, style=style)
    match explanation.gates:
        case [gate] if gate.reason in explanation.verdict:
            yield from _what_clears(gate, now)
        case gates:
            yield from _gates(gates, now)
    if explanation.earliest_start is not None and explanation.earliest_start > now:
        yield Text(f"It cannot start before {show_both(explanation.earliest_start, now)}.")
    if explanation.run_id is not None:
        yield Text(f"Its latest run: ostinato show {explanation.run_id}")


def _gates(gates: Sequence[Gate], now: datetime) -> Iterator[Text]:
    for gate in gates:
        sign, style = look_of("ok" if gate.satisfied else "broken")
        yield Text.assemble((f"  {sign} ", style), gate.reason)
        yield from _what_clears(gate, now)


def _what_clears(gate: Gate, now: datetime) -> Iterator[Text]:
    if gate.satisfied or not gate.clears:
        return
    when = f": {show_distance(gate.earliest, now)}" if gate.clears == "time" and gate.earliest else ""
    yield Text(f"      {gate.clears}{when}", style="cyan")


def _labelled(label: str, value: str | Text) -> Text:
    return Text.assemble((f"  {label:<{LABEL}}", "bright_black"), value)


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")
