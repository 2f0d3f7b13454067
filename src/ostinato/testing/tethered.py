"""Becomes another program, as another user if asked, that dies with the process which started it.

Run as ``python -I -S tethered.py PARENT UID GID PROGRAM ARGUMENTS…``: PARENT is the process to die with, and
-1 for a UID means the present user. It is a program of its own because Python code between fork and exec is
not safe in a process with threads. It imports nothing once it is the other user, who may see less.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def become(uid: int, gid: int) -> None:
    """Give up the present user's rights for those of ``uid`` and ``gid`` alone."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def tether(parent: int) -> None:
    """Have the kernel send SIGQUIT to this process once the thread that started it ends; on Linux alone."""
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        sys.exit("the parent was gone before the tether held")


def main(parent: int, uid: int, gid: int, program: list[str]) -> None:
    """Change user, then tether, which a change of user would undo, then become ``program``."""
    if uid != -1:
        become(uid, gid)
    tether(parent)
    os.execv(program[0], program)  # noqa: S606  no shell is wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
