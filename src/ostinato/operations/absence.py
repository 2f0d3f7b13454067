"""Why a slot does not exist: the error for a slot that was named, whose definition and account are known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ostinato.calendar import Period, get_period, parse_key
from ostinato.calendar.labels import format_label
from ostinato.durations import format_duration
from ostinato.engine.context import EngineSettings
from ostinato.errors import NotFound
from ostinato.model.accounts import Account
from ostinato.model.definitions import Definition
from ostinato.model.slots import SlotName
from ostinato.store import slots
from ostinato.store.database import Tx
from ostinato.store.lanes import Lane


@dataclass(frozen=True, slots=True)
class Wanted:
    """The slot that was named: where it would stand, and when it would start."""

    definition: Definition
    account: Account | None
    lane: Lane | None
    starts_at: datetime

    def name_at(self, at: datetime, time_zone: str) -> SlotName:
        """Return the name of the slot of the same definition and account that starts at ``at``."""
        token = self.account.token if self.account else None
        return SlotName(self.definition.name, token, format_label(at, time_zone))


def explain_absence(tx: Tx, wanted: Wanted, settings: EngineSettings, now: datetime) -> NotFound:
    """Return the error that says why there is no such slot, and when there will be or what comes nearest."""
    lane = wanted.lane
    if lane is None or lane.retired:
        whose = f" for account {wanted.account.token}" if wanted.account else ""
        message = f"{wanted.definition.name} has no slots{whose} yet"
        return NotFound(message, hint="the next pass of an engine creates them, and so does: ostinato apply")
    name = wanted.name_at(wanted.starts_at, lane.time_zone)
    period = get_period(parse_key(lane.frequency), lane.time_zone, wanted.starts_at)
    if period is None:
        hint = f"its frequency is {lane.frequency}, in {lane.time_zone}"
        return NotFound(f"there is no slot {name}: {name.definition} has no period there", hint=hint)
    return (
        _no_boundary(tx, wanted, period, lane, name)
        or _outside_of_declared(period, lane, name)
        or _not_kept(period, lane, name, settings)
        or _not_created_yet(period, lane, name, settings, now)
        or _in_the_way(tx, wanted, period, name)
        or NotFound(f"there is no slot {name}, though there should be", hint="look what is wrong: ostinato doctor")
    )


def _no_boundary(tx: Tx, wanted: Wanted, period: Period, lane: Lane, name: SlotName) -> NotFound | None:
    if period.starts_at == wanted.starts_at:
        return None
    account_id = wanted.account.id if wanted.account else None
    around = slots.find_slot_around(tx, wanted.definition.id, account_id, wanted.starts_at)
    containing = around.name if around else wanted.name_at(period.starts_at, lane.time_zone)
    message = f"there is no slot {name}: no period of {name.definition} starts there ({lane.frequency})"
    return NotFound(message, hint=f"the period that contains it is that of {containing}")


def _outside_of_declared(period: Period, lane: Lane, name: SlotName) -> NotFound | None:
    if lane.starts_on is not None and period.local_date < lane.starts_on:
        return NotFound(
            f"there is no slot {name}: that is before its start, {lane.starts_on}",
            hint="for earlier slots, declare an earlier starts_on: of definition and account the later one counts",
        )
    if lane.starts_on is None and period.ends_at <= lane.created_at:
        return NotFound(
            f"there is no slot {name}: without starts_on, slots begin where the definition was first seen,"
            f" {show(lane.created_at)}",
            hint="for earlier slots, declare starts_on",
        )
    if lane.ends_on is not None and period.local_date > lane.ends_on:
        return NotFound(
            f"there is no slot {name}: that is after its end, {lane.ends_on}",
            hint="for later slots, declare a later ends_on",
        )
    return None


def _not_kept(period: Period, lane: Lane, name: SlotName, settings: EngineSettings) -> NotFound | None:
    if lane.pruned_until is None or period.starts_at >= lane.pruned_until:
        return None
    kept = format_duration(settings.retention)
    hint = f"slots are kept for {kept} after they end; engine.retention in ostinato.yaml sets it"
    return NotFound(f"there is no slot {name} any more: it was dropped for its age", hint=hint)


def _not_created_yet(
    period: Period, lane: Lane, name: SlotName, settings: EngineSettings, now: datetime
) -> NotFound | None:
    created_at = period.starts_at - settings.create_ahead
    if created_at >= now:
        ahead = format_duration(settings.create_ahead)
        message = f"there is no slot {name} yet: slots are created {ahead} ahead"
        return NotFound(message, hint=f"it will be created at {show(created_at)}; engine.create_ahead sets it")
    if lane.planned_until is None or period.starts_at >= lane.planned_until:
        hint = "the next pass of an engine creates it, and so does: ostinato apply"
        return NotFound(f"there is no slot {name} yet", hint=hint)
    return None


def _in_the_way(tx: Tx, wanted: Wanted, period: Period, name: SlotName) -> NotFound | None:
    account_id = wanted.account.id if wanted.account else None
    for at in (period.starts_at, period.ends_at - timedelta.resolution):
        if other := slots.find_slot_around(tx, wanted.definition.id, account_id, at):
            message = f"there is no slot {name}: {other.name} stands in its place"
            return NotFound(message, hint="that one had begun when the declaration changed, so it stays")
    return None


def show(at: datetime) -> str:
    """Write an instant as messages show it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
