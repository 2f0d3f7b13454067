# mypy: ignore-errors
"""Sum up the sales of a day."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Sum

from sales.models import AggSale, AttribSale


class Command(BaseCommand):
    """Writes a row for each product, and fails where there is nothing to sum up."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--date", required=True)

    def handle(self, *, date: str, **_: Any) -> None:
        sums = AttribSale.objects.filter(day=date).values("product").annotate(total=Sum("amount")).order_by("product")
        if not sums:
            raise CommandError(f"no sales on {date}")
        for row in sums:
            AggSale.objects.create(day=date, product=row["product"], amount=row["total"])
