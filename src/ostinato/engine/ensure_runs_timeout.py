"""No run is running without an agent that keeps its lease, none beyond its time limit, and none waits in vain.

A silent agent's runs are handed over if another agent can go on with them, else they are ``timeout``, or cancelled
where somebody has asked for it; their leases are revoked, so whatever that agent still writes is refused.
"""

from __future__ import annotations

from datetime import timedelta

from ostinato.engine.context import BATCH, Context, Desired
from ostinato.model.engine import StepOutcome
from ostinato.store import due_runs, rules
from ostinato.store.database import Tx

AGENT_GRACE = timedelta(seconds=60)
"""How long an agent is given to end a run that is beyond its time limit before the engine does."""


def ensure_runs_timeout(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """End or hand over the runs of silent agents; end those beyond their time limit, too late, or not to wait."""
    now, actor = context.now, context.actor
    silent_since = context.silent_since(context.settings.heartbeat_timeout)
    overdue_since = context.silent_since(AGENT_GRACE)
    ended = (
        due_runs.cancel_abandoned_runs(
            tx, silent_since=silent_since, overdue_since=overdue_since, actor=actor, now=now, limit=BATCH
        ),
        due_runs.hand_over_silent_runs(tx, silent_since=silent_since, actor=actor, now=now, limit=BATCH),
        due_runs.time_out_silent_runs(tx, silent_since=silent_since, actor=actor, now=now, limit=BATCH),
        due_runs.time_out_long_runs(tx, overdue_since=overdue_since, actor=actor, now=now, limit=BATCH),
        due_runs.fail_late_runs(tx, actor=actor, now=now, limit=BATCH),
        rules.fail_refusing_runs(tx, actor=actor, now=now, limit=BATCH),
    )
    return StepOutcome("ensure_runs_timeout", examined=sum(ended), changed=sum(ended), more=BATCH in ended)
