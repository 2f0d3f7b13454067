"""A short soak: real processes, real kills, and every slot succeeds once. ``make soak`` goes on for longer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from ostinato.testing.soak.soaking import Soaking, soak


def test_nothing_is_lost_and_nothing_doubled(database_url: str, tmp_path: Path) -> None:
    """Engines and agents are killed, stopped and paused all the time; then every slot has succeeded once."""
    told: list[str] = []

    outcome = soak(
        Soaking(
            folder=tmp_path / "soak",
            database=database_url,
            seed=1,
            seconds=8,
            every_seconds=0.7,
            accounts=2,
            hours=2,
            engines=2,
            agents=2,
        ),
        say=told.append,
    )

    assert outcome.verdict.breaches == ()
    assert sum(outcome.faults.values()) >= 5, told


def test_restarted_agents_lose_nothing(tmp_path: Path) -> None:
    """However often they are killed or told to stop, the commands go on, and none is begun again."""
    told: list[str] = []

    outcome = soak(
        Soaking(
            folder=tmp_path / "soak",
            database=f"sqlite:///{tmp_path / 'soak.db'}",
            seed=2,
            seconds=6,
            every_seconds=0.5,
            accounts=1,
            hours=1,
            engines=1,
            agents=2,
            heartbeat_timeout=timedelta(minutes=1),
            longest_seconds=3,
            only_restarts=True,
        ),
        say=told.append,
    )

    assert outcome.verdict.breaches == ()
    assert sum(outcome.faults.values()) >= 3, told
