# mypy: ignore-errors
"""Load the sales of a day."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from sales.models import AttribSale

SOLD = [("tea", 10), ("tea", 20), ("coffee", 50), ("milk", 20)]


class Command(BaseCommand):
    """Writes the sales of a day; there are as many each day."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--date", required=True)
        parser.add_argument("--factor", type=int, default=1)

    def handle(self, *, date: str, factor: int, **_: Any) -> None:
        for product, amount in SOLD:
            AttribSale.objects.create(day=date, product=product, amount=amount * factor)
