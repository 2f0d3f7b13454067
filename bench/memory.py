"""How much memory a large plan takes, in one process for each half of its way: ``stored`` or ``carried_out``.

``plans.py`` runs it. The figure is by how much the most that the process has ever had is more than what it began with.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
from pathlib import Path

import psutil
import structlog
from shapes import LARGE, carry_out, open_bench_world, trigger

UNIT = 1 if sys.platform == "darwin" else 1024
"""In how many bytes the system counts."""


def main() -> None:
    """Do the half that is asked for, and print how many bytes it took."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    what, folder, database = sys.argv[1:]
    with open_bench_world(Path(folder), database) as world:
        before = psutil.Process().memory_info().rss
        if what == "stored":
            trigger(world, LARGE)
        else:
            carry_out(world, runs=LARGE.count, concurrency=LARGE.concurrency)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
    print(json.dumps({"steps": LARGE.steps, what: peak - before}))


if __name__ == "__main__":
    main()
