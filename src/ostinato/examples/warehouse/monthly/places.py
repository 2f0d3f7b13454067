"""Where files are, all of them in the project folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]


def find_delivery(airline: str, day: date) -> Path:
    """Return where ``airline`` delivers the flights of ``day``."""
    return HOME / "landing" / day.isoformat() / f"flights-{airline}.csv"


def find_staging(airline: str, month: date) -> Path:
    """Return the file in which a month is made ready. It may be thrown away at any time between two runs."""
    return HOME / "warehouse" / "staging" / f"{airline}-{month:%Y-%m}.db"


def find_published() -> Path:
    """Return the file of all months that are published: what everybody else reads."""
    return HOME / "warehouse" / "published.db"
