"""Every scenario in ``scenarios/`` is so, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conformance.playing import open_play
from tests.conformance.scenarios import Scenario, load_scenarios

SCENARIOS = load_scenarios()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.id for scenario in SCENARIOS])
def test_what_scenarios_claim_is_so(scenario: Scenario, tmp_path: Path, database_url: str) -> None:
    """What a scenario claims is so."""
    with open_play(scenario, tmp_path, database_url) as play:
        play.play(scenario.when, scenario.then)


def test_every_promise_about_plans_is_tested() -> None:
    """There are scenarios for every point of the list in the README."""
    points = {scenario.point for scenario in SCENARIOS}

    assert points == set(range(1, 35))
