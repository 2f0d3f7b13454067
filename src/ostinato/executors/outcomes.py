"""What follows from the evidence of a command: the outcome of its work item, with the output that it wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ostinato.executors.commands import Key
from ostinato.executors.executor import Ended
from ostinato.executors.output import read_output
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.steps import Json, StepError
from ostinato.model.work import Cancelled, Failed, Outcome, Succeeded


def conclude(key: Key, evidence: Evidence, output: Path) -> Ended:
    """Return what became of a command, with its output where it succeeded. Output that is no use is a failure."""
    if not _has_succeeded(evidence):
        return Ended(key, outcome_of(evidence, None), evidence)
    try:
        return Ended(key, Succeeded(read_output(output)), evidence)
    except ValueError as error:
        evidence = replace(evidence, kind=EndKind.RAISED, message=str(error))
        return Ended(key, outcome_of(evidence, None), evidence)


def outcome_of(evidence: Evidence, output: Json) -> Outcome:
    """Return what became of a command: exit code 0 alone is success, and then ``output`` is what it made."""
    if _has_succeeded(evidence):
        return Succeeded(output)
    if evidence.kind is EndKind.CANCELLED:
        return Cancelled(evidence.message, evidence.exit_code, evidence.signal)
    return Failed(StepError(evidence.kind, evidence.message, exit_code=evidence.exit_code, signal=evidence.signal))


def _has_succeeded(evidence: Evidence) -> bool:
    return evidence.kind is EndKind.EXITED and evidence.exit_code == 0
