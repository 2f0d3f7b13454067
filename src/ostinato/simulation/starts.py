"""Whether a slot may start, worked out once more by brute force from what is declared and how all slots stand.

It shares no code with the policies, nor with what gathers facts for them: it looks at every slot there is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ostinato.model.definitions import StartKind
from ostinato.model.statuses import FINAL_SLOT_STATUSES, SUCCEEDED_SLOT_STATUSES
from ostinato.simulation.pictures import DefinitionRow, LaneRow, Picture, SlotRow

_ENOUGH = {StartKind.AFTER_SUCCESS: SUCCEEDED_SLOT_STATUSES, StartKind.AFTER_COMPLETION: FINAL_SLOT_STATUSES}


def find_obstacle(picture: Picture, slot: SlotRow, now: int) -> str:
    """Say what keeps a slot from starting at ``now``, in microseconds; nothing if it may start."""
    lane = picture.lanes[slot.lane_id]
    definition = picture.definitions[lane.definition_id]
    if standing := _find_stop(picture, lane, now):
        return standing
    if definition.start_kind == StartKind.MANUAL:
        return "its definition is started by hand"
    if definition.start_kind == StartKind.AT_START:
        return "" if now >= slot.starts_at + definition.delay else "its period has not begun"
    if now < slot.ends_at + definition.delay:
        return "its period is not over"
    enough = _ENOUGH[StartKind(definition.start_kind)]
    for other in _list_upstreams(picture, slot, lane, definition):
        if other.status not in enough:
            return f"{picture.name_slot(other)} is {other.status}"
    return _find_gap(picture, slot, lane, definition, now)


def _find_stop(picture: Picture, lane: LaneRow, now: int) -> str:
    definition = picture.definitions[lane.definition_id]
    if not definition.active or definition.paused_at is not None:
        return f"definition {definition.name} is stopped"
    if lane.account_id is None:
        return ""
    account = picture.accounts[lane.account_id]
    if not account.active or account.paused_at is not None:
        return f"account {account.token} is stopped"
    begins, ends = account.maintenance_starts_at, account.maintenance_ends_at
    if (begins is None and ends is None) or (begins is not None and now < begins) or (ends is not None and now >= ends):
        return ""
    return f"account {account.token} is in maintenance"


def _list_writers(picture: Picture, definition: DefinitionRow) -> frozenset[int]:
    """Return the definitions that write what one reads."""
    reads = set(json.loads(definition.spec).get("reads_from", ()))
    return frozenset(
        other.id for other in picture.definitions.values() if reads & set(json.loads(other.spec).get("writes_to", ()))
    )


def _meet(lane: LaneRow, other: LaneRow) -> bool:
    return lane.account_id is None or other.account_id is None or lane.account_id == other.account_id


def _list_upstreams(picture: Picture, slot: SlotRow, lane: LaneRow, definition: DefinitionRow) -> Iterator[SlotRow]:
    writers = _list_writers(picture, definition)
    for other in picture.slots.values():
        other_lane = picture.lanes[other.lane_id]
        overlap = other.starts_at < slot.ends_at and slot.starts_at < other.ends_at
        if other_lane.definition_id in writers - {definition.id} and _meet(lane, other_lane) and overlap:
            yield other
    if definition.id in writers:
        before = [one for one in picture.slots.values() if one.lane_id == lane.id and one.starts_at < slot.starts_at]
        if before:
            yield max(before, key=lambda one: one.starts_at)


def _find_gap(picture: Picture, slot: SlotRow, lane: LaneRow, definition: DefinitionRow, now: int) -> str:
    """Say where slots upstream are missing that should be there."""
    writers = _list_writers(picture, definition)
    for other in picture.lanes.values():
        if other.definition_id in writers and _meet(lane, other) and not other.retired:
            until = other.planned_until
            if until is None or until < min(slot.ends_at, now):
                return f"the slots of {picture.definitions[other.definition_id].name} are not laid out"
    return ""
