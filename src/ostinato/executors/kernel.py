"""What Linux offers to learn of exits, and whether this system has it."""

from __future__ import annotations

import os
import subprocess
import sys


def open_exit_watch(pid: int) -> int | None:
    """Return a descriptor that becomes readable when child ``pid`` exits; ``None`` where there is none.

    Exits are then found by asking now and then.
    """
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:  # an older kernel, or one that forbids it
        return None


def has_exited(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a child has exited. Where the system can, it stays a zombie and so keeps its id."""
    if process.returncode is not None or not hasattr(os, "waitid"):
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
