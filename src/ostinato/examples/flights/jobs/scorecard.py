"""scorecard: sum up one airline's week, from ``start`` until before ``end``.

A week of which not every date is loaded (the first or the last of a range) is summed up over those that are,
and the row says how many they are.
"""

from __future__ import annotations

from jobs.command import JobError, iso_date, run
from jobs.figures import mean, median, quantile, ratio
from jobs.warehouse import transaction

DAYS = "SELECT * FROM delays WHERE airline = ? AND date >= ? AND date < ? ORDER BY date"
ARRIVALS = """
    SELECT arrival_delay FROM flights
    WHERE airline = ? AND date >= ? AND date < ? AND arrival_delay IS NOT NULL
"""


def scorecard(airline: str, start: str, end: str) -> str:
    """Replace the row of ``airline`` and the week that begins on ``start``."""
    with transaction() as warehouse:
        days = warehouse.execute(DAYS, (airline, start, end)).fetchall()
        if not days:
            raise JobError(
                f"no delays of {airline} from {start} until {end} in the warehouse;"
                " run the job `delays` for at least one of these days first"
            )
        arrivals = [row["arrival_delay"] for row in warehouse.execute(ARRIVALS, (airline, start, end))]
        flights, on_time, late, diverted, cancelled = (
            sum(day[name] for day in days) for name in ("flights", "on_time", "late", "diverted", "cancelled")
        )
        by_punctuality = [
            day["date"]
            for day in sorted(days, key=lambda day: day["on_time"] / max(day["flights"], 1), reverse=True)
            if day["flights"]
        ]
        warehouse.execute("DELETE FROM scorecards WHERE week = ? AND airline = ?", (start, airline))
        warehouse.execute(
            "INSERT INTO scorecards VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(start, airline, len(days), flights, on_time, late, diverted, cancelled),
                *(ratio(on_time, flights), mean(arrivals), median(arrivals), quantile(arrivals, 0.9)),
                by_punctuality[0] if by_punctuality else None,
                by_punctuality[-1] if by_punctuality else None,
            ),
        )
    return f"{airline} week of {start}: {on_time} of {flights} flights on time in {len(days)} days"


if __name__ == "__main__":
    run(scorecard, airline=str, start=iso_date, end=iso_date)
