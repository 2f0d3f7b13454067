"""The code of users in a simulation: actions and plans, which enter in the ledger what they do.

How an action ends follows from its input and from the number of its try, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ostinato.actions.action import Action
from ostinato.actions.command import Command
from ostinato.actions.context import current_step
from ostinato.actions.functions import action, plan
from ostinato.actions.retries import fixed
from ostinato.actions.sub_plans import Child, SubPlans
from ostinato.model.steps import Event
from ostinato.simulation.ledger import enter_deed

FLOWS = __name__
"""What the plans here are named by."""

PROGRAM = "simulated"
"""The program of simulated commands. What follows is how many of its tries fail."""


def _work(fails: int) -> int:
    step = current_step()
    enter_deed("run", step)
    if step.try_number <= fails:
        raise RuntimeError(f"try {step.try_number} of {fails} that fail")
    return step.try_number


@action
def book(part: int, fails: int = 0) -> int:
    """Do what may not be done twice. A person decides about its failure."""
    _work(fails)
    return part


@action(idempotent=True)
def refresh(part: Any, fails: int = 0) -> Any:
    """Do what may be done again."""
    _work(fails)
    return part


@action(retry=fixed(attempts=3, wait="20s"), rescue="skip")
def call_out(fails: int = 1) -> None:
    """Do what fails now and then, and is not missed."""
    _work(fails)


class Ask(Action):
    """Wait for answers, as many as are wanted. One that comes again is taken in like any other."""

    def run(self, answers: int) -> Any:
        enter_deed("run", self.step)
        self.output = {"got": []}
        self.step.suspend()

    def on_event(self, event: Event) -> Any:
        enter_deed("event", self.step)
        self.output["got"].append(event.id)
        if len(self.output["got"]) < self.input["answers"]:
            self.step.suspend()


class PatientAsk(Ask):
    """Wait for answers, where being interrupted with one in hand does no harm."""

    idempotent = True


class Nap(Action):
    """Wait until some time has passed."""

    def run(self, seconds: int) -> Any:
        enter_deed("run", self.step)
        self.step.suspend(until=f"{seconds}s")

    def on_event(self, event: Event) -> Any:
        enter_deed("event", self.step)
        return event.name


class Keep(Action):
    """Do something, and finalize it."""

    def run(self, part: int) -> Any:
        enter_deed("run", self.step)
        return part

    def finalize(self) -> None:
        enter_deed("finalize", self.step)


class Family(SubPlans):
    """Start plans, two at a time."""

    concurrency = 2

    def create_plans(self, children: int, fails: int) -> Iterator[Child]:
        for number in range(children):
            yield self.trigger(errand, fails=fails if number == 0 else 0)

    def run(self, **given: Any) -> Any:
        enter_deed("run", self.step)
        return super().run(**given)

    def on_event(self, event: Event) -> Any:
        enter_deed("event", self.step)
        return super().on_event(event)


@plan
def errand(fails: int = 0) -> None:
    """Do three things, of which the last two go side by side."""
    first = book(part=1, fails=fails)
    refresh(part=first)
    call_out(fails=1 + fails)


@plan
def inquiry(answers: int = 1) -> None:
    """Do something when answers have come to two questions."""
    asked = [Ask(answers=answers), PatientAsk(answers=answers)]
    book(part=2, after=asked)


@plan
def night(seconds: int = 40) -> None:
    """Sleep twice, for times of which one is longer."""
    naps = [Nap(seconds=seconds), Nap(seconds=2 * seconds)]
    refresh(part=naps)


@plan
def household(children: int = 3, fails: int = 0) -> None:
    """Start plans, wait for them, and do something."""
    book(part=3, after=[Family(children=children, fails=fails)])


@plan(singleton="wait")
def lodger(seconds: int = 30) -> None:
    """Sleep where only one may sleep at a time."""
    Nap(seconds=seconds)


@plan
def treasury() -> None:
    """Do things that are finalized together."""
    Keep(part=1)
    Keep(part=2)


@plan
def shell(fails: int = 0) -> None:
    """Run two commands in a row, the second of which may be run again."""
    first = Command.with_options(name="first")([PROGRAM, str(fails)])
    Command.with_options(name="second", idempotent=True)([PROGRAM, "0"], after=[first])
