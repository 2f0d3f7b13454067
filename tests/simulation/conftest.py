"""What the tests of the simulation share: one laboratory for all, and silence."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from ostinato.simulation.database import Laboratory, open_laboratory


@pytest.fixture(scope="package")
def laboratory() -> Iterator[Laboratory]:
    """Lend the place where simulations take place, one after another."""
    with open_laboratory() as laboratory:
        yield laboratory


@pytest.fixture(autouse=True)
def _silence() -> None:
    """Keep the processes of a simulation, which have much to complain about, from doing so."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
