"""The arithmetic of delays.

Pure. The standard library's ``statistics`` would take longer to import than most jobs take to run.
"""

from __future__ import annotations

from collections.abc import Sequence


def mean(values: Sequence[float]) -> float | None:
    """Return the arithmetic mean; of nothing, ``None``."""
    return sum(values) / len(values) if values else None


def median(values: Sequence[float]) -> float | None:
    """Return the middle value, or halfway between the two middle ones; of nothing, ``None``."""
    return quantile(values, 0.5)


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the value that ``share`` of ``values`` do not exceed, interpolated between neighbours."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def ratio(part: float, whole: float) -> float | None:
    """Return ``part`` of ``whole`` as a share of one; of nothing, ``None``."""
    return part / whole if whole else None
