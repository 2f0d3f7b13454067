"""A night: one store, one clock that stands still, and what is declared; the whole loop in one thread.

It drives the engine's steps and plays the agents, as a simulation and as tests want it: nothing happens but by a
call, and nothing takes time but when the clock is moved. It decides nothing and knows no SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from ostinato.clock import ManualClock
from ostinato.engine.context import Context, Desired, EngineSettings
from ostinato.engine.everything import look_at_everything
from ostinato.engine.steps import STEPS, Step
from ostinato.model.accounts import DeclaredAccount
from ostinato.model.agents import Agent
from ostinato.model.definitions import DeclaredDefinition
from ostinato.model.engine import StepOutcome
from ostinato.model.evidence import EndKind
from ostinato.model.limits import DEFAULT_RULES
from ostinato.model.runs import ClaimedRun, NewRun, Run
from ostinato.model.slots import Slot, SlotFace, SlotName
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.policies.alignment import Load
from ostinato.store import agents, claims, runs, slot_lists, slots
from ostinato.store.database import Store
from ostinato.store.versioning import open_schema
from ostinato.testing.factories import NOON, make_end, make_evidence

ENGINE = "engine-1"
AGENT = "agent-1"

Ending = Callable[[ClaimedRun], RunStatus]
"""Decides how a run that was claimed ends."""


class Night:
    """A store, a clock and declarations, with the verbs that tests speak in."""

    def __init__(self, store: Store, *, now: datetime = NOON, steps: Sequence[Step] = STEPS) -> None:
        self.store = store
        self.clock = ManualClock(now)
        self.settings = EngineSettings()
        self.rules = DEFAULT_RULES
        self.steps = tuple(steps)
        self._accounts: dict[str, Load[DeclaredAccount]] = {}
        self._definitions: dict[str, Load[DeclaredDefinition]] = {}
        self._agents: dict[str, Agent] = {}
        self._claimed: dict[int, ClaimedRun] = {}

    @property
    def now(self) -> datetime:
        """Return the instant at which the clock stands."""
        return self.clock.now()

    @property
    def desired(self) -> Desired:
        """Return what is declared."""
        return Desired(tuple(self._accounts.values()), tuple(self._definitions.values()))

    def declare(
        self,
        *,
        accounts: Iterable[DeclaredAccount] | None = None,
        definitions: Iterable[DeclaredDefinition] | None = None,
        source: str = "declared",
    ) -> None:
        """Have ``source`` declare these rows, and only these; of a kind that is not given, what it did before."""
        if accounts is not None:
            self._accounts[source] = Load(source, {row.token: row for row in accounts})
        if definitions is not None:
            self._definitions[source] = Load(source, {row.name: row for row in definitions})

    def break_source(self, source: str, error: str = "cannot be read") -> None:
        """Have ``source`` fail to load from now on."""
        for loads in (self._accounts, self._definitions):
            if source in loads:
                loads[source] = Load(source, error=error)

    def drop_source(self, source: str) -> None:
        """Take ``source`` out of the project."""
        self._accounts.pop(source, None)
        self._definitions.pop(source, None)

    def limit(self, **rules: object) -> None:
        """Change the rules by which agents claim."""
        self.rules = replace(self.rules, **rules)  # type: ignore[arg-type]  # checked by the record

    def set(self, **settings: object) -> None:
        """Change settings of the engine."""
        self.settings = replace(self.settings, **settings)  # type: ignore[arg-type]  # checked by the record

    def tick(self, *, full: bool = False, engine: str = ENGINE) -> list[StepOutcome]:
        """Run passes over all steps at the present instant until no step has more to do; return all outcomes."""
        if full:
            with self.store.write() as tx:
                look_at_everything(tx, Context(self.now, engine, self.settings))
        outcomes: list[StepOutcome] = []
        more = True
        while more:
            passed = self.run_pass(engine=engine)
            more = any(outcome.more for outcome in passed)
            outcomes += passed
        return outcomes

    def run_pass(self, *, engine: str = ENGINE) -> list[StepOutcome]:
        """Run each step once at the present instant."""
        context = Context(self.now, engine, self.settings)
        return [self._run(step, context) for step in self.steps]

    def advance(self, **span: float) -> None:
        """Move the clock on, as in ``advance(hours=1)``."""
        self.clock.advance(timedelta(**span))

    def agent(self, name: str = AGENT, *, queues: Sequence[str] = ("default",)) -> Agent:
        """Return the agent of that name; it registers when it is first asked for."""
        if name not in self._agents:
            with self.store.write() as tx:
                self._agents[name] = agents.register_agent(
                    tx, name=name, host="here", pid=1, queues=queues, concurrency=1_000, version="0", now=self.now
                )
        return self._agents[name]

    def beat(self, name: str = AGENT) -> None:
        """Send an agent's heartbeat."""
        agent = self.agent(name)
        with self.store.write() as tx:
            agents.beat(tx, agent, status=AgentStatus.ALIVE, now=self.now)

    def claim(
        self, *, limit: int = 1_000, agent: str = AGENT, queues: Sequence[str] = ("default",)
    ) -> list[ClaimedRun]:
        """Have an agent claim what waits, and remember the leases."""
        registered = self.agent(agent)
        with self.store.write() as tx:
            claimed = claims.claim_runs(
                tx, agent_id=registered.id, actor=agent, queues=queues, limit=limit, now=self.now, rules=self.rules
            )
        self._claimed |= {run.id: run for run in claimed}
        return claimed

    def create(self, *new: NewRun, actor: str = "tester") -> list[int]:
        """Create runs at the present instant; return the ids of those that were."""
        with self.store.write() as tx:
            ids = runs.create_runs(tx, new, actor=actor, now=self.now)
        return [id for id in ids if id is not None]

    def finish(
        self,
        what: ClaimedRun | str,
        status: RunStatus = RunStatus.SUCCESS,
        *,
        kind: EndKind | None = None,
        exit_code: int | None = None,
    ) -> bool:
        """End a run, given itself or as the name of its slot; a run that waits still is claimed with all others.

        ``False`` when the lease under which it was claimed is gone.
        """
        claimed = what if isinstance(what, ClaimedRun) else self._claimed_run_of(what)
        evidence = make_evidence(status, kind=kind, exit_code=exit_code)
        with self.store.write() as tx:
            return not claims.move_held_runs(tx, [make_end(claimed, status, evidence)], actor=AGENT, now=self.now)

    def work(self, ending: Ending = lambda run: RunStatus.SUCCESS) -> list[str]:
        """Tick, claim and finish until there is nothing left to do; return the names of what ran, in order."""
        ran: list[str] = []
        busy = True
        while busy:
            changed = changes(self.tick())
            claimed = self.claim()
            for run in claimed:
                self.finish(run, ending(run))
                ran.append(str(run.slot or run.work))
            busy = bool(claimed or changed)
        return ran

    def slot(self, name: str) -> Slot:
        """Return the slot of that name."""
        with self.store.read() as tx:
            slot = slots.find_slot(tx, SlotName.parse(name))
        if slot is None:
            raise LookupError(f"no slot {name}; there are {', '.join(self.slots())}")
        return slot

    def face(self, name: str) -> SlotFace:
        """Return the status of a slot as people see it."""
        return self.slot(name).face(self.now)

    def slots(self, definition: str | None = None, *, account: str | None = None) -> dict[str, SlotFace]:
        """Return the status of every slot by its name, in the order of their starts."""
        with self.store.read() as tx:
            found = slot_lists.list_slots(tx, slot_lists.SlotFilter(definition=definition, account=account))
        return {str(slot.name): slot.face(self.now) for slot in found}

    def runs(self, slot: str | None = None, *, statuses: Collection[RunStatus] = ()) -> list[Run]:
        """Return the runs of a slot, or all, oldest first."""
        slot_id = None if slot is None else self.slot(slot).id
        with self.store.read() as tx:
            return runs.list_runs(tx, slot_id=slot_id, statuses=statuses)[::-1]

    def run(self, slot: str) -> Run:
        """Return the latest run of a slot."""
        return self.runs(slot)[-1]

    def _run(self, step: Step, context: Context) -> StepOutcome:
        with self.store.write() as tx:
            return step(tx, self.desired, context)

    def _claimed_run_of(self, slot: str) -> ClaimedRun:
        run = self.run(slot)
        if run.status is RunStatus.WAITING:
            self.claim()
        return self._claimed[run.id]


@contextmanager
def open_night(database_url: str, *, now: datetime = NOON) -> Iterator[Night]:
    """Lend a night on a database that has just been made."""
    store = Store(database_url)
    open_schema(store)
    try:
        yield Night(store, now=now)
    finally:
        store.close()


def changes(outcomes: Iterable[StepOutcome]) -> dict[str, int]:
    """Return how many rows each step changed that changed any."""
    total: dict[str, int] = {}
    for outcome in outcomes:
        if outcome.changed:
            total[outcome.step] = total.get(outcome.step, 0) + outcome.changed
    return total
