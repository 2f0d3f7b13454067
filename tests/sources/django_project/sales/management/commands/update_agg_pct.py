# mypy: ignore-errors
"""Work out the share of each product in the sales of a day."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sales.models import AggPct, AggSale


class Command(BaseCommand):
    """Writes a row for each product, and fails where sales were not summed up."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--date", required=True)
        parser.add_argument("--digits", type=int, default=0)
        parser.add_argument("--strict", action="store_true")

    def handle(self, *, date: str, digits: int, strict: bool, **_: Any) -> None:
        sales = list(AggSale.objects.filter(day=date))
        if strict and not sales:
            raise CommandError(f"no sums of {date}")
        total = sum(sale.amount for sale in sales)
        for sale in sales:
            percent = round(100 * sale.amount / total, digits)
            AggPct.objects.create(day=date, product=sale.product, percent=percent)
