"""The how-tos are true: each is followed to the letter, in the surroundings that it speaks of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ostinato.testing.walkthrough import File, follow, read_page

PAGES = Path(__file__).parents[2] / "docs" / "howto"
FOLLOWED_AS_THEY_ARE = [
    "access",
    "accounts-from-sql",
    "console",
    "database-away",
    "deploy",
    "django-batch",
    "limits",
    "operate",
    "steer-plans",
    "steps",
    "systemd",
]


@pytest.mark.parametrize("page", FOLLOWED_AS_THEY_ARE)
def test_a_howto_works_to_the_letter(page: str, tmp_path: Path) -> None:
    """Whoever does what the page says sees what the page shows."""
    assert follow(PAGES / f"{page}.md", tmp_path) > 5


def test_the_howto_about_postgresql_works(
    empty_postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page works with a real server, whose address is in the environment."""
    monkeypatch.setenv("DATABASE_URL", empty_postgres_url)

    assert follow(PAGES / "postgresql.md", tmp_path) > 2


def test_the_howto_about_sources_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package of the page can be built and installed, and its source is found by the entry point."""
    page, site = PAGES / "plugin-source.md", tmp_path / "site"
    project = tmp_path / "project"
    for step in read_page(page):
        if isinstance(step, File):
            (project / step.name).parent.mkdir(parents=True, exist_ok=True)
            (project / step.name).write_text(step.content, encoding="utf-8")
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--no-build-isolation"]
    install = [sys.executable, "-m", "pip", "install", *options, "--target", str(site), "./ostinato-folders"]
    subprocess.run(install, cwd=project, check=True)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))

    assert follow(page, project) > 5


def test_the_howto_about_tests_works(tmp_path: Path) -> None:
    """The tests of the page pass."""
    assert follow(PAGES / "test-plans.md", tmp_path) == 1


def test_every_howto_is_tried() -> None:
    """No page is left out above."""
    tried = {*FOLLOWED_AS_THEY_ARE, "plugin-source", "postgresql", "test-plans"}

    assert {page.stem for page in PAGES.glob("*.md")} == tried
