"""network_day: sum up one day of all airlines."""

from __future__ import annotations

from jobs.command import JobError, iso_date, run
from jobs.figures import ratio
from jobs.warehouse import transaction

ENOUGH_FLIGHTS = 10
"""An airline with fewer flights on the day is not named as the most or least punctual."""

TOTALS = """
    SELECT count(*) AS airlines, sum(flights) AS flights, sum(on_time) AS on_time, sum(late) AS late,
           sum(diverted) AS diverted, sum(cancelled) AS cancelled,
           sum(arrival_mean * (on_time + late)) AS arrival_minutes
    FROM delays WHERE date = ?
"""
BY_PUNCTUALITY = """
    SELECT airline FROM delays WHERE date = ? AND flights >= ? ORDER BY 1.0 * on_time / flights DESC, airline
"""


def network_day(date: str) -> str:
    """Replace the row of ``date``."""
    with transaction() as warehouse:
        day = warehouse.execute(TOTALS, (date,)).fetchone()
        if not day["airlines"]:
            raise JobError(f"no delays of {date} in the warehouse; run the job `delays` for its airlines first")
        ranking = [row["airline"] for row in warehouse.execute(BY_PUNCTUALITY, (date, ENOUGH_FLIGHTS))]
        warehouse.execute("DELETE FROM network_days WHERE date = ?", (date,))
        warehouse.execute(
            "INSERT INTO network_days VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                date,
                *(day[name] for name in ("airlines", "flights", "on_time", "late", "diverted", "cancelled")),
                ratio(day["arrival_minutes"] or 0, day["on_time"] + day["late"]),
                ranking[0] if ranking else None,
                ranking[-1] if ranking else None,
            ),
        )
    return f"{date}: {day['on_time']} of {day['flights']} flights of {day['airlines']} airlines on time"


if __name__ == "__main__":
    run(network_day, date=iso_date)
