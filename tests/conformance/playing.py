"""Playing: what happens in a scenario, line by line, in a world of its own with real parts throughout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import delete
from tests.conformance.casting import Cast
from tests.conformance.declaring import write_project
from tests.conformance.looking import Look
from tests.conformance.scenarios import Scenario, read_lines
from tests.conformance.stage import Stage, StageExecutor, on_stage

from ostinato.clock import Clock
from ostinato.durations import parse_duration
from ostinato.errors import OstinatoError
from ostinato.handles import Handle
from ostinato.model.runs import Run
from ostinato.operations import cancelling, declaring, halting, sending, starting, steering
from ostinato.operations.people import Person
from ostinato.store import runs
from ostinato.store import schema as t
from ostinato.testing.plan_world import HiredAgent, PlanWorld

SLOT = "main/-/2026-01-09"
HANDLE = "handle"
"""Who asks by the handle of a run, and not as a person by name."""


class Play:
    """A scenario on stage."""

    def __init__(self, scenario: Scenario, folder: Path, database: str) -> None:
        self.given = scenario.given
        self.stage = Stage(folder, self.name_run)
        self.cast = Cast(self.stage, self.given)
        write_project(folder, self.given)
        self.plans = PlanWorld(folder, database, agents=(), make_executor=self._make_executor)
        self.world = self.plans.world
        self.stage.see_status = lambda run_id: self._get_run(run_id).status
        self.refused: list[str] = []
        self._stopping: list[HiredAgent] = []
        self._frozen: dict[str, HiredAgent] = {}
        self._executors: list[StageExecutor] = []
        for name, settings in self.given.get("agents", {"agent": {}}).items():
            self._hire({"name": name, **settings})

    def play(self, lines: Sequence[tuple[str, Any]], then: Mapping[str, Any]) -> None:
        """Have happen what the lines say, and look how things stand then."""
        for word, about in lines:
            if word == "together":
                for one, more in read_lines(about):
                    self._do(one, more)
            else:
                self._do(word, about)
            self._settle()
        self._see(then)

    def close(self) -> None:
        """Take everything down."""
        self.stage.release_all()
        self.plans.agents.update(self._frozen)
        self.plans.close()
        self.cast.let_go()

    # --- runs and their names ----------------------------------------------------------------------------------------

    def list_runs(self, plan: str) -> list[Run]:
        """List the runs of a plan, in the order in which they came into being."""
        with self.world.store.read() as tx:
            found = runs.list_runs(tx)
        return [run for run in reversed(found) if _plan_of(run) == plan]

    def find_run(self, name: str) -> Run | None:
        """Return the run that goes by that name: ``main``, or ``main 2``."""
        plan, _, number = name.partition(" ")
        found = self.list_runs(plan)
        index = int(number or 1) - 1
        return found[index] if index < len(found) else None

    def name_run(self, run_id: int) -> str:
        """Return the name by which a run goes."""
        run = self._get_run(run_id)
        plan = _plan_of(run)
        number = [one.id for one in self.list_runs(plan)].index(run_id) + 1
        return plan if number == 1 else f"{plan} {number}"

    def _get_run(self, run_id: int) -> Run:
        with self.world.store.read() as tx:
            run = runs.find_run(tx, run_id)
        if run is None:
            raise LookupError(f"there is no run {run_id}")
        return run

    def _id_of(self, about: Any, key: str = "") -> int:
        """Return the id of the run that a line speaks of."""
        name = about.get("run", "main") if isinstance(about, Mapping) else about if key == "run" and about else "main"
        run = self.find_run(name)
        if run is None:
            raise LookupError(f"there is no run {name}")
        return run.id

    # --- lines -------------------------------------------------------------------------------------------------------

    def _do(self, word: str, about: Any) -> None:
        if word in _LINES:
            _LINES[word](self, about)
            return
        by = Person(about.get("by", "tester") if isinstance(about, Mapping) else "tester")
        try:
            _REQUESTS[word](self, about, by)
        except OstinatoError as error:
            self.refused.append(str(error))

    def _settle(self) -> None:
        self.plans.run_until_idle()
        for hired in [hired for hired in self._stopping if hired.agent.is_done]:
            self._stopping.remove(hired)
            self.plans.dismiss(hired)

    def _see(self, expected: Mapping[str, Any]) -> None:
        refused, self.refused = self.refused, []
        problems = list(Look(self).compare({"refused": [], **expected}, refused))
        assert not problems, "\n".join(problems)

    def _start(self, about: Any, by: Person) -> None:
        asked: Mapping[str, Any] = {"plan": about} if isinstance(about, str) else about
        plan = asked.get("plan", "main")
        if "definition" in self.cast.plans[plan]:
            self._declare(by)
            return
        now = self.plans.clock.now()
        spans = {key: parse_duration(asked[key]) for key in ("in", "before") if key in asked}
        if asked.get("on") == "agent":
            spans["in"] = parse_duration("1s")
        needs = asked.get("needs", [])
        trigger = self.plans.trigger.with_options(
            start_at=now + spans["in"] if "in" in spans else None,
            start_before=now + spans["before"] if "before" in spans else None,
            after=[self._id_of({"run": need}) for need in ([needs] if isinstance(needs, str) else needs)],
            context=asked.get("context", {}),
        )
        declared = self.cast.plans[plan]
        before = len(self.list_runs(plan))
        try:
            trigger(self.stage.things[plan], **{**declared.get("input", {}), **asked.get("input", {})})
        except RuntimeError as error:  # what the code that plans has raised
            self.refused.append(str(error))
        finally:
            new = self.list_runs(plan)[before:]
            if new:
                self.stage.adopt_journal(new[-1].id)
        if asked.get("on") == "agent":
            self.plans.advance("1s")

    def _declare(self, by: Person) -> None:
        """Have the slot of the definition come due, as it is declared."""
        difference = declaring.apply(self.world, by=by)
        self.refused += difference.errors

    def _retry(self, about: Any, by: Person) -> None:
        starting.retry(self.world, SLOT, by=by)

    def _cancel(self, about: Any, by: Person) -> None:
        run_id = self._id_of(about, "run")
        if by.name == HANDLE:
            Handle(run_id, self.world).cancel()
        else:
            cancelling.cancel(self.world, str(run_id), by=by)

    def _send(self, about: Any, by: Person) -> None:
        if by.name == HANDLE:
            Handle(self._id_of(about), self.world).send_event(about["step"], about["event"], about.get("payload"))
            return
        due_at = self.plans.clock.now() + parse_duration(about["in"]) if "in" in about else None
        sending.send_event(
            self.world,
            str(self._id_of(about)),
            about["step"],
            about["event"],
            about.get("payload"),
            by=by,
            due_at=due_at,
            optional=about.get("optional", False),
        )

    def _answer(self, about: Any, by: Person) -> None:
        fields = dict(about["with"])
        verdict = fields.pop("answer")
        sending.answer(self.world, str(self._id_of(about)), verdict, fields, step=about["step"], by=by)

    def _release(self, about: Any) -> None:
        asked: Mapping[str, Any] = about if isinstance(about, Mapping) else {"step": about}
        names = asked.get("run")
        for name in names if isinstance(names, list) else [names]:
            run_id = None if name is None else self._id_of({"run": name})
            for step in asked["step"] if isinstance(asked["step"], list) else [asked["step"]]:
                self.stage.release(step, run_id)
                self._settle()

    def _remove(self, about: Any) -> None:
        with self.world.store.write() as tx:
            tx.execute(delete(t.runs).where(t.runs.c.id == self._id_of({"run": about})))

    # --- agents ------------------------------------------------------------------------------------------------------

    def _hire(self, about: Any) -> None:
        asked: Mapping[str, Any] = {"name": about} if isinstance(about, str) else about
        name = asked.get("name", "agent")
        self.plans.hire(name, queues=asked.get("queues", ("default",)), concurrency=asked.get("concurrency", 100))
        lacks = asked.get("lacks", ())
        self._executor_of(name).lacks = frozenset([lacks] if isinstance(lacks, str) else lacks)

    def _make_executor(self, clock: Clock, *, log_size: int) -> StageExecutor:
        self._executors.append(StageExecutor(self.stage, clock, log_size=log_size))
        return self._executors[-1]

    def _executor_of(self, name: str) -> StageExecutor:
        hired = self.plans.agents.get(name) or self._frozen[name]
        return next(executor for executor in self._executors if executor is hired.executor)

    def _freeze(self, about: Any) -> None:
        """Have an agent's process stand still, as one that the system has put to sleep; its threads go on."""
        name = about or "agent"
        self._executor_of(name).is_heard = False
        self._frozen[name] = self.plans.agents.pop(name)

    def _thaw(self, about: Any) -> None:
        name = about or "agent"
        self.plans.agents[name] = self._frozen.pop(name)
        self._executor_of(name).is_heard = True

    def _kill(self, about: Any) -> None:
        """Have an agent be gone as its process would: nothing of it is heard any more, and its name is free."""
        self._executor_of(about or "agent").vanish()
        hired = self.plans.agents.pop(about or "agent")
        if hired.agent._identity is not None:
            hired.agent._identity.release()

    def _stop(self, about: Any) -> None:
        hired = self.plans.agents[about or "agent"]
        hired.agent.stop()
        self._stopping.append(hired)


_LINES: Mapping[str, Callable[[Play, Any], object]] = {
    "release": Play._release,
    "advance": lambda play, about: play.plans.advance(about),
    "jump": lambda play, about: play.plans.jump(),
    "remove": Play._remove,
    "kill_agent": Play._kill,
    "stop_agent": Play._stop,
    "start_agent": Play._hire,
    "freeze_agent": Play._freeze,
    "thaw_agent": Play._thaw,
    "see": Play._see,
}
"""Lines that nobody can refuse."""

_REQUESTS: Mapping[str, Callable[[Play, Any, Person], object]] = {
    "start": Play._start,
    "resume": lambda play, about, by: steering.resume(play.world, str(play._id_of(about, "run")), by=by),
    "give_up": lambda play, about, by: steering.fail(play.world, str(play._id_of(about, "run")), by=by),
    "cancel": Play._cancel,
    "halt": lambda play, about, by: halting.halt(play.world, str(play._id_of(about, "run")), by=by),
    "lift_halt": lambda play, about, by: halting.lift_halt(play.world, str(play._id_of(about, "run")), by=by),
    "skip": lambda play, about, by: steering.skip(
        play.world, str(play._id_of({})), about.replace(" finalize", ".finalize"), by=by
    ),
    "edit": lambda play, about, by: steering.edit_input(
        play.world, str(play._id_of(about)), about["step"], about["input"], by=by
    ),
    "retry": Play._retry,
    "send": Play._send,
    "answer": Play._answer,
}
"""What somebody asks for, and may be refused."""


@contextmanager
def open_play(scenario: Scenario, folder: Path, database: str) -> Iterator[Play]:
    """Lend a play, which is taken down at the end of the block."""
    play = Play(scenario, folder, database)
    try:
        with on_stage(play.stage):
            yield play
    finally:
        play.close()


def _plan_of(run: Run) -> str:
    return run.work.rpartition(":")[2]
