"""Plans in lines: the list of them, one as a tree of who planned what, as a graph of what waits for what, one step."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from rich.text import Text

from ostinato.cli.progress_lines import name_of
from ostinato.cli.tables import Column, make_table
from ostinato.cli.times import show_distance, show_instant, show_span
from ostinato.cli.words import count, look_of, show_counts, show_status
from ostinato.model.statuses import StepStatus
from ostinato.model.steps import Phase, Step, StepError
from ostinato.operations.inputs import describe_input, read_input
from ostinato.operations.plans import ListedPlan, PlanDetails, ShownStep

SHOWN = 200
"""How many steps a terminal is shown; of larger plans first those that are neither done nor to come."""

_OF_INTEREST = frozenset({StepStatus.ERROR, StepStatus.RUNNING, StepStatus.SUSPENDED})


def plan_table(rows: Sequence[ListedPlan], now: datetime, width: int | None) -> list[Text]:
    """Return the lines of a table of runs with plans."""
    columns = [
        Column("run", right=True),
        Column("plan"),
        Column("status"),
        Column("done", right=True),
        Column("steps", drop=1),
        Column("started", drop=2),
        Column("given", drop=3, elastic=True),
        Column("what it waits for, or how it ended", elastic=True),
    ]
    lines = [
        (
            str(row.run.id),
            name_of(row.run),
            show_status(row.run.status),
            show_progress(row.progress),
            show_counts(row.steps),
            "" if row.run.started_at is None else show_distance(row.run.started_at, now),
            row.given,
            row.gates[0].reason if row.gates else row.run.reason,
        )
        for row in rows
    ]
    return make_table(columns, lines, width=width)


def show_progress(progress: float | None) -> str:
    """Write how far something has come: ``40%``; never 100% before it is done."""
    return "" if progress is None else f"{int(progress * 100)}%"


def tree_lines(details: PlanDetails, now: datetime, width: int | None) -> Iterator[Text]:
    """Show a plan as a tree: under each plan step those that it planned."""
    chosen = _choose(details.steps)
    names = _names(details)
    depths = _measure_depths(details)
    columns = [
        Column("", right=True),
        Column("step"),
        Column("status"),
        Column("took", right=True, drop=1),
        Column("about", elastic=True),
    ]
    rows = [
        (
            str(shown.row.step.number),
            "  " * depths[shown.row.step.number] + shown.row.step.name,
            _status(shown),
            _took(shown.row.step, now),
            _about(shown, names),
        )
        for shown in chosen
    ]
    yield from make_table(columns, rows, width=width)
    if len(chosen) < len(details.steps):
        yield Text(f"… and {len(details.steps) - len(chosen):,} more; --json has all", style="bright_black")


def graph_lines(details: PlanDetails, width: int | None) -> Iterator[Text]:
    """Show a plan as a graph: what can run side by side stands in one row of ranks, with what each waits for."""
    steps = [shown for shown in _choose(details.steps) if shown.row.step.phase is not Phase.PLAN]
    ranks, names = _measure_ranks([shown.row.step for shown in details.steps]), _names(details)
    columns = [
        Column("rank", right=True),
        Column("step"),
        Column("status"),
        Column("needs", elastic=True),
        Column("comes after", elastic=True),
    ]
    rows, last = [], 0
    for shown in sorted(steps, key=lambda shown: (ranks[shown.row.step.number], shown.row.step.number)):
        step, rank = shown.row.step, ranks[shown.row.step.number]
        needs = step.needs if step.action_step is None else (*step.needs, step.action_step)
        rows.append(
            (
                "" if rank == last else str(rank),
                step.name,
                _status(shown),
                ", ".join(names[number] for number in dict.fromkeys(needs)),
                "all others" if step.phase is Phase.FINALIZE else ", ".join(names[number] for number in step.after),
            )
        )
        last = rank
    yield from make_table(columns, rows, width=width)


def error_lines(details: PlanDetails) -> Iterator[Text]:
    """Show why steps failed that have: message and traceback."""
    for shown in details.steps:
        step = shown.row.step
        if step.status is StepStatus.ERROR and step.error is not None:
            sign, style = look_of("failed")
            yield Text()
            tried = f", tried {count(step.tries, 'time')}" if step.tries > 1 else ""
            yield Text.assemble((f"{sign} step {step.name}{tried}", style))
            yield from trace_lines(step.error)


def step_lines(shown: ShownStep, details: PlanDetails, now: datetime) -> Iterator[Text]:
    """Show one step with all that is known of it."""
    step, names = shown.row.step, _names(details)
    yield Text.assemble((f"Step {step.number}, {step.name}", "bold"), f" of run {details.run.id}")
    yield _labelled("status", _status(shown))
    yield _labelled("action", step.action if step.phase is Phase.RUN else f"{step.action} ({step.phase})")
    if step.needs:
        yield _labelled("needs", ", ".join(names[number] for number in step.needs))
    if step.after:
        yield _labelled("after", ", ".join(names[number] for number in step.after))
    if step.started_at is not None:
        yield _labelled("started", show_instant(step.started_at))
    if took := _took(step, now):
        yield _labelled("took" if step.finished_at else "runs for", took)
    if shown.waits_for:
        yield _labelled("waits for", shown.waits_for)
    if shown.row.progress_message:
        yield _labelled("says", shown.row.progress_message)
    if shown.children:
        yield _labelled("children", show_counts(shown.children))
    yield from _json_lines("input", read_input(step))
    yield from _json_lines("output", step.output)
    for event in shown.events:
        sent = f"{event.name}, sent by {event.sent_by} as event {event.id}, {event.fate}"
        yield _labelled("event", sent)
    for failed in shown.failures:
        yield Text()
        yield Text(f"Try {failed.number} failed at {show_instant(failed.ended_at)}", style="bold")
        yield from trace_lines(failed.error)


def _choose(steps: Sequence[ShownStep]) -> Sequence[ShownStep]:
    """Return the steps to show: all, or of too many first those that are of interest, in order."""
    if len(steps) <= SHOWN:
        return steps
    by_interest = sorted(steps, key=lambda shown: shown.row.step.status not in _OF_INTEREST)
    return sorted(by_interest[:SHOWN], key=lambda shown: shown.row.step.number)


def _names(details: PlanDetails) -> Mapping[int, str]:
    return {shown.row.step.number: shown.row.step.name for shown in details.steps}


def _measure_depths(details: PlanDetails) -> Mapping[int, int]:
    """Return how deep each step stands in the tree; who planned it stands before it."""
    depths: dict[int, int] = {}
    for shown in details.steps:
        step = shown.row.step
        depths[step.number] = 0 if step.parent is None else depths[step.parent] + 1
    return depths


def _measure_ranks(steps: Collection[Step]) -> Mapping[int, int]:
    """Return how many steps stand one behind the other before each, itself counted; finalize steps come last."""
    waits_for = {step.number: {*step.needs, *step.after} for step in steps}
    dependents: dict[int, list[int]] = defaultdict(list)
    for number, others in waits_for.items():
        for other in others:
            dependents[other].append(number)
    phases = {step.number: step.phase for step in steps}
    ranks = {number: 0 if phases[number] is Phase.PLAN else 1 for number in waits_for}
    ready = [number for number, others in waits_for.items() if not others]
    while ready:
        number = ready.pop()
        for dependent in dependents[number]:
            ranks[dependent] = max(ranks[dependent], ranks[number] + 1)
            waits_for[dependent].discard(number)
            if not waits_for[dependent]:
                ready.append(dependent)
    last = max((ranks[number] for number in ranks if phases[number] is Phase.RUN), default=0)
    return ranks | {number: last + 1 for number, phase in phases.items() if phase is Phase.FINALIZE}


def _status(shown: ShownStep) -> Text:
    step = shown.row.step
    status = show_status(step.status)
    if step.status is StepStatus.RUNNING and shown.row.progress is not None:
        status.append(f" {show_progress(shown.row.progress)}")
    return status


def _took(step: Step, now: datetime) -> str:
    if step.started_at is None or step.phase is Phase.PLAN or step.status is StepStatus.SKIPPED:
        return ""
    return show_span((step.finished_at or now) - step.started_at)


def _about(shown: ShownStep, names: Mapping[int, str]) -> str:
    """Say what is most worth knowing of a step, in one line."""
    step = shown.row.step
    if step.status is StepStatus.ERROR and step.error is not None:
        return step.error.message
    if shown.waits_for:
        return f"waits for {shown.waits_for}"
    if step.status is StepStatus.RUNNING and shown.row.progress_message:
        return shown.row.progress_message
    return describe_input(read_input(step), names)


def trace_lines(error: StepError) -> Iterator[Text]:
    """Show an error by its traceback or, where it has none, by what it says."""
    said = f"{error.type}: {error.message}" if error.type else error.message
    for line in (error.traceback or said).rstrip().splitlines():
        yield Text(f"  {line}", no_wrap=True)


def _json_lines(label: str, value: object) -> Iterator[Text]:
    first, *rest = json.dumps(value, ensure_ascii=False, indent=2).splitlines()
    yield _labelled(label, first)
    for line in rest:
        yield Text(f"{'':<12}{line}", no_wrap=True)


def _labelled(label: str, value: str | Text) -> Text:
    return Text.assemble((f"  {label:<10}", "bright_black"), value)
