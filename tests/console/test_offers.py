"""Which actions pages offer: no more, and no fewer, than what the transition tables let a person do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ostinato.model.slots import SlotFace
from ostinato.model.statuses import AgentStatus, RunStatus, StepStatus
from ostinato.model.transitions import STEP_TRANSITIONS, Party, sources_of
from ostinato.operations.acting.verbs import VERBS

Offers = dict[str, dict[str, list[str]]]

PARTS = Path(__file__).parents[2] / "console" / "src" / "parts" / "acting"
STATUSES = {
    "slot": SlotFace,
    "run": RunStatus,
    "step": StepStatus,
    "run_of_step": RunStatus,
    "agent": AgentStatus,
}


@pytest.fixture(scope="module")
def offers() -> Offers:
    """Give what is offered: statuses by verb, by what it is about."""
    found: Offers = json.loads((PARTS / "offers.json").read_text())
    return found


def test_offers_speak_of_verbs_and_statuses_that_there_are(offers: Offers) -> None:
    """Of what is offered, the API knows every verb, and the model every status."""
    strangers = [
        (kind, verb, status)
        for kind, verbs in offers.items()
        for verb, statuses in verbs.items()
        for status in statuses
        if verb not in VERBS or status not in list(STATUSES[kind])
    ]

    assert strangers == []


def test_every_verb_of_the_api_has_a_face() -> None:
    """What the API can do, the console can say."""
    text = (PARTS / "verbs.ts").read_text()
    union = text.partition("export type Verb =")[2].partition(";")[0]

    assert {part.strip(' |"\n') for part in union.split("\n") if part.strip()} == set(VERBS)


def test_runs_are_offered_what_a_person_may_do(offers: Offers) -> None:
    """Cancelling whatever lives, also what its agent ends; resuming and giving up what is paused."""
    may_end = sources_of(RunStatus.CANCELLED, Party.PERSON)

    assert set(offers["run"]["cancel"]) == set(offers["run"]["halt"]) == may_end
    assert set(offers["run"]["resume"]) == sources_of(RunStatus.WAITING, Party.PERSON) & {RunStatus.PAUSED}
    assert set(offers["run"]["fail"]) == sources_of(RunStatus.FAILED, Party.PERSON) & {RunStatus.PAUSED}


def test_steps_are_offered_what_a_person_may_do(offers: Offers) -> None:
    """Skipping what has failed: what is pending is skipped with what it needs."""
    skipped = {
        edge.source for edge in STEP_TRANSITIONS if edge.target is StepStatus.SKIPPED and Party.PERSON in edge.by
    }

    assert set(offers["step"]["skip"]) == skipped - {StepStatus.PENDING}


def test_every_slot_that_has_ended_or_not_begun_can_be_run(offers: Offers) -> None:
    """By exactly one of trigger, retry and rerun; one whose run lives can be cancelled instead."""
    starts = [status for verb in ("trigger", "retry", "rerun") for status in offers["slot"][verb]]
    lives = {"waiting", "running", "suspended", "paused"}

    assert sorted(starts) == sorted(set(SlotFace) - lives)
    assert set(offers["slot"]["cancel"]) == lives | {"retrying"}
