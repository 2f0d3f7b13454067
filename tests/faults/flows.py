"""The code of users that is interrupted: actions and plans, each of which enters its calls in the ledger."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.faults import ledger

from ostinato import Action, Command, Event, SubPlans, action, current_step, fixed, plan
from ostinato.actions.sub_plans import Child
from ostinato.store import events

SCRIPT = str(Path(__file__).with_name("enter.sh"))
AGENT = "FAULTS_AGENT"
SENDER = "sender"


@action
def extract(part: int) -> int:
    """Do something that may not be done twice."""
    ledger.enter_call("run", current_step())
    return part


@action(idempotent=True)
def refresh(part: int) -> int:
    """Do something that may be done again."""
    ledger.enter_call("run", current_step())
    return part


@action
def combine(parts: Any) -> Any:
    """Use what others have made."""
    ledger.enter_call("run", current_step())
    return parts


@action(retry=fixed(attempts=3, wait="10s"))
def flaky() -> str:
    """Fail once."""
    return _fail_once()


@action
def stubborn() -> str:
    """Fail once, for a person to look at."""
    return _fail_once()


def _fail_once() -> str:
    step = current_step()
    ledger.enter_call("run", step)
    if not ledger.has("failed", run=step.run_id, step=step.number):
        ledger.enter("failed", run=step.run_id, step=step.number)
        raise RuntimeError("the first time it fails")
    return "done"


class Ask(Action):
    """Wait for events ``first`` and ``last``. While it has the first in hand, somebody sends it the one between."""

    def run(self) -> Any:
        ledger.enter_call("run", self.step)
        self.output = {"got": []}
        self.step.suspend()

    def on_event(self, event: Event) -> Any:
        ledger.enter_call("event", self.step)
        if event.name == "first" and not ledger.has("acknowledged", name="between"):
            send(self.step.run_id, self.step.number, "between", now=self.step.now())
        self.output["got"].append(event.name)
        if event.name != "last":
            self.step.suspend()


class Nap(Action):
    """Wait until some time has passed."""

    def run(self, seconds: int) -> Any:
        ledger.enter_call("run", self.step)
        self.output = {"got": []}
        self.step.suspend(until=f"{seconds}s")

    def on_event(self, event: Event) -> Any:
        ledger.enter_call("event", self.step)
        self.output["got"].append(event.name)


class Book(Action):
    """Do something, and finalize it. The finalizing of the second one fails once."""

    def run(self, part: int) -> Any:
        ledger.enter_call("run", self.step)
        return part

    def finalize(self, part: int) -> None:
        ledger.enter_call("finalize", self.step)
        if part == 2 and not ledger.has("failed", step=self.step.number):
            ledger.enter("failed", step=self.step.number)
            raise RuntimeError("the first time it fails")


class Family(SubPlans):
    """Start three plans, two at a time."""

    concurrency = 2

    def create_plans(self) -> Iterator[Child]:
        for part in (1, 2, 3):
            yield self.trigger(single, part=part)

    def run(self, **given: Any) -> Any:
        ledger.enter_call("run", self.step)
        return super().run(**given)

    def on_event(self, event: Event) -> Any:
        ledger.enter_call("event", self.step)
        return super().on_event(event)


@plan
def single(part: int = 1) -> None:
    """Do one thing."""
    extract(part=part)


@plan
def chain() -> Any:
    """Do three things in a row, the second of which waits for events."""
    first = extract(part=1)
    asked = Ask.with_options(name="ask")()
    return combine(parts=[first, asked["got"]])


@plan
def naps() -> None:
    """Wait for the time twice, and for what an event says later."""
    asked = Ask.with_options(name="ask", idempotent=True)()
    combine(parts=[Nap(seconds=30), Nap(seconds=40)["got"], asked])


@plan
def troubles() -> None:
    """Do what fails, in two ways, beside what may be done again."""
    combine(parts=[flaky(), stubborn(), refresh(part=1)])


@plan
def family() -> None:
    """Start plans, and wait for them."""
    combine(parts=[Family.with_options(name="family")()])


@plan(singleton="wait")
def alone() -> None:
    """Sleep while nobody else of this plan may live."""
    combine(parts=Nap(seconds=30)["got"])


@plan
def books() -> None:
    """Do things that are finalized together."""
    Book(part=1)
    Book(part=2)


@plan
def shell() -> None:
    """Run two commands in a row, the second of which may be run again."""
    first = Command.with_options(name="first")(["sh", SCRIPT])
    Command.with_options(name="second", idempotent=True)(["sh", SCRIPT], after=[first])


def send(run_id: int, step: int, name: str, *, now: datetime, due_at: datetime | None = None) -> None:
    """Send an event as somebody else, and enter it once it is acknowledged."""
    with ledger.open_store().write() as tx:
        sent = events.send_event(tx, run_id=run_id, step=step, name=name, sent_by=SENDER, now=now, due_at=due_at)
    ledger.enter("acknowledged", name=name, id=sent.id, run=run_id, step=step)


@action(idempotent=True)
def hold() -> str:
    """Say that this agent is here, and go on when somebody opens its gate."""
    ledger.enter_call("run", current_step())
    agent = os.environ[AGENT]
    os.write(1, f"{agent} holds\n".encode())
    return Path(os.environ[ledger.PATH]).with_name(f"gate-{agent}").read_text()


@plan
def relay() -> None:
    """Do three things in a row, the second of which takes as long as somebody wants."""
    first = extract(part=1)
    combine(parts=[first, hold(after=[first])])
