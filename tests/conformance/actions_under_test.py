"""The module in which agents look for the actions of the scenario that is on stage. It has whatever that declares."""

from __future__ import annotations

from typing import Any

from tests.conformance import stage


def __getattr__(name: str) -> Any:
    return stage.find_on_stage(name)
