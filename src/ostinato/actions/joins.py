"""The action that does nothing: many steps wait for it where it waits for many."""

from __future__ import annotations

from dataclasses import replace

from ostinato.actions.functions import action
from ostinato.model.steps import StepRules


@action(idempotent=True)
def join() -> None:
    """Do nothing."""


JOIN_RULES: StepRules = replace(join.action.traits.make_rules(join.options), weight=0.0)
"""The rules of its steps: they are no part of the progress of a plan."""
