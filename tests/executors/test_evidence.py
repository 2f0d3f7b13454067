from __future__ import annotations

import signal

import pytest

from ostinato.executors.evidence import describe_exit, describe_forced_end
from ostinato.executors.outcomes import outcome_of
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.steps import StepError
from ostinato.model.work import Cancelled, Failed, Outcome, Succeeded


@pytest.mark.parametrize(
    ("returncode", "evidence"),
    [
        (0, Evidence(EndKind.EXITED, "exit code 0", 0)),
        (3, Evidence(EndKind.EXITED, "exit code 3", 3)),
        (143, Evidence(EndKind.EXITED, "exit code 143, as a shell reports SIGTERM", 143)),
        (255, Evidence(EndKind.EXITED, "exit code 255", 255)),
        (-11, Evidence(EndKind.SIGNALLED, "ended by SIGSEGV", signal="SIGSEGV")),
        (-40, Evidence(EndKind.SIGNALLED, "ended by signal 40", signal="signal 40")),
        (
            -9,
            Evidence(
                EndKind.SIGNALLED,
                "killed by SIGKILL, not by Ostinato: often the kernel's out-of-memory killer",
                signal="SIGKILL",
            ),
        ),
    ],
)
def test_evidence_names_what_ended_a_command(returncode: int, evidence: Evidence) -> None:
    """An exit code is given as a number, a signal by its name, and a guess is called one."""
    assert describe_exit(returncode, out_of_memory=False) == evidence


@pytest.mark.parametrize(("returncode", "name"), [(-signal.SIGKILL, "SIGKILL"), (137, None)])
def test_lack_of_memory_is_told_by_the_kernel_alone(returncode: int, name: str | None) -> None:
    """A killed command, or a shell whose command was killed, ran out of memory when the kernel counted such a kill."""
    evidence = describe_exit(returncode, out_of_memory=True)

    assert evidence.kind is EndKind.OUT_OF_MEMORY
    assert evidence.signal == name
    assert "lack of memory" in evidence.message


@pytest.mark.parametrize("returncode", [0, 1, -signal.SIGTERM])
def test_a_kill_elsewhere_does_not_colour_other_ends(returncode: int) -> None:
    """A command that was not killed did not run out of memory, whatever the kernel counted meanwhile."""
    assert describe_exit(returncode, out_of_memory=True) == describe_exit(returncode, out_of_memory=False)


def test_a_forced_end_keeps_reason_and_ending() -> None:
    """What Ostinato ended says why, and how the command took it, even where that was a success of sorts."""
    evidence = describe_forced_end(EndKind.CANCELLED, "cancelled by ada", 0)

    assert evidence == Evidence(EndKind.CANCELLED, "cancelled by ada; exit code 0", 0)


@pytest.mark.parametrize(
    ("evidence", "outcome"),
    [
        (Evidence(EndKind.EXITED, "exit code 0", 0), Succeeded({"rows": 1})),
        (
            Evidence(EndKind.EXITED, "exit code 3", 3),
            Failed(StepError(EndKind.EXITED, "exit code 3", exit_code=3)),
        ),
        (
            Evidence(EndKind.CANCELLED, "cancelled by ada; exit code 0", 0),
            Cancelled("cancelled by ada; exit code 0", exit_code=0),
        ),
        (
            Evidence(EndKind.TIME_LIMIT, "too long; exit code 0", 0),
            Failed(StepError(EndKind.TIME_LIMIT, "too long; exit code 0", exit_code=0)),
        ),
        (
            Evidence(EndKind.SIGNALLED, "ended by SIGSEGV", signal="SIGSEGV"),
            Failed(StepError(EndKind.SIGNALLED, "ended by SIGSEGV", signal="SIGSEGV")),
        ),
    ],
)
def test_exit_code_0_alone_is_success(evidence: Evidence, outcome: Outcome) -> None:
    """All else is an error of the step, which says what its evidence says, unless it was cancelled."""
    assert outcome_of(evidence, {"rows": 1}) == outcome
