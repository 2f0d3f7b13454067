"""How commands end, in words: the evidence that is kept. What follows from it is in ``outcomes``."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from pathlib import Path

from ostinato.executors.commands import Command
from ostinato.model.evidence import EndKind, Evidence

_SHELL_SIGNALLED = 128
"""A shell whose command was ended by a signal exits with this plus the number of the signal."""


def describe_exit(returncode: int, *, out_of_memory: bool) -> Evidence:
    """Return the evidence of a command that ended by itself.

    ``returncode`` is negative for a signal. ``out_of_memory`` tells that the kernel counted such a kill
    meanwhile; it counts for a command that was killed, and for one that reports its own command killed.
    """
    killed = returncode in (-signal.SIGKILL, _SHELL_SIGNALLED + signal.SIGKILL)
    ending = _describe_ending(returncode)
    exit_code, name = _exit_code(returncode), _signal(returncode)
    if killed and out_of_memory:
        message = f"killed by the kernel for lack of memory ({ending})"
        return Evidence(EndKind.OUT_OF_MEMORY, message, exit_code, name)
    if returncode == -signal.SIGKILL:
        message = "killed by SIGKILL, not by Ostinato: often the kernel's out-of-memory killer"
        return Evidence(EndKind.SIGNALLED, message, exit_code, name)
    return Evidence(EndKind.EXITED if returncode >= 0 else EndKind.SIGNALLED, ending, exit_code, name)


def describe_forced_end(kind: EndKind, why: str, returncode: int) -> Evidence:
    """Return the evidence of a command that Ostinato ended: ``why``, and how the command took it."""
    message = f"{why}; {_describe_ending(returncode)}"
    return Evidence(kind, message, _exit_code(returncode), _signal(returncode))


def describe_failed_start(command: Command, error: Exception) -> Evidence:
    """Return the evidence of a command that could not be started, with what to look at."""
    return Evidence(EndKind.NOT_STARTED, f"not started: {_why_not_started(command, error)}")


def _describe_ending(returncode: int) -> str:
    """Say how a process ended: its exit code, or the signal by its name."""
    if returncode < 0:
        return f"ended by {_signal_name(-returncode)}"
    if returncode > _SHELL_SIGNALLED and returncode - _SHELL_SIGNALLED in set(signal.Signals):
        return f"exit code {returncode}, as a shell reports {_signal_name(returncode - _SHELL_SIGNALLED)}"
    return f"exit code {returncode}"


def _why_not_started(command: Command, error: Exception) -> str:
    program, folder = command.arguments[0], command.working_directory
    if not folder.is_dir():
        return f"its working directory {folder} does not exist"
    if not isinstance(error, OSError):
        return str(error)
    match error.errno:
        case errno.ENOENT if _find_file(command) is not None:
            return f"{program} names an interpreter in its first line that does not exist"
        case errno.ENOENT if os.sep in program:
            return f"there is no program {program} (working directory: {folder})"
        case errno.ENOENT:
            return f"there is no program {program!r} on the PATH"
        case errno.EACCES if not os.access(folder, os.X_OK):
            return f"its working directory {folder} may not be entered"
        case errno.EACCES:
            return f"{program} is not executable (working directory: {folder})"
        case errno.ENOEXEC:
            return f"{program} is no program: a script needs a first line such as #!/bin/sh"
        case _:
            return f"{program}: {error.strerror or error}"


def _find_file(command: Command) -> Path | None:
    """Find the file that the command names, whether or not it can be executed."""
    program = command.arguments[0]
    if os.sep not in program:
        program = shutil.which(program, mode=os.F_OK, path=command.environment.get("PATH")) or program
    file = command.working_directory / program
    return file if file.exists() else None


def _exit_code(returncode: int) -> int | None:
    return returncode if returncode >= 0 else None


def _signal(returncode: int) -> str | None:
    return _signal_name(-returncode) if returncode < 0 else None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
