"""Outcomes: the status that follows from the evidence of how a run ended."""

from __future__ import annotations

from ostinato.model.runs import EndKind, Evidence, RunEnd
from ostinato.model.statuses import RunStatus


def make_end(run_id: int, lease_token: int, evidence: Evidence) -> RunEnd:
    """Return what is to be told of a run that is over."""
    return RunEnd(run_id, lease_token, status_of(evidence), evidence)


def status_of(evidence: Evidence) -> RunStatus:
    """Return the status that a run ends in: exit code 0 alone is success."""
    match evidence.kind:
        case EndKind.EXITED if evidence.exit_code == 0:
            return RunStatus.SUCCESS
        case EndKind.CANCELLED:
            return RunStatus.CANCELLED
        case EndKind.TIME_LIMIT | EndKind.LOST | EndKind.STOPPED:
            return RunStatus.TIMEOUT
        case _:
            return RunStatus.FAILED
