"""Waiting: what each of many slots waits for, by the gates that ``explain`` asks of one.

A slot that has no run waits for what stands above it, or else for what the engine found when it last examined it,
which is stored. All others are judged by the policies that claim, carry out and wake runs: once for all that are alike,
for what differs between them is named in gates that are satisfied alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from ostinato.model.agents import Agent
from ostinato.model.slots import SlotFace, slot_face
from ostinato.model.statuses import RunStatus, SlotStatus
from ostinato.operations.reasons import find_gates
from ostinato.policies.claim import ClaimFacts, judge_claim
from ostinato.policies.limits import Bounds, Demand, LimitKey, Occupancy, list_demands
from ostinato.policies.running import RunningFacts, judge_running
from ostinato.policies.start import STANDING_GATES, Standing, standing_gates
from ostinato.policies.verdict import Gate, Verdict
from ostinato.store import agents, runs, usage
from ostinato.store.database import Tx
from ostinato.store.moves import chunks
from ostinato.store.night import NightSlot, list_account_states, list_definition_states
from ostinato.store.rules import find_rivals
from ostinato.world import World

LABELS: Mapping[str, str] = {
    "account_active": "its account is inactive",
    "account_limit": "a place within the limit of its account",
    "account_not_paused": "its account is paused",
    "agent": "an agent that serves its queue",
    "answered": "the answer of a person",
    "by_hand": "a person to start it",
    "claim": "an agent is about to take it",
    "definition_active": "its definition is inactive",
    "definition_limit": "a place within the limit of its definition",
    "definition_not_paused": "its definition is paused",
    "engine": "the next pass of the engine",
    "free_place": "a free place on an agent",
    "heartbeat": "its agent is silent",
    "maintenance": "the end of a maintenance window",
    "next_attempt": "the decision on its next attempt",
    "not_cancelled": "its agent is to cancel it",
    "not_paused": "its run is paused, for a person to decide",
    "not_suspended": "an event, or the time to wake",
    "period_begun": "the beginning of its period",
    "period_over": "the end of its period",
    "pool": "a place in a pool",
    "previous_slot": "the slot before it",
    "queue_limit": "a place within the limit of its queue",
    "singleton": "another run of its singleton",
    "start_before": "it is too late for it",
    "start_policy": "its start policy failed",
    "start_time": "the time of its next attempt",
    "time_limit": "it is beyond its time limit",
    "upstream": "upstream slots",
    "upstream_run": "another run",
    "waits_for": "something that its agents lack",
}
"""What a slot waits for, in words, by the kind of gate."""

_ABOUT_TO_BE_TAKEN = Gate("claim", True, "an agent is about to take it")
_TO_BE_EXAMINED = Gate("engine", True, "the next pass of an engine examines it")
_SLOT_STATUSES = {status.value: status for status in SlotStatus}
_RUN_STATUSES = {status.value: status for status in RunStatus}
"""Looked up, for a night has many: to call an enumeration takes twenty times as long."""

_BY_HAND = Gate("by_hand", False, "its start policy is manual")


class _Kind(NamedTuple):
    """All in which waiting runs differ that can stand against them; the account is 0 where nothing of it can."""

    definition_id: int
    account_id: int
    queue: str
    start_at: datetime | None
    start_before: datetime | None
    begun: bool
    cancelling: bool
    singleton: str | None
    held_by: int | None


class _Hold(NamedTuple):
    """All in which running runs differ that can stand against them."""

    agent_id: int | None
    deadline_at: datetime | None
    cancel_requested_at: datetime | None
    cancel_requested_by: str | None


def tell_label(kind: str) -> str:
    """Say what slots wait for that wait at a kind of gate; start policies of others may have gates of their own."""
    return LABELS.get(kind, kind.replace("_", " "))


def show_face(slot: NightSlot, now: datetime, gate: Gate | None = None) -> SlotFace:
    """Return the status of a slot that faces show at ``now``; ``gate`` is where it waits, if somebody has looked."""
    stopped = bool(slot.reason) if gate is None else not gate.satisfied
    return slot_face(
        _SLOT_STATUSES[slot.status],
        None if slot.run_status is None else _RUN_STATUSES[slot.run_status],
        due=slot.due_at is None or slot.due_at <= now,
        stopped=slot.due_at is None or stopped,
    )


class Looker:
    """One look at what stands against slots, at one instant, in one transaction."""

    def __init__(self, tx: Tx, world: World, now: datetime) -> None:
        self._tx, self._world, self._now = tx, world, now
        self._definitions, self._accounts = list_definition_states(tx), list_account_states(tx)
        self._agents: Mapping[int, Agent] = {agent.id: agent for agent in agents.list_agents(tx)}
        self._used: Mapping[LimitKey, int] | None = None
        self._holders: dict[LimitKey, tuple[int, ...]] = {}
        self._judged: dict[_Kind, Gate] = {}
        self._held: dict[_Hold, Gate | None] = {}
        self._above: dict[tuple[int, int], Gate | None] = {}

    def find_gates(self, slots: Collection[NightSlot]) -> dict[int, Gate]:
        """Return the gate at which each slot waits, by the slot's id.

        That is the first that is not satisfied. Where all are, it is ``claim`` or ``engine``, for what goes on by
        itself. What has ended, is carried out or is not due yet waits at none, and is absent.
        """
        rivals = find_rivals(self._tx, [slot.run_id for slot in slots if slot.run_id and slot.singleton_key])
        resting = self._find_gates_of_resting(slots)
        found = {slot.slot_id: self._find_gate(slot, rivals, resting) for slot in slots}
        return {slot_id: gate for slot_id, gate in found.items() if gate is not None}

    def _find_gates_of_resting(self, slots: Iterable[NightSlot]) -> dict[int, Gate]:
        """Return what stands against runs that are paused or suspended, by run."""
        at_rest = (RunStatus.PAUSED, RunStatus.SUSPENDED)
        run_ids = [slot.run_id for slot in slots if slot.run_id is not None and slot.run_status in at_rest]
        found = [run for part in chunks(run_ids) for run in runs.list_runs(self._tx, run_ids=part)]
        return {run_id: gates[0] for run_id, gates in find_gates(self._tx, found).items()}

    def _find_gate(self, slot: NightSlot, rivals: Mapping[int, int], resting: Mapping[int, Gate]) -> Gate | None:
        match _SLOT_STATUSES[slot.status]:
            case SlotStatus.PENDING:
                return self._find_gate_of_pending(slot)
            case SlotStatus.RETRYING:
                return Gate("next_attempt", False, slot.reason)
            case SlotStatus.LIVE:
                return self._find_gate_of_live(slot, rivals, resting)
            case _:
                return None

    def _find_gate_of_pending(self, slot: NightSlot) -> Gate | None:
        """Return what stands above a slot, or else what the engine has found, who asks for the first thing first.

        What is above it may have changed since then: whoever lets it go on has it examined again.
        """
        if slot.due_at is not None and slot.due_at > self._now:
            return None
        if above := self._find_gate_above(slot.definition_id, slot.account_id):
            return above
        if slot.due_at is None:
            return _BY_HAND
        kind, _, about = (slot.gate or "").partition(" ")
        if not slot.reason or kind in STANDING_GATES:
            return _TO_BE_EXAMINED
        return Gate(kind, False, slot.reason, about=about)

    def _find_gate_above(self, definition_id: int, account_id: int) -> Gate | None:
        place = (definition_id, account_id if self._may_stop(account_id) else 0)
        if place not in self._above:
            self._above[place] = Verdict(tuple(standing_gates(self._stand(*place), self._now))).blocking
        return self._above[place]

    def _find_gate_of_live(
        self, slot: NightSlot, rivals: Mapping[int, int], resting: Mapping[int, Gate]
    ) -> Gate | None:
        match slot.run_status:
            case RunStatus.RUNNING:
                return self._find_gate_of_running(slot)
            case RunStatus.PAUSED | RunStatus.SUSPENDED:
                return resting.get(slot.run_id or 0)
            case RunStatus.SCHEDULED | RunStatus.WAITING:
                return Gate("waits_for", False, slot.waits_for) if slot.waits_for else self._judge(slot, rivals)
            case _:
                return None

    def _find_gate_of_running(self, slot: NightSlot) -> Gate | None:
        hold = _Hold(slot.agent_id, slot.deadline_at, slot.cancel_requested_at, slot.cancel_requested_by)
        if hold not in self._held:
            facts = RunningFacts(
                agent=None if hold.agent_id is None else self._agents.get(hold.agent_id),
                heartbeat_timeout=self._world.engine_settings.heartbeat_timeout,
                deadline_at=hold.deadline_at,
                cancel_requested_at=hold.cancel_requested_at,
                cancel_requested_by=hold.cancel_requested_by,
            )
            self._held[hold] = judge_running(facts, self._now).blocking
        return self._held[hold]

    def _judge(self, slot: NightSlot, rivals: Mapping[int, int]) -> Gate:
        kind = self._to_kind(slot, rivals)
        if kind not in self._judged:
            self._judged[kind] = judge_claim(self._to_facts(kind), self._now).blocking or _ABOUT_TO_BE_TAKEN
        return self._judged[kind]

    def _to_kind(self, slot: NightSlot, rivals: Mapping[int, int]) -> _Kind:
        scheduled = slot.run_status == RunStatus.SCHEDULED
        late = slot.start_before is not None and slot.start_before <= self._now
        held_by = rivals.get(slot.run_id or 0)
        return _Kind(
            definition_id=slot.definition_id,
            account_id=slot.account_id if self._may_stop(slot.account_id) else 0,
            queue=slot.queue or "",
            start_at=slot.start_at if scheduled else None,
            start_before=slot.start_before if late else None,
            begun=slot.run_started_at is not None,
            cancelling=slot.cancel_requested_at is not None,
            singleton=None if held_by is None else slot.singleton_key,
            held_by=held_by,
        )

    def _may_stop(self, account_id: int) -> bool:
        account = self._accounts.get(account_id)
        return account is not None and not (
            account.active and account.pause is None and account.maintenance is None and account.concurrency is None
        )

    def _to_facts(self, kind: _Kind) -> ClaimFacts:
        return ClaimFacts(
            standing=self._stand(kind.definition_id, kind.account_id),
            queue=kind.queue,
            start_at=kind.start_at,
            start_before=kind.start_before,
            agents=tuple(self._agents.values()),
            heartbeat_timeout=self._world.engine_settings.heartbeat_timeout,
            begun=kind.begun,
            cancelling=kind.cancelling,
            singleton=kind.singleton,
            held_by=kind.held_by,
            occupancies=tuple(map(self._tell_occupancy, self._list_demands(kind))),
        )

    def _stand(self, definition_id: int, account_id: int) -> Standing:
        definition, account = self._definitions[definition_id], self._accounts.get(account_id)
        standing = Standing(
            definition=definition.name,
            account=None,
            definition_active=definition.active,
            definition_pause=definition.pause,
        )
        if account is None:
            return standing
        return replace(
            standing,
            account=account.name,
            account_active=account.active,
            account_pause=account.pause,
            maintenance=account.maintenance,
        )

    def _list_demands(self, kind: _Kind) -> tuple[Demand, ...]:
        definition, account = self._definitions[kind.definition_id], self._accounts.get(kind.account_id)
        bounds = Bounds(kind.queue, definition.name, definition.concurrency, definition.uses)
        if account is not None:
            bounds = replace(bounds, account=account.name, account_limit=account.concurrency)
        return list_demands(bounds, self._world.claim_rules)

    def _tell_occupancy(self, demand: Demand) -> Occupancy:
        if self._used is None:
            self._used = usage.count_used(self._tx, self._world.claim_rules)
        used = self._used.get(demand.key, 0)
        if demand.fits(used):
            return Occupancy(demand, used)
        if demand.key not in self._holders:
            self._holders[demand.key] = usage.list_holders(self._tx, demand)
        return Occupancy(demand, used, self._holders[demand.key])
