"""How the database means to answer: the plans of the statements that a question sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event, text

from ostinato.store.database import Store, Tx

_IN_ORDER = ("seqscan", "sort", "hashjoin", "mergejoin")
"""What PostgreSQL does with small tables, and not with large ones."""


def explain(store: Store, ask: Callable[[Tx], object]) -> list[str]:
    """Return the steps of the plans of all statements that ``ask`` sends, as the database words them."""
    sent: list[tuple[str, Any]] = []

    def note(*about: Any) -> None:
        sent.append((about[2], about[3]))

    with store.rehearse() as tx:
        event.listen(store.engine, "before_cursor_execute", note)
        ask(tx)
        event.remove(store.engine, "before_cursor_execute", note)
        if store.dialect == "postgresql":
            for way in _IN_ORDER:
                tx.execute(text(f"SET LOCAL enable_{way} = off"))
        how = "EXPLAIN QUERY PLAN" if store.dialect == "sqlite" else "EXPLAIN"
        return [str(row[-1]) for statement, given in sent for row in tx.exec_driver_sql(f"{how} {statement}", given)]


def list_whole_scans(plan: list[str], *tables: str) -> list[str]:
    """Return the steps of a plan that go through the whole of a table, or of an index of it all."""
    whole = {f"SCAN {table}" for table in tables}
    return [step for step in plan if step in whole or any(f"Seq Scan on {table} " in step for table in tables)]
