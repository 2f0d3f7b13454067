"""Steps: changed values, and nothing else."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from ostinato.model.statuses import StepStatus
from ostinato.model.steps import Step, change_step
from ostinato.testing.factories import NOON
from ostinato.testing.plans import make_step


def test_a_changed_step_is_what_replace_makes_of_it() -> None:
    """Whatever is changed of it, and however many values; the step itself stays as it was."""
    step = make_step(3, needs=(1, 2), output={"rows": 1})
    other = make_step(4, "success", started_at=NOON, finished_at=NOON, tries=2, rescued=True)
    for field in fields(Step):
        values = {field.name: getattr(other, field.name), "status": StepStatus.RUNNING}
        assert change_step(step, **values) == replace(step, **values)

    assert change_step(step) == step == make_step(3, needs=(1, 2), output={"rows": 1})


def test_there_is_nothing_else_to_change() -> None:
    """A name that no step has is refused."""
    with pytest.raises(KeyError, match="colour"):
        change_step(make_step(1), colour="red")
