"""Statuses as every table shows them: a sign, the word, a colour. Never the colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from rich.text import Text

S = TypeVar("S", bound=str)

_LOOKS: dict[str, tuple[str, str]] = {
    "success": ("✓", "green"),
    "warning": ("!", "yellow"),
    "failed": ("✗", "bold red"),
    "timeout": ("✗", "bold red"),
    "cancelled": ("⊘", "magenta"),
    "running": ("▶", "cyan"),
    "waiting": ("◌", "cyan"),
    "scheduled": ("↻", "yellow"),
    "retrying": ("↻", "yellow"),
    "ready": ("○", "cyan"),
    "blocked": ("■", "yellow"),
    "paused": ("‖", "yellow"),
    "suspended": ("‖", "yellow"),
    "future": ("·", "bright_black"),
    "error": ("✗", "bold red"),
    "skipped": ("⊘", "yellow"),
    "pending": ("·", "bright_black"),
    "alive": ("▶", "green"),
    "draining": ("◌", "yellow"),
    "stopping": ("◌", "yellow"),
    "stopped": ("·", "bright_black"),
    "lost": ("✗", "bold red"),
    "ok": ("✓", "green"),
    "broken": ("✗", "bold red"),
}


_ORDER = (
    *("success", "warning", "skipped", "failed", "error", "timeout", "cancelled"),
    *("running", "waiting", "ready", "scheduled", "retrying", "paused", "suspended"),
    *("blocked", "pending", "future"),
)
"""What has ended comes first, what is to come last."""


def show_status(status: str) -> Text:
    """Return ``status`` with its sign, in its colour."""
    sign, style = look_of(status)
    return Text(f"{sign} {status}", style=style)


def look_of(status: str) -> tuple[str, str]:
    """Return the sign and the style of a status."""
    return _LOOKS.get(status, ("?", ""))


def show_counts(counts: Mapping[S, int]) -> Text:
    """Return how many there are of each status, what has ended first and what is to come last."""
    line = Text()
    for status in sorted(counts, key=_ORDER.index):
        if counts[status]:
            sign, style = look_of(status)
            line.append("   " if line else "").append(f"{sign} {counts[status]:,} {status}", style=style)
    return line or Text("none", style="bright_black")


def count(number: int, noun: str, plural: str = "") -> str:
    """Write ``1 slot``, ``3 slots``, ``1,250 slots``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
