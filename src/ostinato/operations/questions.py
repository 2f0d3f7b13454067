"""Questions: what suspended steps ask persons, as their approvals have written it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ostinato.model.steps import Step


@dataclass(frozen=True, slots=True)
class Question:
    """What a step asks: yes or no, and the values of ``fields``, whose types are given by name.

    ``refused`` says why the last answer was not accepted.
    """

    step: Step
    text: str
    fields: Mapping[str, str]
    refused: str = ""

    @property
    def command(self) -> str:
        """Return how the answer is written behind ``ostinato answer RUN``."""
        return " ".join(["yes|no", self.step.name, *(f"--field {name}=…" for name in self.fields)])


def read_question(step: Step) -> Question | None:
    """Return what a suspended step asks; ``None`` when it asks nothing of a person."""
    match step.output:
        case {"question": str() as text, "fields": Mapping() as fields, **kept}:
            return Question(step, text, dict(sorted(fields.items())), _read_refusal(kept.get("refused")))
    return None


def _read_refusal(refused: Any) -> str:
    return str(refused.get("problem", "")) if isinstance(refused, Mapping) else ""
