"""The facts that policies judge by, gathered for many slots at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CompoundSelect, Select, and_, func, literal, or_, select, union_all

from ostinato.model.accounts import Account
from ostinato.model.definitions import Definition
from ostinato.model.evidence import LOST_KINDS, EndKind
from ostinato.model.slots import Rerun, SlotName
from ostinato.model.statuses import SlotStatus
from ostinato.policies.retry import RetryFacts
from ostinato.policies.start import SlotFacts, UpstreamFacts
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.moves import chunks
from ostinato.store.overlap import overlaps, same_account
from ostinato.store.records import to_account, to_definition, to_pause
from ostinato.store.types import Instant

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
"""Before every slot."""

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A slot with the facts for its start, and what a run of it would be made of.

    ``rerun`` is who asked for that, of one that has run before.
    """

    slot_id: int
    facts: SlotFacts
    definition: Definition
    account_id: int | None
    series: int
    created_at: datetime
    rerun: Rerun | None


@dataclass(frozen=True, slots=True)
class RetryCandidate:
    """A slot whose last run failed, with the facts for its retry and what the next run would be made of.

    ``ended`` says how that run ended, in words.
    """

    slot_id: int
    facts: RetryFacts
    ended: str
    definition: Definition
    account_id: int | None
    series: int
    attempts: int
    due_at: datetime
    start_before: datetime | None
    requested_by: str | None


def list_candidates(tx: Tx, slot_ids: Collection[int]) -> list[Candidate]:
    """Gather the facts for the start of ``slot_ids``, by due time."""
    candidates: list[Candidate] = []
    for part in chunks(slot_ids):
        upstreams = _list_upstreams(tx, part)
        candidates += [
            _to_candidate(row, upstreams[row.id], definitions, accounts)
            for definitions, accounts in [_owners(tx, part)]
            for row in tx.execute(_slot_rows(part))
        ]
    return candidates


def list_retry_candidates(tx: Tx, slot_ids: Collection[int]) -> list[RetryCandidate]:
    """Gather the facts for the retry of ``slot_ids``."""
    candidates: list[RetryCandidate] = []
    for part in chunks(slot_ids):
        definitions, _ = _owners(tx, part)
        endings = _count_endings(tx, part)
        rows = tx.execute(
            select(t.slots.c.id.label("slot"), t.slots.c.attempts, t.lanes.c.definition_id, t.runs)
            .select_from(t.slots)
            .join(t.lanes)
            .join(t.runs, t.runs.c.id == t.slots.c.run_id)
            .where(t.slots.c.id.in_(part), t.slots.c.status == SlotStatus.RETRYING)
            .order_by(t.slots.c.id)
        )
        candidates += [_to_retry_candidate(row, definitions[row.definition_id], endings[row.slot]) for row in rows]
    return candidates


def list_upstream_ids(tx: Tx, slot_ids: Collection[int]) -> list[int]:
    """List the slots on which any of ``slot_ids`` depends directly."""
    found: set[int] = set()
    for part in chunks(slot_ids):
        for select_pairs in (_overlap_pairs(part), _previous_pairs(part)):
            found.update(tx.execute(select(select_pairs.subquery().c.upstream).distinct()).scalars())
    return sorted(found)


def list_pending_before(tx: Tx, slot_ids: Collection[int]) -> list[int]:
    """List, for slots of definitions that depend on themselves, all that wait in line before them.

    That is each slot before it in its lane that has no run yet, back to the latest that has one.
    """
    slot, lane = t.slots.alias("slot"), t.lanes.alias("lane")
    before, begun = t.slots.alias("before"), t.slots.alias("begun")
    latest_begun = (
        select(func.max(begun.c.starts_at))
        .where(
            begun.c.lane_id == slot.c.lane_id,
            begun.c.starts_at < slot.c.starts_at,
            begun.c.status != SlotStatus.PENDING,
        )
        .scalar_subquery()
    )
    on_itself = and_(
        t.dependencies.c.definition_id == lane.c.definition_id, t.dependencies.c.upstream_id == lane.c.definition_id
    )
    in_line = and_(
        before.c.lane_id == slot.c.lane_id,
        before.c.starts_at < slot.c.starts_at,
        before.c.starts_at > func.coalesce(latest_begun, literal(_BEGINNING, Instant)),
        before.c.status == SlotStatus.PENDING,
    )
    found: set[int] = set()
    for part in chunks(slot_ids):
        rows = (
            select(before.c.id)
            .select_from(slot)
            .join(lane, lane.c.id == slot.c.lane_id)
            .join(t.dependencies, on_itself)
            .join(before, in_line)
            .where(slot.c.id.in_(part))
            .distinct()
        )
        found.update(tx.execute(rows).scalars())
    return sorted(found)


def pair_with_upstreams(slot_ids: Collection[int] | Select[Any]) -> CompoundSelect[Any]:
    """Select a pair (slot, upstream) for every slot on which one of ``slot_ids`` depends directly."""
    return union_all(_overlap_pairs(slot_ids), _previous_pairs(slot_ids))


_RERUN = [column for column in t.reruns.c if column.name != "slot_id"]


def _slot_rows(slot_ids: Collection[int]) -> Select[Any]:
    return (
        select(t.slots, t.lanes.c.definition_id, t.lanes.c.account_id, *_RERUN)
        .join(t.lanes)
        .outerjoin(t.reruns, and_(t.reruns.c.slot_id == t.slots.c.id, t.slots.c.series > 1))
        .where(t.slots.c.id.in_(slot_ids))
        .order_by(t.slots.c.due_at, t.slots.c.id)
    )


def _owners(tx: Tx, slot_ids: Collection[int]) -> tuple[dict[int, Definition], dict[int, Account]]:
    lanes = select(t.slots.c.lane_id).where(t.slots.c.id.in_(slot_ids))
    definition_ids = select(t.lanes.c.definition_id).where(t.lanes.c.id.in_(lanes))
    account_ids = select(t.lanes.c.account_id).where(t.lanes.c.id.in_(lanes))
    definitions = tx.execute(select(t.definitions).where(t.definitions.c.id.in_(definition_ids)))
    accounts = tx.execute(select(t.accounts).where(t.accounts.c.id.in_(account_ids)))
    return {row.id: to_definition(row) for row in definitions}, {row.id: to_account(row) for row in accounts}


def _to_candidate(
    row: Any,
    upstreams: tuple[UpstreamFacts, ...],
    definitions: dict[int, Definition],
    accounts: dict[int, Account],
) -> Candidate:
    definition = definitions[row.definition_id]
    account = accounts.get(row.account_id)
    facts = SlotFacts(
        name=SlotName(definition.name, account.token if account else None, row.label),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        due_at=row.due_at,
        start=definition.declared.start,
        definition_active=definition.declared.active,
        definition_pause=to_pause(definition),
        upstreams=upstreams,
    )
    if account is not None:
        facts = replace(
            facts,
            account_active=account.declared.active,
            account_pause=to_pause(account),
            maintenance=account.declared.maintenance,
        )
    return Candidate(row.id, facts, definition, row.account_id, row.series, row.created_at, _to_rerun(row))


def _to_rerun(row: Any) -> Rerun | None:
    if row.requested_at is None:
        return None
    return Rerun(row.requested_by, row.request_reason, row.cause, row.requested_at)


def _list_upstreams(tx: Tx, slot_ids: Collection[int]) -> dict[int, tuple[UpstreamFacts, ...]]:
    counts: dict[tuple[int, str, bool], dict[SlotStatus, int]] = defaultdict(dict)
    first: dict[tuple[int, str, bool], dict[SlotStatus, SlotName]] = defaultdict(dict)
    for previous, pairs in ((False, _overlap_pairs(slot_ids)), (True, _previous_pairs(slot_ids))):
        for row in tx.execute(_summary(pairs)):
            key, status = (row.slot, row.definition, previous), SlotStatus(row.status)
            counts[key][status] = row.slots
            first[key][status] = SlotName(row.definition, row.token, row.label)
    dependencies = tx.execute(_dependencies_of(slot_ids)).all()
    laid_out = _list_unfinished_lanes(tx, slot_ids)
    gathered: dict[int, list[UpstreamFacts]] = defaultdict(list)
    for row in dependencies:
        key = (row.slot, row.definition, row.previous)
        gathered[row.slot].append(
            UpstreamFacts(
                row.definition,
                counts.get(key, {}),
                first.get(key, {}),
                previous=bool(row.previous),
                laid_out_until=_laid_out_until(laid_out.get(row.upstream_id, {}), row.account_id),
            )
        )
    return defaultdict(tuple, {slot: tuple(facts) for slot, facts in gathered.items()})


def _list_unfinished_lanes(tx: Tx, slot_ids: Collection[int]) -> dict[int, dict[int | None, datetime]]:
    """Return, by upstream definition and account, up to where lanes are planned that end before one of the slots."""
    latest = select(func.max(t.slots.c.ends_at)).where(t.slots.c.id.in_(slot_ids)).scalar_subquery()
    lane = t.lanes.c
    rows = tx.execute(
        select(lane.definition_id, lane.account_id, lane.planned_until).where(
            ~lane.retired, or_(lane.planned_until.is_(None), lane.planned_until < latest)
        )
    )
    unfinished: dict[int, dict[int | None, datetime]] = defaultdict(dict)
    for row in rows:
        unfinished[row.definition_id][row.account_id] = row.planned_until or LONG_AGO
    return unfinished


def _laid_out_until(unfinished: dict[int | None, datetime], account_id: int | None) -> datetime | None:
    """Return up to where all lanes are planned that a slot of the account depends on, if that is not far enough."""
    if account_id is None:
        return min(unfinished.values(), default=None)
    return min((until for account, until in unfinished.items() if account in (None, account_id)), default=None)


def _dependencies_of(slot_ids: Collection[int]) -> Select[Any]:
    upstream = t.definitions.alias("upstream")
    return (
        select(
            t.slots.c.id.label("slot"),
            t.lanes.c.account_id,
            t.dependencies.c.upstream_id,
            upstream.c.name.label("definition"),
            (t.dependencies.c.upstream_id == t.dependencies.c.definition_id).label("previous"),
        )
        .select_from(t.slots)
        .join(t.lanes)
        .join(t.dependencies, t.dependencies.c.definition_id == t.lanes.c.definition_id)
        .join(upstream, upstream.c.id == t.dependencies.c.upstream_id)
        .where(t.slots.c.id.in_(slot_ids))
        .order_by(t.slots.c.id, upstream.c.name)
    )


# To give a table another name takes SQLAlchemy longer than most statements take: it is done once.
_slot, _upstream, _before, _of, _first = (
    t.slots.alias(name) for name in ("slot", "upstream", "before", "of", "first_slot")
)
_lane, _upstream_lane, _of_lane, _first_lane = (
    t.lanes.alias(name) for name in ("lane", "upstream_lane", "of_lane", "first_lane")
)


def _overlap_pairs(slot_ids: Collection[int] | Select[Any]) -> Select[Any]:
    """Select (slot, upstream, upstream's definition) for upstream slots of other definitions that overlap."""
    slot, lane, upstream, upstream_lane = _slot, _lane, _upstream, _upstream_lane
    return (
        select(slot.c.id.label("slot"), upstream.c.id.label("upstream"))
        .select_from(slot)
        .join(lane, lane.c.id == slot.c.lane_id)
        .join(t.dependencies, t.dependencies.c.definition_id == lane.c.definition_id)
        .join(t.definitions, t.definitions.c.id == t.dependencies.c.upstream_id)
        .join(
            upstream_lane,
            and_(upstream_lane.c.definition_id == t.definitions.c.id, same_account(upstream_lane, lane)),
        )
        .join(
            upstream,
            and_(upstream.c.lane_id == upstream_lane.c.id, overlaps(upstream, slot, t.definitions)),
        )
        .where(slot.c.id.in_(slot_ids), t.dependencies.c.definition_id != t.dependencies.c.upstream_id)
    )


def _previous_pairs(slot_ids: Collection[int] | Select[Any]) -> Select[Any]:
    """Select (slot, upstream) for slots of definitions that depend on themselves: the slot before, in their lane."""
    slot, lane, upstream, before = _slot, _lane, _upstream, _before
    start_before = (
        select(func.max(before.c.starts_at))
        .where(before.c.lane_id == slot.c.lane_id, before.c.starts_at < slot.c.starts_at)
        .scalar_subquery()
    )
    return (
        select(slot.c.id.label("slot"), upstream.c.id.label("upstream"))
        .select_from(slot)
        .join(lane, lane.c.id == slot.c.lane_id)
        .join(
            t.dependencies,
            and_(
                t.dependencies.c.definition_id == lane.c.definition_id,
                t.dependencies.c.upstream_id == lane.c.definition_id,
            ),
        )
        .join(upstream, and_(upstream.c.lane_id == lane.c.id, upstream.c.starts_at == start_before))
        .where(slot.c.id.in_(slot_ids))
    )


def _summary(pairs: Select[Any]) -> Select[Any]:
    """Count the pairs of each slot by upstream definition and status, and name the first of each."""
    pair = pairs.subquery("pair")
    upstream, lane, first, first_lane = _of, _of_lane, _first, _first_lane
    grouped = (
        select(
            pair.c.slot,
            lane.c.definition_id,
            upstream.c.status,
            func.count().label("slots"),
            func.min(upstream.c.id).label("first"),
        )
        .select_from(pair)
        .join(upstream, upstream.c.id == pair.c.upstream)
        .join(lane, lane.c.id == upstream.c.lane_id)
        .group_by(pair.c.slot, lane.c.definition_id, upstream.c.status)
        .subquery("grouped")
    )
    return (
        select(
            grouped.c.slot,
            t.definitions.c.name.label("definition"),
            grouped.c.status,
            grouped.c.slots,
            first.c.label,
            t.accounts.c.token,
        )
        .select_from(grouped)
        .join(first, first.c.id == grouped.c.first)
        .join(first_lane, first_lane.c.id == first.c.lane_id)
        .join(t.definitions, t.definitions.c.id == grouped.c.definition_id)
        .outerjoin(t.accounts, t.accounts.c.id == first_lane.c.account_id)
    )


def _count_endings(tx: Tx, slot_ids: Collection[int]) -> dict[int, dict[EndKind, int]]:
    endings: dict[int, dict[EndKind, int]] = defaultdict(dict)
    rows = tx.execute(
        select(t.runs.c.slot_id, t.runs.c.end_kind, func.count().label("runs"))
        .join(t.slots, and_(t.slots.c.id == t.runs.c.slot_id, t.slots.c.series == t.runs.c.series))
        .where(t.runs.c.slot_id.in_(slot_ids), t.runs.c.end_kind.is_not(None))
        .group_by(t.runs.c.slot_id, t.runs.c.end_kind)
    )
    for row in rows:
        endings[row.slot_id][EndKind(row.end_kind)] = row.runs
    return endings


def _to_retry_candidate(row: Any, definition: Definition, endings: dict[EndKind, int]) -> RetryCandidate:
    lost = sum(count for kind, count in endings.items() if kind in LOST_KINDS)
    facts = RetryFacts(
        rule=definition.declared.retry,
        subject=str(row.slot),
        ended_at=row.finished_at,
        end_kind=EndKind(row.end_kind),
        exit_code=row.exit_code,
        failed=sum(endings.values()) - lost,
        lost=lost,
    )
    return RetryCandidate(
        slot_id=row.slot,
        facts=facts,
        ended=row.end_message,
        definition=definition,
        account_id=row.account_id,
        series=row.series,
        attempts=row.attempts,
        due_at=row.due_at,
        start_before=row.start_before,
        requested_by=row.requested_by,
    )
