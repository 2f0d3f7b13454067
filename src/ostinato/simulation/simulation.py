"""One simulation: the turns that processes, people and misfortune take, until all has come to its end or gone wrong.

Everything happens in one thread. Who is frozen stays where it is, on the stack, while the others take their turns; so
it goes on exactly there, with all that it had in mind.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from ostinato.errors import StoreUnavailable
from ostinato.executors.commands import Key
from ostinato.simulation.chance import Chance
from ostinato.simulation.clocks import Time
from ostinato.simulation.database import Laboratory, Point
from ostinato.simulation.executor import PatientFlag
from ostinato.simulation.incidents import FAULTS, POINTED, Incident, Kind
from ostinato.simulation.installation import FULL_PASS_EVERY, HEARTBEAT_TIMEOUT, INTERVAL, REMOVALS, Installation
from ostinato.simulation.ledger import Deed
from ostinato.simulation.liveness import find_chore, find_unfinished
from ostinato.simulation.observer import Observer
from ostinato.simulation.outcomes import Outcome
from ostinato.simulation.people import ACTS, PERSON, Request, act
from ostinato.simulation.processes import Died, Process, Program
from ostinato.simulation.scripts import BEGINS_AT, Script
from ostinato.simulation.sources import check_removals
from ostinato.simulation.story import tell_commit
from ostinato.simulation.witness import Actor, Breach
from ostinato.store.breaches import find_since
from ostinato.store.invariants import INVARIANTS
from ostinato.store.types import to_microseconds

MOST_TURNS = 5_000
"""After so many turns without incidents all must have come to its end; fifty runs of plans take half of them."""
PATIENCE_SECONDS = 900.0
"""For so long nothing may change, when nothing goes wrong any more and something is still to be done."""
SHORTEST_BREAK_SECONDS, LONGEST_BREAK_SECONDS = 1, 90
"""How long a process is gone that died or was stopped."""


def simulate(script: Script, laboratory: Laboratory, *, comes_to_rest: bool = True) -> Outcome:
    """Play a script from beginning to end, or up to the first breach.

    Unless it ``comes_to_rest``, the end is when nothing goes wrong any more, and it is not asked what became of all.
    """
    simulation = Simulation(script, laboratory)
    try:
        return simulation.play(comes_to_rest=comes_to_rest)
    finally:
        simulation.close()


class Simulation:
    """Plays one script, once."""

    def __init__(self, script: Script, laboratory: Laboratory) -> None:
        self._script = script
        self._chance = Chance(script.seed)
        self._time = Time(BEGINS_AT)
        self._store = laboratory.open()
        self._installation = Installation(script, self._store, laboratory.folder, self._time, self)
        self._observer = Observer(laboratory.file)
        self._incidents = list(script.incidents)
        home = self._installation.machines[script.machines[0]]
        self._person = Process(PERSON.name, home, _make_nothing, is_agent=False)
        self._stack: list[Process] = []
        self._away_until: dict[str, float] = {}
        self._turn = self._faults = 0
        self._changed_at = 0.0
        self._is_quiet = False
        self._resumed: Counter[int] = Counter()
        self._story: list[str] = []
        self._store.gate = self

    def play(self, *, comes_to_rest: bool) -> Outcome:
        """Take turns until it is over."""
        while not self._is_over and not self._is_quiet:
            self._take_turn()
        if comes_to_rest and not self._is_over:
            self._come_to_rest()
        observer = self._observer
        return Outcome(
            self._script, self._turn, observer.commits, self._faults, tuple(observer.breaches), tuple(self._story)
        )

    def close(self) -> None:
        """End everything, and let go of the database."""
        self._away_until["everybody"] = math.inf
        for process in self._processes:
            self._bury(process)
        self._observer.close()

    @property
    def _processes(self) -> tuple[Process, ...]:
        return tuple(self._installation.processes.values())

    @property
    def _idle(self) -> list[Process]:
        """Return those who are not in the middle of something."""
        return [process for process in self._processes if process not in self._stack]

    @property
    def _is_over(self) -> bool:
        return bool(self._observer.breaches)

    def _tell(self, sentence: str) -> None:
        self._story.append(f"{self._turn:4} {self._time.passed:8.0f}s  {sentence}")

    # --- turns -------------------------------------------------------------------------------------------------------

    def _take_turn(self) -> None:
        """Let one process act that has something to do, or some time pass if none has."""
        self._turn += 1
        if self._turn == self._script.turns:
            self._calm_down()
        while not self._is_quiet and self._incidents and self._incidents[0].turn <= self._turn:
            self._cause(self._incidents.pop(0))
        ready = [process for process in self._idle if self._seconds_until_due(process) <= 0]
        if ready:
            self._act(self._chance.choose(ready, "turn", self._turn))
        else:
            self._let_time_pass()

    def _seconds_until_due(self, process: Process) -> float:
        if process.program is None:
            return process.starts_at - self._time.passed
        return process.program.seconds_until_due()

    def _let_time_pass(self) -> None:
        waits = [self._seconds_until_due(process) for process in self._idle]
        waits += [one.thaws_at - self._time.passed for one in self._stack if one.thaws_at is not None]
        self._time.advance(min((wait for wait in waits if wait > 0), default=0.0))

    def _act(self, process: Process) -> None:
        """Let a process do what is due, or begin a new life."""
        program = process.program
        if program is None:
            self._tell(f"{process.name} starts")
            self._live(process, process.start)
        else:
            self._live(process, lambda: self._go_on(process, program))

    def _go_on(self, process: Process, program: Program) -> None:
        for error in program.act():
            self._note_breach(f"{process.name}: {error}")
        if program.is_done:
            self._tell(f"{process.name} has stopped in good order")
            process.retire(self._time.passed + self._draw_break())

    def _live(self, process: Process, do: Callable[[], None]) -> None:
        """Have a process do something, of which it may die."""
        with self._acting(process):
            try:
                do()
            except Died:
                process.is_doomed = True
            except Exception as error:  # noqa: BLE001  whatever it is, nothing of the kind may end a process
                self._note_breach(f"{process.name} ended with {type(error).__name__}: {error}")
                process.is_doomed = True
        if process.is_doomed:
            self._bury(process)

    def _bury(self, process: Process) -> None:
        self._tell(f"{process.name} is dead")
        with self._acting(process):
            process.bury(self._time.passed + self._draw_break())

    def _draw_break(self) -> int:
        return self._chance.between(SHORTEST_BREAK_SECONDS, LONGEST_BREAK_SECONDS, "break", self._turn)

    def _note_breach(self, seen: str) -> None:
        self._observer.breaches.append(Breach(0, seen))

    @contextmanager
    def _acting(self, process: Process) -> Iterator[None]:
        self._stack.append(process)
        process.saw = None
        process.look_at_clock()
        try:
            yield
        finally:
            self._stack.pop()

    # --- what happens ------------------------------------------------------------------------------------------------

    def _cause(self, incident: Incident) -> None:
        """Have something happen, or lie ahead."""
        if incident.kind in ACTS:
            self._ask(incident)
            return
        self._tell(f"! {incident}")
        if incident.kind in POINTED:
            self._find_process(incident.target).ahead.append((incident, incident.nth))
            return
        if incident.kind is Kind.STOP:
            self._stop(self._installation.processes[incident.target])
            return
        self._faults += incident.kind in FAULTS
        match incident.kind:
            case Kind.REBOOT:
                self._reboot(incident.target)
            case Kind.OUTAGE:
                self._away_until["everybody"] = self._time.passed + incident.amount
            case Kind.CUT_OFF:
                self._away_until[incident.target] = self._time.passed + incident.amount
            case Kind.SET_CLOCK:
                self._installation.machines[incident.target].clock.error = timedelta(seconds=incident.amount)
            case _:
                self._touch_source(incident)

    def _find_process(self, name: str) -> Process:
        return self._person if name == self._person.name else self._installation.processes[name]

    def _ask(self, incident: Incident) -> None:
        """Have a person ask for something, unless what was asked last is still under way."""
        if self._person in self._stack:
            return
        installation, observer = self._installation, self._observer
        asked = ""
        with self._acting(self._person), suppress(Died):
            asked = act(Request(installation.world, observer.picture, incident, observer.see_acknowledged))
        self._person.is_doomed = False  # the next program that is called is another
        if asked:
            self._faults += incident.kind in FAULTS
            self._tell(f"a person {asked}")

    def _stop(self, process: Process) -> None:
        if process.program is not None and process not in self._stack:
            self._faults += 1
            self._live(process, process.program.stop)

    def _reboot(self, machine: str) -> None:
        self._installation.machines[machine].reboot()
        for process in self._processes:
            if process.machine.name == machine and process.program is not None:
                process.is_doomed = True
                if process not in self._stack:
                    self._bury(process)

    def _touch_source(self, incident: Incident) -> None:
        declarations = self._chance.choose(
            [one for one in self._installation.declarations if one.has_rows], "source", self._turn
        )
        match incident.kind:
            case Kind.BREAK_SOURCE:
                declarations.is_broken = True
            case Kind.LOSE_ROWS:
                declarations.lose_rows()
            case Kind.MEND_SOURCE:
                declarations.mend()
            case Kind.DECLARE:
                declarations.declare(incident.amount)
            case Kind.WITHDRAW:
                declarations.withdraw(incident.amount)
            case Kind.CHANGE:
                declarations.change(incident.amount)

    # --- the gate of the store ---------------------------------------------------------------------------------------

    def pass_read(self) -> None:
        """Let a process read, if it can reach the store."""
        self._check_reach()

    def pass_write(self, point: Point, *, has_changes: bool) -> None:
        """Let a process write, and have that happen to it which lies ahead of it here."""
        if point is Point.AFTER_COMMIT and has_changes:
            self._see_commit()
        self._check_reach(is_over=point is Point.AFTER_COMMIT)
        if (has_changes or point is Point.BEGIN) and not self._is_quiet:
            self._suffer(self._stack[-1], point)

    def _see_commit(self) -> None:
        process = self._stack[-1]
        process.was_frozen = False
        commit = self._observer.see_commit(process.actor, process.look_at_clock())
        if not commit.is_idle:
            self._changed_at = self._time.passed
        views = self._installation.views.get(process.name)
        if views is not None:
            self._observer.breaches += check_removals(commit, views, REMOVALS)
        for sentence in tell_commit(commit):
            self._tell(f"{process.name}: {sentence}")

    def _check_reach(self, *, is_over: bool = False) -> None:
        """Raise what those hear who cannot reach the store; who is dead hears nothing any more."""
        process = self._stack[-1]
        if process.is_doomed:
            raise (StoreUnavailable("nothing is left of this process") if process.program is None else Died)
        until = max(self._away_until.get(place, -math.inf) for place in ("everybody", process.machine.name))
        if until > self._time.passed and not is_over:
            raise StoreUnavailable("the database cannot be reached")

    def _suffer(self, process: Process, point: Point) -> None:
        """Have that happen to a process which lies ahead of it at this point."""
        here = [(incident, left) for incident, left in process.ahead if incident.point is point]
        for incident, left in here:
            process.ahead.remove((incident, left))
            if left > 1:
                process.ahead.append((incident, left - 1))
                continue
            self._faults += 1
            self._tell(f"! {process.name}: {incident.kind} {point}")
            if incident.kind is Kind.FREEZE:
                self._freeze(process, incident.amount)
            elif incident.kind is Kind.CRASH:
                process.is_doomed = True
                raise Died
            else:
                raise StoreUnavailable(f"the connection broke {point}")

    def _freeze(self, process: Process, seconds: float) -> None:
        """Keep a process from going on for a while, or until nothing goes wrong any more; the others do."""
        self._wait(process, seconds)
        self._tell(f"{process.name} goes on")

    def _wait(self, process: Process, seconds: float) -> None:
        """Let the others take turns for a while. A process may be dead after that."""
        former, process.thaws_at = process.thaws_at, self._time.passed + seconds
        process.was_frozen = True
        was_quiet = self._is_quiet
        while self._time.passed < process.thaws_at and self._is_quiet is was_quiet and not self._is_over:
            self._take_turn()
        process.thaws_at = former
        if process.is_doomed or self._is_over:
            raise Died

    # --- around the executors ----------------------------------------------------------------------------------------

    def see_begin(self, key: Key) -> int:
        """Take note that the acting agent begins with work."""
        process = self._stack[-1]
        number = self._observer.see_begin(process.actor, key, was_frozen=process.was_frozen)
        self._tell(f"{process.name} begins run {key[0]}, step {key[1]}, try {number}")
        return number

    def see_deed(self, deed: Deed) -> None:
        """Take note of what the code of users did for the acting agent."""
        self._observer.see_deed(self._stack[-1].actor, deed)

    def check_alive(self) -> None:
        """Raise what ends the acting process, if it has died while the code of a call was carried out."""
        if self._stack[-1].is_doomed:
            raise Died

    def make_flag(self) -> threading.Event:
        """Make a flag for which waiting takes simulated time, in which the others go on."""
        process = self._stack[-1]
        return PatientFlag(lambda seconds: self._wait(process, seconds))

    # --- the end of all misfortune -----------------------------------------------------------------------------------

    def _calm_down(self) -> None:
        """Let nothing go wrong from now on."""
        self._is_quiet = True
        self._changed_at = self._time.passed
        self._away_until.clear()
        self._installation.mend()
        for process in self._processes:
            process.starts_at = min(process.starts_at, self._time.passed)
        self._tell("nothing goes wrong any more")

    def _come_to_rest(self) -> None:
        """Take turns until all that is due has come to its end, which must be soon."""
        last, rested_at = self._turn + MOST_TURNS, self._time.passed + HEARTBEAT_TIMEOUT.total_seconds()
        while not self._is_over and ((unfinished := self._list_unfinished()) or self._time.passed < rested_at):
            if self._turn >= last or self._time.passed - self._changed_at > PATIENCE_SECONDS:
                self._observer.breaches += [Breach(8, sentence) for sentence in unfinished]
            chore = find_chore(self._observer.picture, self._resumed)
            if chore is not None:
                self._ask(chore)
            self._take_turn()
        if not self._is_over:
            self._observer.breaches += self._ask_doctor()

    def _ask_doctor(self) -> Iterator[Breach]:
        """Ask the rows themselves, as people do who look for what is wrong."""
        overdue_since = self._time.now() - FULL_PASS_EVERY - 3 * INTERVAL
        with self._acting(self._person), self._store.read() as tx:
            since = find_since(tx, overdue_since=overdue_since, heartbeat_timeout=HEARTBEAT_TIMEOUT)
            for invariant in INVARIANTS:
                yield from (Breach(invariant.number, found) for found in invariant.find(tx, since))

    def _list_unfinished(self) -> list[str]:
        unfinished = list(find_unfinished(self._observer.picture, to_microseconds(self._time.now())))
        for machine in self._installation.machines.values():
            under_way = [key for (_, key), job in machine.jobs.items() if job.ends_at > self._time.passed]
            unfinished += [f"a command of run {key[0]}, step {key[1]} goes on" for key in under_way]
        return unfinished


def _make_nothing(actor: Actor) -> Program:
    raise AssertionError(f"{actor.name} is no program")
