"""What Linux offers to watch over processes, and whether this system has it.

Elsewhere ``open_exit_watch`` and ``die_with_parent`` answer ``None``: exits are then found by asking now and
then, and a command whose agent is killed lives on until the agent's successor ends it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def open_exit_watch(pid: int) -> int | None:
    """Return a descriptor that becomes readable when child ``pid`` exits; ``None`` where there is none."""
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:  # an older kernel, or one that forbids it
        return None


def die_with_parent() -> Callable[[], None] | None:
    """Return what a child calls before it becomes a command, so that the kernel kills it with this process.

    The kernel watches the thread that starts the command, so that must be one that lives as long as the
    process. The returned function runs between fork and exec: safe as long as this process has no other
    threads.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
    parent = os.getpid()

    def tether() -> None:
        if prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "the parent-death signal cannot be set")
        if os.getppid() != parent:
            os._exit(1)

    return tether


def has_exited(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a child has exited. Where the system can, it stays a zombie and so keeps its id."""
    if process.returncode is not None or not hasattr(os, "waitid"):
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
