"""The program of a supervisor: it leaves whoever started it, then serves.

Run as ``python -I -S supervisor_program.py OPTIONS``, with options as JSON. It goes on when the first process of it has
ended, which is at once.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Become nobody's child, and serve."""
    if os.fork() != 0:
        os._exit(0)
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120
    from ostinato.executors.supervisor import serve  # noqa: PLC0415  it is found only now

    serve(sys.argv[1])


if __name__ == "__main__":
    main()
