"""What can be judged of the app's looks without a browser: contrast, and that every status has a face."""

from __future__ import annotations

import math
import re
from itertools import chain
from pathlib import Path

import pytest

from ostinato.model.slots import SlotFace
from ostinato.model.statuses import AgentStatus, RunStatus, StepStatus

SOURCES = Path(__file__).parents[2] / "console" / "src"
TONES = ("good", "doubt", "bad", "busy", "wait", "held", "quiet")
TEXT = 4.5
"""What WCAG AA asks of text."""
PART = 3.0
"""What WCAG AA asks of bars, borders of fields and the ring around what has the focus."""

PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "ink-soft", "ink-faint") for ground in ("ground", "surface", "sunken")),
    *((ink, ground, TEXT) for ink in ("ink", "ink-soft", "accent") for ground in ("raised", "hover", "chosen")),
    *(("accent", ground, TEXT) for ground in ("ground", "surface")),
    ("on-accent", "accent-fill", TEXT),
    *((f"{tone}-ink", f"{tone}-tint", TEXT) for tone in TONES),
    *((f"{tone}-ink", ground, TEXT) for tone in TONES for ground in ("ground", "surface", "sunken")),
    *(("ink", f"{tone}-tint", TEXT) for tone in TONES),
    *(("ink-soft", f"{tone}-tint", TEXT) for tone in ("bad", "doubt", "busy")),
    *(("bad-ink", f"{tone}-tint", TEXT) for tone in TONES),
    *((f"{tone}-solid", ground, PART) for tone in TONES for ground in ("ground", "surface", "sunken")),
    *(("on-solid", f"{tone}-solid", TEXT) for tone in TONES),
    *(("focus", ground, PART) for ground in ("ground", "surface", "sunken", "raised")),
    ("line-strong", "surface", PART),
    ("line-strong", "ground", PART),
]

Colour = tuple[float, float, float]


def read_tokens() -> dict[str, tuple[Colour, Colour]]:
    """Read every colour of the app, light and dark."""
    css = (SOURCES / "styles" / "tokens.css").read_text()
    number = r"([\d.]+)"
    one = rf"oklch\({number}% {number} {number}\)"
    found = re.findall(rf"--([\w-]+): light-dark\({one}, {one}\);", css)
    return {name: (read(*map(float, parts[:3])), read(*map(float, parts[3:]))) for name, *parts in found}


def read(lightness: float, chroma: float, hue: float) -> Colour:
    """Turn OKLCH into linear sRGB, cut to what a screen shows."""
    level, a, b = lightness / 100, chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (level + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (level - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (level - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return cut(red), cut(green), cut(blue)


def cut(part: float) -> float:
    """Keep a part of a colour within what there is."""
    return min(1.0, max(0.0, part))


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours as WCAG counts it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Colour) -> float:
    """Return how light a colour is."""
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def test_contrast_is_counted_as_wcag_does() -> None:
    """Black on white has 21, the most there is; a grey that is half as light, an eighth of its light, has 6."""
    assert contrast(read(0, 0, 0), read(100, 0, 0)) == pytest.approx(21, abs=0.01)
    assert contrast(read(50, 0, 0), read(100, 0, 0)) == pytest.approx(6, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_pair_of_colours_is_legible(theme: int) -> None:
    """WCAG AA holds for each pair that the app shows, in both themes."""
    tokens = read_tokens()

    too_faint = {
        f"{ink} on {ground}": round(found, 2)
        for ink, ground, least in PAIRS
        if (found := contrast(tokens[ink][theme], tokens[ground][theme])) < least
    }

    assert too_faint == {}


def test_every_status_has_a_face() -> None:
    """Colour and sign of each status that the API can send stand in one table."""
    table = (SOURCES / "parts" / "statuses.ts").read_text()
    faces = set(re.findall(r'^  (\w+): \{ label: "', table, re.MULTILINE))

    sent = {status.value for status in chain(SlotFace, RunStatus, StepStatus, AgentStatus)}

    assert sent - faces == set()
