"""What the README shows is true: its declarations, its commands, and what the demo prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from ostinato.config import load_config
from ostinato.sources import check_declarations
from ostinato.testing.actions import plan_of
from ostinato.testing.walkthrough import matches

README = Path(__file__).parents[2] / "README.md"

_YAML = re.compile(r"^```yaml\n# (?P<file>\S+)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
_PYTHON = re.compile(r"^```python\n# shop/flows.py\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
_DEMO = re.compile(r"^```text\n(?P<printed>reading the flights.*?)^```$", re.MULTILINE | re.DOTALL)
_PROJECT = "accounts: [{file: accounts.yaml}]\ndefinitions: [{yaml: definitions/*.yaml}]\n"


def test_the_declarations_are_valid(tmp_path: Path) -> None:
    """The YAML on the first screen makes a project without a problem, put into the files that it names."""
    files = {found["file"]: found["content"] for found in _YAML.finditer(README.read_text(encoding="utf-8"))}
    for name, content in {"ostinato.yaml": _PROJECT, **files}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")

    assert sorted(files) == ["accounts.yaml", "definitions/nightly.yaml"]
    assert check_declarations(load_config(tmp_path / "ostinato.yaml")) == []


def test_the_plan_can_be_planned() -> None:
    """The Python on the first screen makes the plan that it speaks of: two tables, then a person, then the rest."""
    shown = _PYTHON.search(README.read_text(encoding="utf-8"))
    assert shown is not None
    shop: dict[str, Any] = {"__name__": "shop.flows"}
    exec(shown["content"], shop)  # noqa: S102 - it is our own page

    plan = plan_of(shop["refresh"], "2026-01-05")

    assert list(plan) == ["refresh", "extract", "extract-2", "Approval", "publish"]
    assert plan["Approval"].after == ("extract", "extract-2")
    assert plan["publish"].needs == ("extract", "extract-2", "Approval")


def test_the_demo_prints_what_is_shown(tmp_path: Path) -> None:
    """The demo prints what the README shows, but for how fast it was and how often it said how far it is."""
    shown = _DEMO.search(README.read_text(encoding="utf-8"))
    program = [sys.executable, "-m", "ostinato", "demo"]
    done = subprocess.run(
        program, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=True
    )

    assert shown is not None
    assert matches(leave_out_speed(shown["printed"]), done.stdout), done.stdout
    assert (tmp_path / "ostinato-demo" / "report" / "index.html").is_file()


def leave_out_speed(printed: str) -> str:
    """Put ``…`` in the place of all that depends on the machine."""
    progress = re.compile(r"(^\d+ of \d+ slots done(, \d.*)?\n)+", re.MULTILINE)
    return re.sub(r"\d+(\.\d+)?s:", "…s:", progress.sub("…\n", printed))
