# mypy: ignore-errors
"""The tables of the shop."""

from __future__ import annotations

from django.db import models


class AttribSale(models.Model):
    """One sale."""

    day = models.DateField()
    product = models.CharField(max_length=50)
    amount = models.IntegerField()


class AggSale(models.Model):
    """The sales of a product on one day."""

    day = models.DateField()
    product = models.CharField(max_length=50)
    amount = models.IntegerField()

    class Meta:
        """Named by those who had the table before Django."""

        db_table = "agg_sales"


class AggPct(models.Model):
    """The share of a product in the sales of one day."""

    day = models.DateField()
    product = models.CharField(max_length=50)
    percent = models.FloatField()


class Summary(models.Model):
    """A line for the management."""

    day = models.DateField()
    text = models.CharField(max_length=200)
