# mypy: ignore-errors
"""Say in a line what sold best."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from sales.models import AggPct, Summary


class Command(BaseCommand):
    """Writes one line, and fails where there are no shares."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("greeting")
        parser.add_argument("--date", required=True)

    def handle(self, *, greeting: str, date: str, **_: Any) -> None:
        best = AggPct.objects.filter(day=date).latest("percent")
        Summary.objects.create(day=date, text=f"{greeting} {best.product} is {best.percent:g} % of {date}")
