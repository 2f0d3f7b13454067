"""An agent that does as it is told: it carries out commands by a supervisor, and may be killed.

Run as ``python agent_program.py FOLDER``, with lines of JSON as its input: a list of a word and what belongs to it. It
answers each with a line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from ostinato.clock import SystemClock
from ostinato.executors.commands import Command
from ostinato.executors.local import LocalExecutor

PATIENCE_SECONDS = 60.0


def make_executor(folder: Path, **options: Any) -> LocalExecutor:
    """Make the executor of the agent ``box``, whose commands are asked to end for 0.2 seconds."""
    executor = LocalExecutor(
        SystemClock(),
        log_size=10_000,
        folder=folder / "supervisors",
        **{"kill_after": timedelta(seconds=0.2), **options},
    )
    executor.open("box")
    return executor


def make_command(
    folder: Path, script: str, *, run: int = 7, time_limit: timedelta | None = None, try_number: int = 1
) -> Command:
    """Make the command of step 1 of a run, whose log is ``<run>.log``."""
    log = folder / f"{run}.log"
    environment = {**os.environ, "OSTINATO_OUTPUT": str(log.with_suffix(".output.json"))}
    return Command((run, 1), ("sh", "-c", script), environment, folder, log, time_limit, try_number)


def act(executor: LocalExecutor, folder: Path, word: str, *given: Any) -> Any:
    """Do one thing, and return what there is to say about it."""
    match word:
        case "start":
            script, run, *number = given
            executor.start_command(make_command(folder, script, run=run, try_number=number[0] if number else 1))
        case "wait":
            return [end.key[0] for end in executor.wait(PATIENCE_SECONDS)]
        case "forget":
            executor.forget((given[0], 1))
        case "fork":
            fork = os.fork()
            while fork == 0:
                signal.pause()
            return fork
        case "leave":
            executor.leave()
        case "close":
            executor.close()
    return "done"


def main(folder: Path, orphan_seconds: float) -> None:
    """Do all that is asked for."""
    executor = make_executor(folder, orphan_timeout=timedelta(seconds=orphan_seconds))
    for line in sys.stdin:
        sys.stdout.write(json.dumps(act(executor, folder, *json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
