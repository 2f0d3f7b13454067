"""Declaring: a scenario's definition, as the files of a project say it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.conformance.stage import MODULE

from ostinato.config import PROJECT_FILE

_DAY = date(2026, 1, 9)
"""The day of the last slot, which is over."""
_OURS = ("written", "slots")
_KEPT = ("after", "timeout", "rescue", "idempotent", "queue", "command", "retry")


def write_project(folder: Path, given: Mapping[str, Any]) -> None:
    """Write the files of a project that declares what is given, if that is a definition. JSON is YAML as well."""
    if "definition" not in given:
        return
    declared = {key: value for key, value in given["definition"].items() if key not in _OURS}
    first = _DAY - timedelta(days=given["definition"].get("slots", 1) - 1)
    work: dict[str, Any] = {"action": f"{MODULE}:main", "inputs": given.get("input", {})}
    if given["definition"].get("written") == "as_steps":
        work = {"steps": {name: _write_step(name, step) for name, step in given["plan"].items()}}
    definition = {"frequency": "daily", "starts_on": str(first), "ends_on": str(_DAY), **declared, **work}
    (folder / "definitions.yaml").write_text(json.dumps({"definitions": {"main": definition}}))
    (folder / PROJECT_FILE).write_text(json.dumps({"definitions": [{"yaml": "definitions.yaml"}]}))


def _write_step(name: str, step: Mapping[str, Any]) -> dict[str, Any]:
    written = {key: step[key] for key in _KEPT if key in step}
    if "command" in step:
        return {**written, "environment": {"LASTS": step["lasts"]}} if "lasts" in step else written
    needs = step.get("needs", [])
    inputs = {need: f"{{steps.{need}}}" for need in ([needs] if isinstance(needs, str) else needs)}
    return {**written, "action": f"{MODULE}:main__{name}", "inputs": {**inputs, **step.get("input", {})}}
