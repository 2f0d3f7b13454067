"""Notes: what people want each other to know of a slot or a run. They stand in the audit log and change nothing."""

from __future__ import annotations

from dataclasses import dataclass

from ostinato.errors import InvalidValue
from ostinato.operations import command_lines
from ostinato.operations.names import get_run, get_slot, name_run, parse_run
from ostinato.operations.people import Person, note_change
from ostinato.world import World

LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Noted:
    """What was noted down, about what."""

    target: str
    text: str


def note(world: World, target: str, text: str, *, by: Person) -> Noted:
    """Note something down about a slot, by its name, or a run, by its number.

    ``InvalidValue`` for a text that is empty, or longer than ``LONGEST`` characters.
    """
    now, text = world.clock.now(), text.strip()
    if not text:
        raise InvalidValue("the note says nothing", hint="write what others are to know")
    if len(text) > LONGEST:
        raise InvalidValue(f"the note has {len(text):,} characters", hint=f"{LONGEST:,} are the most")
    line = command_lines.note(target)
    with world.store.write() as tx:
        run_id = parse_run(target)
        about = str(get_slot(tx, world, target, now=now).name) if run_id is None else name_run(get_run(tx, run_id))
        note_change(tx, by, "note", about, line=line, reason=text, now=now)
    return Noted(about, text)
