"""News: what has changed since the last look, for all who follow it. One reporter reads for everybody.

It finds runs by the growing numbers of their histories, slots by these and by what was counted over the whole night:
what waits for something else, or has become due, leaves no entry anywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from ostinato.executors.logs import log_path, measure_log
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.operations import plan_shapes, shapes
from ostinato.operations.counting import Mark, Summary
from ostinato.operations.listing import list_limits
from ostinato.operations.night import Nights
from ostinato.operations.shapes import night as night_shapes
from ostinato.operations.status import list_agent_states
from ostinato.policies.trail import LOOK_BACK, Trail
from ostinato.store import runs
from ostinato.store.database import Tx
from ostinato.store.moves import chunks
from ostinato.store.news import StepState, find_last_entry, list_ended_slots, list_entries, list_step_states
from ostinato.store.plan_lists import list_planned_runs, measure_progress
from ostinato.store.plans import count_steps

NIGHT, RUNS, PLANS, FLEET = "night", "runs", "plans", "fleet"
"""What can be followed, beside single runs: see ``run_topic``."""

SUMMARY_SECONDS = 3.0
"""A whole night is counted anew so often, at most."""

FLEET_SECONDS = 3.0
PLANS_SECONDS = 2.0
"""So often all plans under way are measured, at most."""

MOST_PLANS = 500
"""So many plans under way are told of, the newest."""

MOST_CHANGES = 2_000
"""Where more has changed at once, whoever follows is told to read it all again."""

ENDED_AGO = timedelta(seconds=30)
"""Slots that ended within that are looked at each time, for a transaction may end after another that began later."""


class News(NamedTuple):
    """One thing to tell to those who follow a ``topic``. ``event`` says what kind of news it is."""

    topic: str
    event: str
    data: Any


RELOAD = "reload"
"""The event that says: what you know may be wrong, read it again."""


def run_topic(run_id: int) -> str:
    """Return the topic of one run: itself, its steps and its log."""
    return f"run:{run_id}"


@dataclass(frozen=True, slots=True)
class _Night:
    """What was last told of the night."""

    summary: Summary
    status: night_shapes.NightStatus
    reasons: night_shapes.Reasons


@dataclass(frozen=True, slots=True)
class _Watched:
    """What was last told of one run that is watched: its steps, and up to where the log of each is known."""

    steps: Mapping[int, StepState]
    logs: Mapping[int | None, int]


class Reporter:
    """Looks again and again, and tells what is new. It is used by one thread at a time.

    The first look at a topic tells nothing of it: whoever begins to follow it reads it then.
    """

    def __init__(self, nights: Nights) -> None:
        self._nights, self._world, self._monotonic = nights, nights.world, nights.monotonic
        self._trail: Trail | None = None
        self._ended: set[int] = set()
        self._night: _Night | None = None
        self._fleet: Mapping[str, Any] | None = None
        self._plans: Mapping[int, Any] | None = None
        self._counted_at = self._mustered_at = self._measured_at = -float("inf")
        self._watched: dict[int, _Watched] = {}

    def look(self, topics: Collection[str]) -> list[News]:
        """Return what has changed since the last look, of what is followed."""
        news = list(self._look_at_runs(topics))
        if NIGHT in topics:
            news += self._look_at_night()
        if PLANS in topics:
            news += self._look_at_plans()
        if FLEET in topics:
            news += self._look_at_fleet()
        return news

    def _look_at_runs(self, topics: Collection[str]) -> Iterator[News]:
        watched = {int(topic.removeprefix("run:")) for topic in topics if topic.startswith("run:")}
        with self._world.store.read() as tx:
            changed_runs, changed_slots, too_many = self._find_changes(tx)
            wanted = changed_runs if RUNS in topics else changed_runs & watched
            found = [run for part in chunks(sorted(wanted)) for run in runs.list_runs(tx, run_ids=part)]
            states = list_step_states(tx, watched)
        if too_many:
            yield News(NIGHT, RELOAD, {})
            yield News(RUNS, RELOAD, {})
        elif NIGHT in topics:
            yield from self._tell_slots(changed_slots)
        told = [shapes.run(run) for run in found]
        if told and RUNS in topics and not too_many:
            yield News(RUNS, "runs", {"runs": told})
        for run in told:
            if run["run"] in watched:
                yield News(run_topic(run["run"]), "runs", {"runs": [run]})
        yield from self._look_at_watched(watched, states)

    def _find_changes(self, tx: Tx) -> tuple[set[int], set[int], bool]:
        """Return the runs and the slots that have changed, or that it is too many to tell."""
        last = find_last_entry(tx)
        now = self._world.clock.now()
        if self._trail is None or last < self._trail.after:  # numbers are used again where the last runs were removed
            self._trail = Trail(max(0, last - LOOK_BACK))
            self._trail.take((entry.id for entry in list_entries(tx, after=self._trail.after, limit=LOOK_BACK)), 0.0)
            self._ended = set(list_ended_slots(tx, since=now - ENDED_AGO, limit=MOST_CHANGES))
            return set(), set(), False
        entries = list_entries(tx, after=self._trail.after, limit=LOOK_BACK + MOST_CHANGES)
        new = set(self._trail.take((entry.id for entry in entries), self._monotonic()))
        ended = set(list_ended_slots(tx, since=now - ENDED_AGO, limit=MOST_CHANGES))
        news = [entry for entry in entries if entry.id in new]
        slot_ids = {entry.slot_id for entry in news if entry.slot_id is not None} | (ended - self._ended)
        self._ended = ended
        too_many = len(news) >= MOST_CHANGES or len(slot_ids) >= MOST_CHANGES
        return {entry.run_id for entry in news}, slot_ids, too_many

    def _look_at_night(self) -> Iterator[News]:
        if self._monotonic() - self._counted_at < SUMMARY_SECONDS:
            return
        self._counted_at = self._monotonic()
        summary, before = self._nights.find_summary(counted_within=SUMMARY_SECONDS), self._night
        if before is not None and summary is before.summary:
            return
        self._night = _Night(summary, night_shapes.night_status(summary), night_shapes.reasons(summary))
        if before is None:
            return
        changed = _find_changed(before.summary.marks, summary.marks)
        if len(changed) >= MOST_CHANGES or summary.directory != before.summary.directory:
            yield News(NIGHT, RELOAD, {})
            return
        yield from self._tell_slots(changed)
        if _without_time(self._night.status) != _without_time(before.status):
            yield News(NIGHT, "status", self._night.status)
        if _without_time(self._night.reasons) != _without_time(before.reasons):
            yield News(NIGHT, "reasons", self._night.reasons)

    def _tell_slots(self, slot_ids: Collection[int]) -> Iterator[News]:
        if slot_ids:
            cells = [night_shapes.changed_cell(cell) for cell in self._nights.find_cells(slot_ids)]
            yield News(NIGHT, "slots", {"cells": cells})

    def _look_at_plans(self) -> Iterator[News]:
        if self._monotonic() - self._measured_at < PLANS_SECONDS:
            return
        self._measured_at = self._monotonic()
        with self._world.store.read() as tx:
            ids = list_planned_runs(tx, statuses={RunStatus.RUNNING}, limit=MOST_PLANS)
            counts, progress = count_steps(tx, ids), measure_progress(tx, ids)
        told = {id: plan_shapes.plan_progress(id, counts.get(id, {}), progress.get(id)) for id in ids}
        before, self._plans = self._plans, told
        changed = [plan for id, plan in told.items() if before is not None and before.get(id) != plan]
        if changed:
            yield News(PLANS, "plans", {"plans": changed})

    def _look_at_fleet(self) -> Iterator[News]:
        if self._monotonic() - self._mustered_at < FLEET_SECONDS:
            return
        self._mustered_at = self._monotonic()
        with self._world.store.read() as tx:
            agents = list_agent_states(tx, self._world, self._world.clock.now())
        told: list[Mapping[str, Any]] = [{**shapes.agent(agent)} for agent in agents]
        fleet = {"agents": told, "limits": [shapes.limit(one) for one in list_limits(self._world)]}
        before, self._fleet = self._fleet, fleet
        if before is not None and _without_beats(before) != _without_beats(fleet):
            yield News(FLEET, "fleet", fleet)

    def _look_at_watched(self, watched: Collection[int], states: Mapping[int, list[StepState]]) -> Iterator[News]:
        before, self._watched = self._watched, {}
        for run_id in sorted(watched):
            known = before.get(run_id)
            steps = {state.step: state for state in states.get(run_id, ())}
            changed = [state for number, state in steps.items() if known is None or known.steps.get(number) != state]
            logs = self._measure_logs(run_id, {} if known is None else known.logs, [*changed, *_running(steps)])
            self._watched[run_id] = _Watched(steps, logs)
            if known is None:
                continue
            if changed:
                told = [night_shapes.step_state(state) for state in changed]
                yield News(run_topic(run_id), "steps", {"run": run_id, "steps": told})
            for step, end in logs.items():
                if known.logs.get(step, 0) != end:
                    yield News(run_topic(run_id), "log", {"run": run_id, "step": step, "end": end})

    def _measure_logs(
        self, run_id: int, known: Mapping[int | None, int], steps: Iterable[StepState]
    ) -> dict[int | None, int]:
        """Return up to where the output of a run is kept here, and that of the steps that may have written some."""
        folder = self._world.config.logs_folder
        asked = {None, *(state.step for state in steps)}
        return {**known, **{step: measure_log(log_path(folder, run_id, step)) for step in asked}}


def _find_changed(before: Iterable[Mark], after: Iterable[Mark]) -> set[int]:
    """Return the slots that stand otherwise, or that belong to the night since."""
    return {mark.slot_id for mark in set(after).difference(before)}


def _running(steps: Mapping[int, StepState]) -> Iterator[StepState]:
    return (state for state in steps.values() if state.status == StepStatus.RUNNING)


def _without_time(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key != "at"}


def _without_beats(fleet: Mapping[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
    agents = [{key: value for key, value in agent.items() if key != "heartbeat_at"} for agent in fleet["agents"]]
    return fleet["limits"], agents
