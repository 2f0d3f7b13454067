"""How a run leaves its agent: done, failed, paused, suspended, left to another, or ended on request; each in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ostinato.durations import format_duration
from ostinato.model.changes import RunMoved
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import COMMAND, Step, StepError, WakeKind

_TIMEOUT_KINDS = frozenset({EndKind.TIME_LIMIT, EndKind.LOST, EndKind.STOPPED})


@dataclass(frozen=True, slots=True)
class Ending:
    """The wish to end a run: in which status, as what kind of end, and why."""

    to: RunStatus
    kind: EndKind
    why: str
    exit_code: int | None = None
    signal: str | None = None


def cancelled(why: str, exit_code: int | None = None, signal: str | None = None) -> Ending:
    """Wish to cancel the run."""
    return Ending(RunStatus.CANCELLED, EndKind.CANCELLED, why, exit_code, signal)


def out_of_time(why: str) -> Ending:
    """Wish to end a run that has taken too long."""
    return Ending(RunStatus.TIMEOUT, EndKind.TIME_LIMIT, why)


def describe_limit(limit: timedelta | None) -> str:
    """Say that a run has taken longer than its limit."""
    limit_in_words = "" if limit is None else f" of {format_duration(limit)}"
    return f"it ran longer than its time limit{limit_in_words}"


def ended(wanted: Ending, plan: Mapping[int, Step]) -> RunMoved:
    """End the run as was wished. Where it was one step, what became of that says more than the wish."""
    only = _only_step(plan)
    if only is not None and only.error is not None and only.error.kind is wanted.kind:
        return RunMoved(wanted.to, only.error.message, _to_evidence(only.error, only.error.message))
    return RunMoved(wanted.to, wanted.why, Evidence(wanted.kind, wanted.why, wanted.exit_code, wanted.signal))


def done(plan: Mapping[int, Step]) -> RunMoved:
    """End a run of which all steps have succeeded or were skipped."""
    skipped = [step.name for step in plan.values() if step.status is StepStatus.SKIPPED]
    if skipped:
        said = f"done without {_name_some(skipped)}, skipped"
        return RunMoved(RunStatus.WARNING, said, Evidence(EndKind.COMPLETED, said))
    only = _only_step(plan)
    if only is not None and only.action == COMMAND:
        return RunMoved(RunStatus.SUCCESS, "exit code 0", Evidence(EndKind.EXITED, "exit code 0", 0))
    return RunMoved(RunStatus.SUCCESS, "all steps are done", Evidence(EndKind.COMPLETED, "all steps are done"))


def failed(steps: Sequence[Step], plan: Mapping[int, Step]) -> RunMoved:
    """End a run for steps that failed; the evidence is that of the one that failed first."""
    first = min(steps, key=lambda step: (step.finished_at is None, step.finished_at, step.number))
    if first.error is None:
        raise ValueError(f"step {first.number} has failed without an error")
    to = RunStatus.TIMEOUT if first.error.kind in _TIMEOUT_KINDS else RunStatus.FAILED
    message = first.error.message if _only_step(plan) else _describe_failures(first, len(steps))
    return RunMoved(to, message, _to_evidence(first.error, message))


def paused(steps: Sequence[Step]) -> RunMoved:
    """Have a person decide about steps that failed."""
    cause = f"{_describe_failures(steps[0], len(steps))}; a person must resume, skip or cancel"
    return RunMoved(RunStatus.PAUSED, cause)


def suspended(steps: Sequence[Step], deadline_at: datetime | None) -> RunMoved:
    """Let go of a run of which only suspended steps are left, until one of them is due."""
    ahead = [at for step in steps for at in (step.wake_at, step.deadline_at) if at is not None]
    wake_at = min([*ahead, *([] if deadline_at is None else [deadline_at])], default=None)
    asleep = [step.name for step in steps if step.wake_kind is not WakeKind.RETRY]
    failing = [step.name for step in steps if step.wake_kind is WakeKind.RETRY]
    causes = [
        f"{_name_some(names)} {'waits' if len(names) == 1 else 'wait'} {awaited}"
        for names, awaited in ((asleep, "for an event"), (failing, "to be tried again"))
        if names
    ]
    return RunMoved(RunStatus.SUSPENDED, "; ".join(causes), wake_at=wake_at)


def handed_over() -> RunMoved:
    """Leave the run to another agent: this one stops."""
    return RunMoved(RunStatus.WAITING, "handed over by a stopping agent")


def unfit(reason: str) -> RunMoved:
    """Leave the run to another agent: this one cannot carry it out, for ``reason``."""
    return RunMoved(RunStatus.WAITING, reason, waits_for=reason)


def takes_turn(singleton_key: str) -> RunMoved:
    """Leave the run, which is planned, to whoever claims it when it may hold its singleton."""
    return RunMoved(RunStatus.WAITING, f"it is planned, and takes its turn: {singleton_key}", takes_turn=True)


def sent_elsewhere(queues: Mapping[int, str]) -> RunMoved:
    """Leave the run to an agent that serves the queue of the first step that can go on; ``queues`` are by step."""
    queue = queues[min(queues)]
    return RunMoved(RunStatus.WAITING, f"its next step is for the queue {queue}", queue=queue)


def _only_step(plan: Mapping[int, Step]) -> Step | None:
    return next(iter(plan.values())) if len(plan) == 1 else None


def _to_evidence(error: StepError, message: str) -> Evidence:
    return Evidence(error.kind, message, error.exit_code, error.signal)


def _describe_failures(first: Step, count: int) -> str:
    error = first.error.message if first.error else "failed"
    others = f" (and {count - 1} more failed)" if count > 1 else ""
    return f"step {first.name}: {error}{others}"


def _name_some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
