"""The plan that publishes a month of an airline, and the actions of which it is made.

Each action replaces what an earlier call of it has made, so each may be interrupted at any moment and called again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from monthly import warehouse
from monthly.deliveries import Delivery, list_days, read_delivery
from monthly.tables import TABLES

from ostinato import Action, Approval, Event, Fail, SubPlans, action, concurrence, current_step, fixed, plan, sequence

PATIENCE = timedelta(days=7)
"""How long a question waits for its answer. After that the month is not published."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a month may be out of the ordinary and still be published without asking anybody."""

    cancelled_percent: float = 5.0
    changed_rows: int = 100


@dataclass(frozen=True, slots=True)
class Month:
    """A month that is being published: whose, which, how many flights it has, and how many were left out."""

    airline: str
    first: date
    flights: int
    cancelled: int
    left_out: int

    @property
    def cancelled_percent(self) -> float:
        """Return the share of its flights that were cancelled."""
        return 100 * self.cancelled / self.flights if self.flights else 0.0


class DefectiveDelivery(Exception):
    """More flights were delivered with defects than are allowed."""


class Refused(Exception):
    """A person does not want the month to be published."""


ORDINARY = Limits()


@plan(session=warehouse.publication, singleton=True, singleton_key=lambda airline, month: [airline, f"{month:%Y-%m}"])
def publish_month(airline: str, month: date, limits: Limits = ORDINARY) -> Any:
    """Publish the month that begins on ``month``: inspect, extract, stage all tables, ask if need be, publish."""
    with sequence():
        inspect_delivery(airline, month)
        extracted = extract_month(airline, month)
        with concurrence():
            for table in TABLES:
                StageTable.with_options(name=f"stage-{table}")(extracted, table)
        changed = count_changes(extracted)
        release = Release(extracted, changed, limits)
        RecordPublication(extracted, release["by"])
    return {"flights": extracted.flights, "left_out": extracted.left_out, "changed": changed, "release": release}


class PublishMonths(SubPlans):
    """Publish many months of many airlines, four at a time."""

    concurrency = 4

    def create_plans(self, airlines: list[str], months: list[date], limits: Limits = ORDINARY) -> Iterator[Any]:
        for month in months:
            for airline in airlines:
                yield self.trigger(publish_month, airline, month, limits)


@action(idempotent=True)
def inspect_delivery(airline: str, month: date, allowed: int = 0) -> dict[str, int]:
    """Look at all that was delivered. It fails, and waits for a person, if more than is ``allowed`` is defective.

    It reads the files themselves, so whoever mends them can resume. Defects are streamed, each a line.
    """
    defects = []
    for delivery in _read_days(airline, month):
        for defect in delivery.defects:
            current_step().emit(str(defect))
            defects.append(defect)
    if len(defects) > allowed:
        raise DefectiveDelivery(f"defects: {len(defects)}, allowed: {allowed}; the first is {defects[0]}")
    return {"defects": len(defects)}


@action(idempotent=True)
def extract_month(airline: str, month: date) -> Month:
    """Take all flights without defects into the staging area."""
    flights, left_out = [], 0
    for delivery in _read_days(airline, month):
        flights += delivery.flights
        left_out += len(delivery.defects)
    warehouse.stage_flights(airline, month, flights)
    cancelled = sum(flight.outcome == "cancelled" for flight in flights)
    return Month(airline, month, len(flights), cancelled, left_out)


class StageTable(Action):
    """Make one table ready; publish it when all of the plan has gone well, in one transaction with the others."""

    idempotent = True
    retry = fixed(3, "1s")
    retry_on = (sqlite3.OperationalError,)  # somebody else has the file for longer than we wait

    def run(self, month: Month, table: str) -> dict[str, Any]:
        return {"rows": warehouse.stage_table(month.airline, month.first, table)}

    def finalize(self, month: Month, table: str) -> None:
        warehouse.publish_table(self.step.session, month.airline, month.first, table)


@action(idempotent=True)
def count_changes(month: Month) -> int:
    """Count the rows of all tables that are published now and would not be the same any more."""
    return sum(warehouse.count_changed_rows(month.airline, month.first, table) for table in TABLES)


class Release(Approval):
    """Let an ordinary month pass; ask a person about any other, and fail if the answer is no."""

    rescue = Fail

    def run(self, month: Month, changed: int, limits: Limits) -> Any:  # type: ignore[override] # finds the question
        oddities = list_oddities(month, changed, limits)
        if not oddities:
            return {"answer": "yes", "by": "nobody had to be asked"}
        question = f"Publish {month.airline} {month.first:%Y-%m}? {', '.join(oddities)}"
        return super().run(question=question, deadline=PATIENCE)

    def on_event(self, event: Event) -> Any:
        release = super().on_event(event)
        if release["answer"] == "no":
            raise Refused(f"{release['by']} says no: {release['question']}")
        return release


class RecordPublication(Action):
    """Record, in the transaction that publishes a month, whose word it was."""

    idempotent = True

    def finalize(self, month: Month, released_by: str) -> None:
        self.step.session.execute(
            "INSERT OR REPLACE INTO publications VALUES (?, ?, ?, ?, ?, ?)",
            (month.airline, f"{month.first:%Y-%m}", month.flights, month.left_out, released_by, self.step.run_id),
        )


def list_oddities(month: Month, changed: int, limits: Limits) -> list[str]:
    """Return in which ways a month is out of the ordinary."""
    oddities = []
    if month.cancelled_percent > limits.cancelled_percent:
        oddities.append(f"{month.cancelled} of {month.flights} flights cancelled ({month.cancelled_percent:.1f} %)")
    if changed > limits.changed_rows:
        oddities.append(f"{changed} rows changed since it was last published")
    return oddities


def _read_days(airline: str, month: date) -> Iterator[Delivery]:
    """Yield what was delivered day by day; tell how far it is, and end if the step is to end."""
    step, days = current_step(), list_days(month)
    for done, day in enumerate(days):
        step.end_if_cancelled()
        step.progress(done / len(days), f"{day}")
        yield read_delivery(airline, day)
