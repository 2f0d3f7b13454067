"""The command line that all jobs share: ``--name value`` pairs in, one line of result out.

Owns how a job is called and how it ends: 0 when it is done, 1 when it cannot be done as things stand (a
delivery is missing, say), 2 when it was called wrongly. It is this small because argparse takes longer to
import than most jobs take to run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date


class JobError(Exception):
    """The job cannot be done as things stand; the message says why, and what to do."""

    exit_code = 1


class UsageError(JobError):
    """The job was called in a way that cannot work, however often it is tried."""

    exit_code = 2


def run(job: Callable[..., str], **parameters: Callable[[str], str]) -> None:
    """Call ``job`` with what the command line says, and print its answer.

    ``parameters`` gives each parameter's name and the function that checks its value; all are required. An
    error is printed to stderr and ends the process with its exit code.
    """
    try:
        print(job(**_arguments(sys.argv[1:], parameters)))
    except JobError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def iso_date(text: str) -> str:
    """Check that ``text`` is a date such as 2013-01-07."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"{text!r} is not a date; write it as in 2013-01-07") from None


def _arguments(words: Sequence[str], parameters: Mapping[str, Callable[[str], str]]) -> dict[str, str]:
    usage = "expected " + " ".join(f"--{name} VALUE" for name in parameters)
    pairs = dict(zip(words[0::2], words[1::2], strict=False))
    if len(words) % 2 or len(pairs) * 2 != len(words) or set(pairs) != {f"--{name}" for name in parameters}:
        raise UsageError(f"cannot read the arguments {' '.join(words)!r}; {usage}")
    return {name: check(pairs[f"--{name}"]) for name, check in parameters.items()}
