"""The tutorial is true: every command prints what it says, on any day and any machine."""

from __future__ import annotations

from pathlib import Path

from ostinato.testing.walkthrough import follow

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"


def test_the_tutorial_works_to_the_letter(tmp_path: Path) -> None:
    """Whoever does what the page says sees what the page shows, from an empty folder to a night that was killed."""
    assert follow(TUTORIAL, tmp_path) > 40
