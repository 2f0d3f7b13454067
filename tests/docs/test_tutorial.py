"""The tutorials are true: every command prints what it says, on any day and any machine."""

from __future__ import annotations

from pathlib import Path

from ostinato.testing.walkthrough import follow

DOCS = Path(__file__).parents[2] / "docs"


def test_the_tutorial_works_to_the_letter(tmp_path: Path) -> None:
    """Whoever does what the page says sees what the page shows, from an empty folder to a night that was killed."""
    assert follow(DOCS / "tutorial.md", tmp_path) > 40


def test_the_tutorial_of_plans_works_to_the_letter(tmp_path: Path) -> None:
    """The same of the page about plans, from an empty folder to a plan that a definition starts every month."""
    assert follow(DOCS / "tutorial-plans.md", tmp_path) > 30
