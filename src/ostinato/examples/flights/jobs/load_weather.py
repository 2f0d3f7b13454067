"""load_weather: take the weather of one day at Newark, Kennedy and LaGuardia into the warehouse.

An hour is *wet* with any rain or snow, *murky* when one sees less than three miles (below that, pilots may
not fly by sight), *gusty* from gusts of 35 mph; it is *bad* when it is any of them.
"""

from __future__ import annotations

from jobs.command import iso_date, run
from jobs.landing import number, read_weather
from jobs.warehouse import transaction

SIGHT_MILES = 3.0
GUST_MPH = 35.0


def load_weather(date: str) -> str:
    """Replace the weather of ``date`` by what was delivered."""
    hours = read_weather(date, lambda row: _hour(row, date))
    with transaction() as warehouse:
        warehouse.execute("DELETE FROM weather WHERE date = ?", (date,))
        warehouse.executemany("INSERT INTO weather VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", hours)
    return f"{date}: {len(hours)} hours of weather loaded, {sum(bool(hour[-1]) for hour in hours)} of them bad"


def _hour(row: dict[str, str], date: str) -> tuple[object, ...]:
    observed = f"{row['year']}-{int(row['month']):02}-{int(row['day']):02}"
    if observed != date:
        raise ValueError(f"weather of {observed}")
    precipitation, visibility, gust = (number(row[name]) for name in ("precip", "visib", "wind_gust"))
    wet = precipitation is not None and precipitation > 0
    murky = visibility is not None and visibility < SIGHT_MILES
    gusty = gust is not None and gust >= GUST_MPH
    return (
        date,
        row["origin"],
        row["time_hour"],
        number(row["temp"]),
        precipitation,
        visibility,
        gust,
        wet,
        murky,
        gusty,
        wet or murky or gusty,
    )


if __name__ == "__main__":
    run(load_weather, date=iso_date)
