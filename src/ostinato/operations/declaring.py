"""What is declared against what there is: the difference, shown by a rehearsal or made for good.

Both run the steps of the engine that follow declarations, and nothing else: what ``diff`` shows is what they do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ostinato.engine.context import ChangeLog, Context, Desired, EngineSettings
from ostinato.engine.reading import SourceReader
from ostinato.engine.steps import DECLARING_STEPS
from ostinato.model.engine import Changes
from ostinato.operations.command_lines import APPLY, APPLY_CONFIRMED
from ostinato.operations.people import Person, note_change
from ostinato.sources import open_account_sources, open_definition_sources
from ostinato.store.database import Tx
from ostinato.world import World


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs between the rows and what is declared, or has been changed to follow it.

    ``slots_removed`` and ``runs_removed`` go with rows that are removed, or with slots that lie elsewhere now.
    ``held_back`` names loads that wait for a confirmation, ``errors`` sources that could not be followed.
    """

    accounts: Changes
    definitions: Changes
    dependencies: Changes
    slots_added: int
    slots_removed: int
    runs_removed: int
    held_back: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Tell whether everything is as it is declared."""
        rows = self.accounts.count + self.definitions.count + self.dependencies.count
        return not (rows or self.slots_added or self.slots_removed or self.held_back or self.errors)


def diff(world: World) -> Diff:
    """Return what the next pass of an engine would change to follow the declarations; nothing is changed.

    ``DeclarationError`` when the project file names sources that cannot be opened; one that cannot be loaded is among
    the ``errors``.
    """
    desired, settings = read_sources(world), world.engine_settings
    context = Context(world.clock.now(), "diff", settings)
    with world.store.rehearse() as tx:
        return _follow(tx, desired, context)


def apply(world: World, *, by: Person, reason: str = "", confirm_removals: bool = False) -> Diff:
    """Follow the declarations now, and return what that changed.

    All of it in one transaction: an engine never sees new definitions without their dependencies. With
    ``confirm_removals`` no load is held back for what it removes.
    """
    desired, settings = read_sources(world), _confirm(world.engine_settings, confirm_removals)
    context = Context(world.clock.now(), by.name, settings)
    with world.store.write() as tx:
        changed = _follow(tx, desired, context)
        if not changed.empty:
            line = APPLY_CONFIRMED if confirm_removals else APPLY
            note_change(tx, by, "apply", "declarations", line=line, reason=reason, now=context.now)
    return changed


def read_sources(world: World) -> Desired:
    """Return what the sources of the project declare now, with the error of each that cannot be loaded."""
    return SourceReader(open_account_sources(world.config), open_definition_sources(world.config)).read()


def _confirm(settings: EngineSettings, confirm_removals: bool) -> EngineSettings:
    confirmed = settings.removals.confirmed or confirm_removals
    return replace(settings, removals=replace(settings.removals, confirmed=confirmed))


def _follow(tx: Tx, desired: Desired, context: Context) -> Diff:
    for step in DECLARING_STEPS:
        while step(tx, desired, context).more:
            pass
    return _to_diff(context.changes)


def _to_diff(log: ChangeLog) -> Diff:
    return Diff(
        accounts=log.rows.get("accounts", Changes()),
        definitions=log.rows.get("definitions", Changes()),
        dependencies=log.rows.get("dependencies", Changes()),
        slots_added=log.added_slots,
        slots_removed=log.removed_slots,
        runs_removed=log.removed_runs,
        held_back=tuple(log.held_back),
        errors=tuple(log.errors),
    )
