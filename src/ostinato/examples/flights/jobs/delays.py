"""delays: sum up one airline's day, with the weather at the airport and hour of each planned departure."""

from __future__ import annotations

from jobs.command import iso_date, run
from jobs.figures import mean, median, quantile, ratio
from jobs.warehouse import transaction

FLIGHTS = """
    SELECT outcome, departure_delay, arrival_delay, weather.bad
    FROM flights LEFT JOIN weather USING (date, origin, hour_at)
    WHERE flights.date = ? AND flights.airline = ?
"""
OUTCOMES = ("on_time", "late", "diverted", "cancelled")


def delays(airline: str, date: str) -> str:
    """Replace the row of ``airline`` and ``date``; a day without flights has a row too, which says so."""
    with transaction() as warehouse:
        flights = warehouse.execute(FLIGHTS, (date, airline)).fetchall()
        outcomes = [flight["outcome"] for flight in flights]
        departures = [flight["departure_delay"] for flight in flights if flight["departure_delay"] is not None]
        arrivals = [flight["arrival_delay"] for flight in flights if flight["arrival_delay"] is not None]
        in_bad_weather = [flight["outcome"] for flight in flights if flight["bad"]]
        row = (
            date,
            airline,
            len(flights),
            *(outcomes.count(outcome) for outcome in OUTCOMES),
            *(mean(departures), median(departures), quantile(departures, 0.9)),
            *(mean(arrivals), median(arrivals), quantile(arrivals, 0.9)),
            ratio(outcomes.count("late"), len(flights)),
            len(in_bad_weather),
            ratio(len(in_bad_weather), len(flights)),
            ratio(in_bad_weather.count("late"), len(in_bad_weather)),
        )
        warehouse.execute("DELETE FROM delays WHERE date = ? AND airline = ?", (date, airline))
        warehouse.execute("INSERT INTO delays VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    late = outcomes.count("late")
    return f"{airline} {date}: {late} of {len(flights)} flights late, {len(in_bad_weather)} in bad weather"


if __name__ == "__main__":
    run(delays, airline=str, date=iso_date)
