"""The steps of a pass, in order. The loop knows nothing of them but this list."""

from __future__ import annotations

from collections.abc import Callable

from ostinato.engine.context import Context, Desired
from ostinato.engine.ensure_accounts_exist import ensure_accounts_exist
from ostinato.engine.ensure_chained_runs_start import ensure_chained_runs_start
from ostinato.engine.ensure_definition_dependencies_exist import ensure_definition_dependencies_exist
from ostinato.engine.ensure_definitions_exist import ensure_definitions_exist
from ostinato.engine.ensure_lost_agents_marked import ensure_lost_agents_marked
from ostinato.engine.ensure_retention import ensure_retention
from ostinato.engine.ensure_retries_exist import ensure_retries_exist
from ostinato.engine.ensure_runs_exist import ensure_runs_exist
from ostinato.engine.ensure_runs_timeout import ensure_runs_timeout
from ostinato.engine.ensure_scheduled_runs_wait import ensure_scheduled_runs_wait
from ostinato.engine.ensure_slots_exist import ensure_slots_exist
from ostinato.engine.ensure_suspended_runs_wake import ensure_suspended_runs_wake
from ostinato.model.engine import StepOutcome
from ostinato.store.database import Tx

Step = Callable[[Tx, Desired, Context], StepOutcome]

DECLARING_STEPS: tuple[Step, ...] = (
    ensure_accounts_exist,
    ensure_definitions_exist,
    ensure_definition_dependencies_exist,
    ensure_slots_exist,
)
"""The steps that follow declarations: all that ``ostinato apply`` runs and ``ostinato diff`` rehearses."""

STEPS: tuple[Step, ...] = (
    *DECLARING_STEPS,
    ensure_runs_exist,
    ensure_runs_timeout,
    ensure_retries_exist,
    ensure_scheduled_runs_wait,
    ensure_suspended_runs_wake,
    ensure_chained_runs_start,
    ensure_lost_agents_marked,
    ensure_retention,
)
