"""The charts of the page, as inline SVG without a script.

Owns shapes and scales; colours and type are those of ``style.css``. Widths are percentages and heights are
pixels, so a chart fits any screen while its text keeps its size; hence no ``viewBox``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from html import escape
from math import ceil, floor
from typing import NamedTuple

from jobs.report.facts import Tally

OUTCOMES = {"on_time": "on time", "late": "late", "diverted": "diverted", "cancelled": "cancelled"}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

FEW_FLIGHTS = 5
"""A cell with fewer flights shows no share: it would be chance."""

LABEL_WIDTH = 38


class Box(NamedTuple):
    """Where a shape stands: ``x`` and ``width`` in percent, ``y`` and ``height`` in pixels."""

    x: float
    y: float
    width: float
    height: float


def percent(share: float) -> str:
    """Write a share as whole percent."""
    return f"{100 * share:.0f}%"


def describe(tally: Tally) -> str:
    """Write the whole of a tally in words."""
    parts = [f"{tally.flights:,} flights"]
    parts += [f"{getattr(tally, name):,} {words}" for name, words in OUTCOMES.items()]
    return ", ".join(parts)


def render_outcome_bar(tally: Tally) -> str:
    """Draw one bar that is divided as the outcomes divide the flights."""
    return _svg(18, describe(tally), *_stack(tally))


def render_pair(fair: Tally, bad: Tally, lowest: float) -> str:
    """Draw the shares on time in fair and in bad weather as two dots on one line from ``lowest`` to 100%."""
    at_fair, at_bad = (100 * (tally.on_time_share - lowest) / (1 - lowest) for tally in (fair, bad))
    return _svg(
        18,
        f"on time in fair weather {percent(fair.on_time_share)}, in bad weather {percent(bad.on_time_share)}",
        _line(0, 9, 100, 9, "grid"),
        _line(at_bad, 9, at_fair, 9, "link"),
        _dot(at_fair, 9, "fair", f"fair weather: {describe(fair)}"),
        _dot(at_bad, 9, "bad", f"bad weather: {describe(bad)}"),
    )


def render_axis(lowest: float) -> str:
    """Draw the marks below the lines of ``render_pair``."""
    shares = [step / 10 for step in range(round(10 * lowest), 11)]
    places = [100 * (share - lowest) / (1 - lowest) for share in shares]
    kinds = ["label start", *["label"] * (len(shares) - 2), "label end"]
    marks = [_text(x, 13, percent(share), kind) for x, share, kind in zip(places, shares, kinds, strict=True)]
    return _svg(18, "scale", *marks)


def render_days(days: Mapping[date, Tally], start: date) -> str:
    """Draw a column for each of the seven days from ``start``; a day that is not loaded stays empty."""
    top, foot, height = 26, 44, 430
    scale = (height - top - foot) / max(tally.flights for tally in days.values())
    shapes = []
    for place in range(7):
        day, x = start + timedelta(days=place), 100 / 7 * place
        tally = days.get(day, Tally())
        y = height - foot
        for name, words in OUTCOMES.items():
            count = getattr(tally, name)
            y -= count * scale
            tip = f"{long_date(day)}: {count:,} of {tally.flights:,} flights {words}"
            shapes.append(_rect(Box(x + 1.2, y, 100 / 7 - 2.4, count * scale), name, tip))
        middle, share = x + 50 / 7, percent(tally.on_time_share) if tally.flights else "–"
        shapes += [
            _text(middle, y - 8, share, "value"),
            _text(middle, height - 24, WEEKDAYS[day.weekday()], "label"),
            _text(middle, height - 8, f"{day.day} {MONTHS[day.month - 1]}", "label"),
        ]
    shapes.append(_line(0, height - foot, 100, height - foot, "axis"))
    return _svg(height, "flights of each day by outcome, with the share on time", *shapes)


def render_hours(hours: Mapping[tuple[int, int], Tally], highest: float) -> str:
    """Draw weekdays by planned hour of departure, the darker the fewer flights were on time."""
    cells = {cell: tally for cell, tally in sorted(hours.items()) if tally.flights >= FEW_FLIGHTS}
    if not cells:
        return f'<p class="note">No hour had {FEW_FLIGHTS} flights or more.</p>'
    first, last = min(hour for _, hour in cells), max(hour for _, hour in cells)
    width, row, foot = 100 / (last - first + 1), 28, 22
    shapes = []
    for (weekday, hour), tally in cells.items():
        x, y, share = width * (hour - first), row * weekday, 1 - tally.on_time_share
        tip = f"{WEEKDAYS[weekday]} {hour:02}:00 to {hour:02}:59: {describe(tally)}"
        shapes.append(_heat(Box(x, y, width, row), share / highest, tip))
        kind = "cell strong" if share > 0.55 * highest else "cell"
        shapes.append(_text(x + width / 2, y + row / 2 + 4, f"{100 * share:.0f}", kind))
    shapes += [
        _text(width * (hour - first + 0.5), 7 * row + foot - 6, f"{hour:02}h", "label")
        for hour in range(first + -first % 3, last + 1, 3)
    ]
    label = "share of flights not on time, by weekday and planned hour of departure"
    return _with_labels(row, 0, _svg(7 * row + foot, label, *shapes))


def render_calendar(days: Mapping[date, Tally], highest: float) -> str:
    """Draw each day as a cell, a column to the week, the darker the fewer flights were on time."""
    monday = min(days) - timedelta(days=min(days).weekday())
    weeks = (max(days) - monday).days // 7 + 1
    width, row, head = 100 / max(weeks, 8), 18, 20
    shapes: list[str] = []
    for day, tally in sorted(days.items()):
        week = (day - monday).days // 7
        tip = f"{long_date(day)}: {percent(tally.on_time_share)} on time; {describe(tally)}"
        box = Box(width * week, head + row * day.weekday(), width, row)
        shapes.append(_heat(box, (1 - tally.on_time_share) / highest, tip))
        if day.day == 1 or (day == min(days) and day.day <= 24):  # later, the next month's name would cover it
            kind = "label start" if day.month % 2 else "label start even"  # narrow screens show every other one
            shapes.append(_text(width * week, head - 7, MONTHS[day.month - 1], kind))
    label = "share of flights not on time, day by day"
    return _with_labels(row, head, _svg(head + 7 * row, label, *shapes), every=2)


def render_scale(highest: float) -> str:
    """Draw the key of a heat map whose darkest cell stands for ``highest``."""
    steps = 6
    cells = [_heat(Box(100 / steps * step, 0, 100 / steps, 10), step / (steps - 1)) for step in range(steps)]
    return f"<span>0%</span>{_svg(10, 'scale', *cells)}<span>{percent(highest)} not on time</span>"


def heat_ceiling(tallies: Sequence[Tally]) -> float:
    """Return where the heat scale of ``tallies`` ends: their highest share, up to the next ten percent."""
    shares = [1 - tally.on_time_share for tally in tallies if tally.flights >= FEW_FLIGHTS]
    return max(1, ceil(10 * max(shares, default=0.0) - 1e-9)) / 10


def share_floor(tallies: Sequence[Tally]) -> float:
    """Return where the scale of ``render_pair`` begins: their lowest share, down to the next ten percent."""
    return min(0.9, floor(10 * min(tally.on_time_share for tally in tallies)) / 10)


def long_date(day: date) -> str:
    """Write a date as in ``Mon 7 January``."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {day:%B}"


def _stack(tally: Tally) -> list[str]:
    shapes, x = [], 0.0
    for name, words in OUTCOMES.items():
        count = getattr(tally, name)
        width = 100 * count / tally.flights if tally.flights else 0.0
        tip = f"{count:,} of {tally.flights:,} {words} ({width:.1f}%)"
        shapes.append(_rect(Box(x, 0, width, 18), name, tip))
        x += width
    return shapes


def _heat(box: Box, intensity: float, tip: str = "") -> str:
    opacity = 0.06 + 0.94 * intensity
    return _rect(box, "heat", tip, f' fill-opacity="{opacity:.2f}"')


def _with_labels(row: int, head: int, chart: str, every: int = 1) -> str:
    texts = [_text(0, head + row * place + row / 2 + 4, WEEKDAYS[place], "label start") for place in range(0, 7, every)]
    labels = f'<svg width="{LABEL_WIDTH}" height="{head + 7 * row}" aria-hidden="true">{"".join(texts)}</svg>'
    return f'<div class="labelled">{labels}{chart}</div>'


def _svg(height: float, label: str, *shapes: str) -> str:
    return f'<svg role="img" aria-label="{escape(label)}" width="100%" height="{height}">{"".join(shapes)}</svg>'


def _rect(box: Box, kind: str, tip: str, more: str = "") -> str:
    if not box.width or not box.height:
        return ""
    place = f'x="{box.x:.2f}%" y="{box.y:.1f}" width="{box.width:.2f}%" height="{box.height:.1f}"'
    return f'<rect class="{kind}" {place}{more}>{_title(tip)}</rect>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.2f}%" y1="{y1:g}" x2="{x2:.2f}%" y2="{y2:g}"/>'


def _dot(x: float, y: float, kind: str, tip: str) -> str:
    return f'<circle class="{kind}" cx="{x:.2f}%" cy="{y:g}" r="6">{_title(tip)}</circle>'


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.2f}%" y="{y:.1f}">{escape(text)}</text>'


def _title(tip: str) -> str:
    return f"<title>{escape(tip)}</title>" if tip else ""
