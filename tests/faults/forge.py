"""Forges worlds that meet a fault: one process each, forked from this one, which has loaded all and holds nothing open.

Run as ``python -m tests.faults.forge DATABASE FOLDER SCENARIO FAULT STEP``. With STEP, twice STEP and so on as N, a
scenario is played on a database of its own in which FAULT (``die`` or ``lose``) happens at the N-th point; who has died
is followed by others until it is over. That ends when the N-th point is not reached any more. For each N a line of JSON
tells what became of it.

DATABASE is an SQLite file with the schema, which is copied each time, or the address of a PostgreSQL database. Before
all others a world is played in this process itself: those to come find all imported and every statement compiled.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sys
import threading
import traceback
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import NoReturn

from tests.faults import ledger
from tests.faults.checking import check
from tests.faults.playing import FAULTS, play
from tests.faults.scenarios import SCENARIOS

from ostinato.testing.postgres import create_schema

MOST_GENERATIONS = 4
OVER, NOT_REACHED, WRONG = 0, 10, 11
"""How a process exits that has come to the end: as it should, as it should without any fault, or otherwise."""


@dataclass(frozen=True, slots=True)
class Forged:
    """What became of a world in which something went wrong: how its processes exited, and what is not as it must be.

    A world with problems is left in its ``folder``.
    """

    at: int
    codes: list[int]
    problems: str
    folder: str


@dataclass(frozen=True, slots=True)
class Forge:
    """Where worlds are made, and which."""

    database: str
    folder: Path
    scenario: str
    fault: str

    def warm_up(self) -> None:
        """Play without a fault in this process, and leave nothing of that open."""
        place = self.folder / "warm"
        place.mkdir()
        with (place / "log").open("w") as said, redirect_stdout(said):
            url = self._make_database(place)
            play(place, url, SCENARIOS[self.scenario], agent="agent")
            check(place, url, SCENARIOS[self.scenario], self.fault)
        ledger.close_stores()
        for thread in set(threading.enumerate()) - {threading.current_thread()}:
            thread.join()
        shutil.rmtree(place)

    def make_world(self, number: int) -> Forged:
        """Have the fault happen at a point, and all that follows."""
        place = self.folder / f"{self.scenario}-{self.fault}-{number}"
        place.mkdir()
        url = self._make_database(place)
        codes: list[int] = []
        while not codes or (codes[-1] == -signal.SIGKILL and len(codes) < MOST_GENERATIONS):
            child = os.fork()
            if child == 0:
                self._live(place, url, number, generation=len(codes))
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        problems = "" if codes[-1] in (OVER, NOT_REACHED) else (place / "problems").read_text()
        if not problems:
            shutil.rmtree(place)
        return Forged(number, codes, problems, str(place))

    def _make_database(self, place: Path) -> str:
        if self.database.startswith("postgresql"):
            return create_schema(self.database)
        shutil.copy(self.database, place / "ostinato.db")
        return f"sqlite:///{place / 'ostinato.db'}"

    def _live(self, place: Path, url: str, number: int, *, generation: int) -> NoReturn:
        """Play and check in this process, and end it without cleaning up after the one that it was forked from."""
        code, problems = WRONG, []
        sys.stdout = (place / "log").open("a", buffering=1)
        scenario = SCENARIOS[self.scenario]
        fault = (number, FAULTS[self.fault]) if generation == 0 else None
        try:
            agent = _name_agent(number, generation)
            has_happened = play(place, url, scenario, agent=agent, generation=generation, fault=fault)
            problems = check(place, url, scenario, self.fault)
            if not problems:
                code = OVER if has_happened else NOT_REACHED
        except BaseException:  # noqa: BLE001  whatever it is, it is what went wrong
            problems = [traceback.format_exc()]
        (place / "problems").write_text("\n".join(problems))
        os._exit(code)


def _name_agent(number: int, generation: int) -> str:
    """Return the name of the agent: who has died comes back, or never does and another goes on in the end."""
    return "agent" if number // 2 % 2 else f"agent-{generation}"


def main() -> None:
    """Forge one world after the other."""
    database, folder, scenario, fault, step = sys.argv[1:]
    forge = Forge(database, Path(folder), scenario, fault)
    forge.warm_up()
    gc.freeze()  # what all worlds are forked with stays, and need not be copied for the collector's marks
    for number in count(int(step), int(step)):
        forged = forge.make_world(number)
        sys.stdout.write(json.dumps(asdict(forged)) + "\n")
        sys.stdout.flush()
        if forged.codes == [NOT_REACHED]:
            return


if __name__ == "__main__":
    main()
