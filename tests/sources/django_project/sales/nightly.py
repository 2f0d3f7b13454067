# mypy: ignore-errors
"""The nightly batch, as it grew over the years: every shape that an entry may have."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sales.models import AggPct, AggSale, AttribSale, Summary


@dataclass
class BatchCommand:
    """A command of the batch."""

    name: str
    frequency: Any = "DAILY"
    read_from: list[Any] = field(default_factory=list)
    writes_to: list[Any] = field(default_factory=list)
    args: list[str] = field(default_factory=list)
    owner: str = "nobody"


class UpdateAggPct:
    """Shares need sums."""

    frequency = timedelta(days=1)
    reads_from = (AggSale,)
    writes_to = AggPct
    kwargs = {"digits": 1, "strict": True, "traceback": None, "force_color": False}  # noqa: RUF012
    queue = "heavy"
    priority = 5

    def describe(self) -> str:
        """Do what no batch list asks for."""
        return "no field of a definition"


COMMANDS = [
    BatchCommand("write_summary", read_from=[AggPct], writes_to=[Summary], args=["Today"], owner="management"),
    UpdateAggPct,
    ("update_agg_sales", "0 3 * * *", {"sales_attribsale"}, [AggSale]),
    {"name": "load_attrib_sales", "frequency": "daily", "writes_to": [AttribSale], "kwargs": {"factor": 2}},
]
