"""Reading scenarios: what is claimed, given, done and expected, as the files say it.

The words that they may use are those that the README explains: whatever else stands in a file is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
import yamlcore

HERE = Path(__file__).parent
_KEYS = {"claim", "point", "given", "when", "then"}
_BLOCKS = ("plan", "sequence", "concurrence")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One claim: what is given, what happens line by line, and how things stand then."""

    topic: str
    claim: str
    point: int
    given: Mapping[str, Any]
    when: tuple[tuple[str, Any], ...]
    then: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Return what the test is called."""
        return f"{self.topic}: {self.claim}"


def load_scenarios() -> list[Scenario]:
    """Read all scenarios, in the order of their files. Every one claims something of its own."""
    words = {section: list_words(section) for section in ("given", "when", "then")}
    files = sorted((HERE / "scenarios").glob("*.yaml"))
    scenarios = [scenario for file in files for scenario in _load_file(file, words)]
    claims = [scenario.claim for scenario in scenarios]
    if twice := {claim for claim in claims if claims.count(claim) > 1}:
        raise ValueError(f"these claims are made twice: {sorted(twice)}")
    return scenarios


def read_lines(lines: list[Any]) -> tuple[tuple[str, Any], ...]:
    """Return the lines of ``when`` as words and what they are about; a word alone is about nothing more."""
    return tuple((line, {}) if isinstance(line, str) else next(iter(line.items())) for line in lines)


def list_words(section: str) -> frozenset[str]:
    """List the words that a section of the README explains."""
    text = (HERE / "README.md").read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return frozenset(word for code in re.findall(r"`([^`]+)`", text) for word in re.findall(r"[a-z_]+", code))


def _load_file(file: Path, words: Mapping[str, frozenset[str]]) -> Iterator[Scenario]:
    for written in yaml.load(file.read_text(), Loader=yamlcore.CCoreLoader):  # noqa: S506  it makes plain values only
        used = {
            "given": _list_plan_words(written["given"]),
            "when": _list_line_words(written["when"]),
            "then": (key for key in written["then"]),
        }
        unknown = written.keys() ^ _KEYS
        unknown |= {word for section, found in used.items() for word in found if word not in words[section]}
        if unknown:
            raise ValueError(f"{file.name}: {written['claim']}: nobody knows {sorted(unknown)}")
        yield Scenario(**written | {"topic": file.stem, "when": read_lines(written["when"])})


def _list_plan_words(plan: Mapping[str, Any]) -> Iterator[str]:
    yield from plan
    yield from _list_step_words({**plan["plan"], **plan.get("subscribers", {})})
    for other in plan.get("plans", {}).values():
        yield from _list_plan_words(other)


def _list_step_words(steps: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for step in steps.values():
        yield from step
        for block in _BLOCKS:
            yield from _list_step_words(step.get(block, {}))


def _list_line_words(lines: list[Any]) -> Iterator[str]:
    for word, about in read_lines(lines):
        yield word
        if word == "together":
            yield from _list_line_words(about)
        elif word != "see" and isinstance(about, Mapping):
            yield from about
