"""Which run is meant by what a person writes: the number of a run, or the name of a slot for its latest."""

from __future__ import annotations

from ostinato.errors import NotPossible
from ostinato.operations.names import find_slot_by_name, parse_run
from ostinato.world import World


def find_run_id(world: World, target: str) -> int:
    """Return the number of the run that ``target`` means."""
    run_id = parse_run(target)
    if run_id is not None:
        return run_id
    slot = find_slot_by_name(world, target)
    if slot.run_id is None:
        raise NotPossible(f"{slot.name} has not run yet", hint=f"why: ostinato explain {slot.name}")
    return slot.run_id
