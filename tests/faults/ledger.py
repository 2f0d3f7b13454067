"""The ledger: what user code did, line by line in a file, written by whoever is at it and lost by no death.

Each call is entered with how its step stands in the store at that moment, seen through a connection of its own: nothing
may be done that is not recorded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from ostinato import StepContext
from ostinato.store import schema as t
from ostinato.store.database import Store

Entry = Mapping[str, Any]

PATH = "FAULTS_LEDGER"
DATABASE = "FAULTS_DATABASE"

_stores: dict[str, Store] = {}


def open_store() -> Store:
    """Return this process's second way to the database, on which there are no faults."""
    url = os.environ[DATABASE]
    if url not in _stores:
        _stores[url] = Store(url)
    return _stores[url]


def close_stores() -> None:
    """Close what ``open_store`` has opened."""
    while _stores:
        _stores.popitem()[1].close()


def enter(what: str, **facts: Any) -> None:
    """Add a line."""
    line = json.dumps({"what": what, **facts}) + "\n"
    descriptor = os.open(os.environ[PATH], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def enter_call(kind: str, step: StepContext) -> None:
    """Enter that the code of a step was called, and how it stands in the store."""
    run, row = t.runs.c, t.steps.c
    asked = (
        select(run.status.label("run_status"), run.decision, run.singleton_key, run.singleton_held, row.status)
        .select_from(t.runs)
        .join(t.steps, row.run_id == run.id)
        .where(run.id == step.run_id, row.number == step.number)
    )
    with open_store().read() as tx:
        found = tx.execute(asked).one()
    enter(
        "call",
        kind=kind,
        run=step.run_id,
        step=step.number,
        name=step.name,
        tries=step.try_number,
        event=step.event.id if step.event else None,
        event_name=step.event.name if step.event else None,
        decision=found.decision,
        run_status=found.run_status,
        status=found.status,
        holds_key=found.singleton_held == found.singleton_key,
    )


def read(path: Path | None = None) -> list[dict[str, Any]]:
    """Return all lines, oldest first."""
    file = path or Path(os.environ[PATH])
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def has(what: str, **facts: Any) -> bool:
    """Tell whether there is such a line."""
    return any(entry["what"] == what and facts.items() <= entry.items() for entry in read())
