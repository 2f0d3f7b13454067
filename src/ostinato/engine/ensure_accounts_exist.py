"""The accounts are those that the account sources declare."""

from __future__ import annotations

from ostinato.engine.context import Context, Desired
from ostinato.engine.declarations import follow, keep_states
from ostinato.model.engine import Changes, StepOutcome
from ostinato.policies.alignment import Standing, plan_alignment
from ostinato.store import accounts, journal, slots
from ostinato.store.database import Tx
from ostinato.store.dialects import take_turn


def ensure_accounts_exist(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """Add, change and remove accounts as declared; a source that failed or is held back changes nothing."""
    take_turn(tx)
    standing = {row.token: Standing(row.source, row.declared.version) for row in accounts.list_accounts(tx)}
    versions = {(load.source, key): row.version for load in desired.accounts for key, row in load.rows.items()}
    plans = plan_alignment(desired.accounts, standing, versions, context.settings.removals)
    removed = [token for plan in plans for token in plan.remove]
    if removed:
        follow(context, slots.count_slots_of(tx, accounts=removed))
        accounts.remove_accounts(tx, removed)
        slots.wake_slots(tx, now=context.now)  # some waited for what is gone
    for plan in plans:
        accounts.change_accounts(tx, plan.change, source=plan.source)
        accounts.add_accounts(tx, plan.add, source=plan.source, now=context.now)
    keep_states(tx, "accounts", desired.accounts, plans, context)
    changes = Changes(
        add=tuple(row.token for plan in plans for row in plan.add),
        change=tuple(row.token for plan in plans for row in plan.change),
        remove=tuple(removed),
    )
    context.changes.rows["accounts"] = changes
    if changes.count:
        journal.raise_revision(tx, "declared")
        slots.wake_slots(tx, accounts=changes.change, now=context.now)
    return StepOutcome(
        "ensure_accounts_exist",
        examined=sum(plan.declared for plan in plans),
        changed=changes.count,
        blocked=sum(bool(plan.held_back) for plan in plans),
        failed=sum(bool(plan.error) for plan in plans),
    )
