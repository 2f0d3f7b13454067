"""Reasons: why runs that are at rest do not go on, and who must do what about it. The same words in every face."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeAlias

from ostinato.model.runs import Run, Transition
from ostinato.model.statuses import LIVE_RUN_STATUSES, RunStatus
from ostinato.model.steps import Step, WakeKind
from ostinato.operations.absence import show
from ostinato.operations.questions import Question, read_question
from ostinato.policies.verdict import Gate
from ostinato.store.children import count_children_of
from ostinato.store.database import Tx
from ostinato.store.plan_lists import find_last_transitions, list_suspended_steps

SHOWN = 3
"""How many steps a reason names at most."""

Children: TypeAlias = Mapping[tuple[int, int], Mapping[RunStatus, int]]
"""How many runs the steps of runs have started, by run and step, and by how these stand."""

AT_REST = frozenset({RunStatus.SCHEDULED, RunStatus.WAITING, RunStatus.PAUSED, RunStatus.SUSPENDED})


def find_gates(tx: Tx, runs: Collection[Run]) -> dict[int, tuple[Gate, ...]]:
    """Return what stands against the runs that are paused, suspended, or say what they wait for, by run."""
    stopped = [run.id for run in runs if run.status in (RunStatus.PAUSED, RunStatus.SUSPENDED)]
    last = find_last_transitions(tx, stopped)
    asleep = [run.id for run in runs if run.status is RunStatus.SUSPENDED]
    suspended, children = list_suspended_steps(tx, asleep), count_children_of(tx, asleep)
    gates = {
        run.id: tuple(_find_gates(run, last, suspended.get(run.id, ()), children))
        for run in runs
        if run.status in AT_REST
    }
    return {run_id: found for run_id, found in gates.items() if found}


def tell_reasons(tx: Tx, runs: Collection[Run]) -> list[Run]:
    """Return the runs with the reason why they do not go on, where they are at rest and one is known."""
    gates = find_gates(tx, runs)
    return [replace(run, reason=gates[run.id][0].reason) if run.id in gates else run for run in runs]


def _find_gates(
    run: Run, last: Mapping[int, Transition], suspended: Collection[Step], children: Children
) -> list[Gate]:
    if run.status is RunStatus.PAUSED:
        return [_not_paused(run, last[run.id])]
    if run.status is RunStatus.SUSPENDED:
        questions = [question for step in suspended if (question := read_question(step)) is not None]
        asked = [_answered(run, question) for question in questions]
        return asked or [_not_suspended(run, last[run.id], suspended, children)]
    if run.waits_for:
        return [Gate("waits_for", False, run.waits_for, clears=_who_helps(run))]
    return []


def _not_paused(run: Run, last: Transition) -> Gate:
    return Gate(
        "not_paused",
        False,
        f"run {run.id} is paused since {show(last.at)}: {last.cause}",
        clears=f"a person: ostinato show {run.id}, then ostinato resume {run.id}, skip {run.id} STEP"
        f" or cancel {run.id}",
    )


def _answered(run: Run, question: Question) -> Gate:
    refused = f" (the last answer was refused: {question.refused})" if question.refused else ""
    until = f", until {show(question.step.wake_at)}" if question.step.wake_at else ""
    return Gate(
        "answered",
        False,
        f"step {question.step.name} waits for an answer{until}: {question.text}{refused}",
        clears=f"a person: ostinato answer {run.id} {question.command}",
    )


def _not_suspended(run: Run, last: Transition, suspended: Collection[Step], children: Children) -> Gate:
    waits = [
        f"step {step.name} waits for {tell_what_it_waits_for(step, children.get((run.id, step.number)))}"
        for step in suspended
    ]
    more = f", and {len(waits) - SHOWN} more steps wait" if len(waits) > SHOWN else ""
    parents = [step for step in suspended if (run.id, step.number) in children]
    names = [step.name for step in suspended if step.wake_kind is not WakeKind.RETRY and step not in parents]
    event = f"an event: ostinato send-event {run.id} {names[0] if len(names) == 1 else 'STEP'} NAME"
    clears = [f"the runs that it has started: ostinato plans --parent {run.id}"] if parents else []
    clears += [event] if names or not waits else []
    return Gate(
        "not_suspended",
        False,
        f"run {run.id} is suspended since {show(last.at)}: {'; '.join(waits[:SHOWN]) or last.cause}{more}",
        clears=" or ".join([*(["time"] if run.wake_at else []), *clears]),
        earliest=run.wake_at,
    )


def tell_what_it_waits_for(step: Step, children: Mapping[RunStatus, int] | None = None) -> str:
    """Say what a suspended step waits for, and until when; ``children`` are the runs that it has started."""
    if step.wake_kind is WakeKind.RETRY and step.wake_at is not None:
        return f"another try at {show(step.wake_at)}"
    question = read_question(step)
    live = sum(count for status, count in (children or {}).items() if status in LIVE_RUN_STATUSES)
    if question is not None:
        what = f"an answer: {question.text}"
    elif live:
        what = f"the end of {live} of the {sum((children or {}).values())} runs that it has started"
    else:
        what = "an event"
    timer = f", or until {show(step.wake_at)}" if step.wake_at else ""
    deadline = f"; it fails at {show(step.deadline_at)}" if step.deadline_at else ""
    return f"{what}{timer}{deadline}"


def _who_helps(run: Run) -> str:
    if run.status is RunStatus.SCHEDULED:
        return "whoever decides about that run: ostinato plans --status paused"
    return f"whoever runs the agents of queue {run.queue}: make it importable there, and start the agent again"
