"""load_flights: take an airline's delivery of one day into the warehouse.

A day's flights are those *planned* to depart on that date by New York's calendar, whenever they left in fact:
that is what the delivery of the date holds. A slot of this job is a day in the time zone of the airline's
home base, which says when the delivery is due, not which flights are in it.
"""

from __future__ import annotations

from jobs.command import iso_date, run
from jobs.landing import number, read_flights
from jobs.warehouse import transaction

LATE_MINUTES = 15
"""From so many minutes after its planned arrival a flight counts as late, as in the official statistics."""


def load_flights(airline: str, date: str) -> str:
    """Replace the flights of ``airline`` on ``date`` by what was delivered."""
    flights = read_flights(airline, date, lambda row: _flight(row, airline, date))
    with transaction() as warehouse:
        warehouse.execute("DELETE FROM flights WHERE date = ? AND airline = ?", (date, airline))
        warehouse.executemany("INSERT INTO flights VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", flights)
    cancelled = sum(flight[-1] == "cancelled" for flight in flights)
    return f"{airline} {date}: {len(flights)} flights loaded, {cancelled} of them cancelled"


def outcome(departure_delay: float | None, arrival_delay: float | None) -> str:
    """Say what became of a flight: cancelled (never left), diverted (no arrival known), late or on_time."""
    if departure_delay is None:
        return "cancelled"
    if arrival_delay is None:
        return "diverted"
    return "late" if arrival_delay >= LATE_MINUTES else "on_time"


def _flight(row: dict[str, str], airline: str, date: str) -> tuple[object, ...]:
    planned = f"{row['year']}-{int(row['month']):02}-{int(row['day']):02}"
    if (row["carrier"], planned) != (airline, date):
        raise ValueError(f"a flight of {row['carrier']} on {planned}")
    departure_delay, arrival_delay = number(row["dep_delay"]), number(row["arr_delay"])
    return (
        date,
        airline,
        int(row["flight"]),
        row["origin"],
        row["dest"],
        int(row["hour"]),
        row["time_hour"],
        departure_delay,
        arrival_delay,
        outcome(departure_delay, arrival_delay),
    )


if __name__ == "__main__":
    run(load_flights, airline=str, date=iso_date)
