"""The project of a soak: its accounts and definitions, and the ledger in which its commands write what they do.

The ledger is a file for each run and step. Whoever begins adds a line, and whoever ends adds another: what really
happened, whatever the database says of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ostinato.testing.program import write_files

LEDGER = "ledger"

_JOB = """\
#!/bin/sh
# Work for $1 seconds; with a second argument, fail in the first attempt.
page="ledger/$OSTINATO_RUN.$OSTINATO_STEP"
echo "begin $(date +%s.%N) $OSTINATO_SLOT" >> "$page"
[ "$1" = 0 ] || sleep "$1"
if [ -n "$2" ] && [ "$OSTINATO_ATTEMPT" = 1 ]; then exit 3; fi
echo "end $(date +%s.%N) $OSTINATO_SLOT" >> "$page"
"""

_PROJECT = """\
database: {database}
accounts: [{{file: accounts.yaml}}]
definitions: [{{yaml: definitions.yaml}}]
engine: {{interval: 1s, create_ahead: 1h, heartbeat_timeout: {timeout}s, full_pass_every: 1m}}
agent: {{concurrency: 12, grace_period: 3s, poll: 500ms}}
"""

_DEFINITIONS = """\
defaults:
  frequency: hourly
  matrix: account
  starts_on: {starts_on}
  retry: {{fixed: {{attempts: 3, wait: 1s}}, lost: 1000}}
definitions:
  fetch: {{command: [sh, job.sh, "0"], writes_to: [raw]}}
  clean: {{command: [sh, job.sh, "0.2"], reads_from: [raw], writes_to: [clean]}}
  count: {{command: [sh, job.sh, "0", fails-at-first], reads_from: [clean]}}
  load:
    reads_from: [clean]
    writes_to: [loaded]
    steps:
      orders: {{command: [sh, job.sh, "0.1"]}}
      returns: {{command: [sh, job.sh, "0.3"]}}
      publish: {{command: [sh, job.sh, "0"], needs: [orders, returns]}}
  archive: {{command: [sh, job.sh, "{long}"], frequency: {{every: 6h}}, reads_from: [loaded]}}
  summary: {{command: [sh, job.sh, "1"], matrix: none, reads_from: [loaded]}}
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One time that a command was begun. ``ended_at`` is ``None`` if it never came to its last line."""

    run_id: int
    step: str
    slot: str
    began_at: float
    ended_at: float | None


def write_project(
    folder: Path,
    database: str,
    *,
    accounts: int,
    hours: int,
    heartbeat_timeout: timedelta,
    longest_seconds: int,
    now: datetime,
) -> None:
    """Write a project whose accounts all have at least ``hours`` hours of work behind them by ``now``."""
    zones = ("Europe/London", "America/New_York", "Asia/Tokyo", "Pacific/Auckland")
    tokens = {f"account-{number:02}": {"time_zone": zones[number % len(zones)]} for number in range(accounts)}
    starts_on = (now - timedelta(hours=hours)).date()
    timeout = int(heartbeat_timeout.total_seconds())
    files = {
        "ostinato.yaml": _PROJECT.format(database=json.dumps(database), timeout=timeout),
        "accounts.yaml": json.dumps({"accounts": tokens}),
        "definitions.yaml": _DEFINITIONS.format(starts_on=starts_on, long=longest_seconds),
        "job.sh": _JOB,
    }
    write_files(folder, files)
    (folder / LEDGER).mkdir()


def read_ledger(folder: Path) -> Iterator[Call]:
    """Yield all that the commands of a project have noted, page by page."""
    for page in sorted((folder / LEDGER).iterdir()):
        run, _, step = page.name.partition(".")
        yield from _read_page(int(run), step, page.read_text().splitlines())


def _read_page(run_id: int, step: str, lines: list[str]) -> Iterator[Call]:
    """Yield the calls of one step of one run. An end belongs to the last that has begun."""
    began: tuple[float, str] | None = None
    for line in lines:
        word, at, slot = line.split(" ", 2)
        if word == "begin":
            if began is not None:
                yield Call(run_id, step, began[1], began[0], None)
            began = float(at), slot
        elif began is not None:
            yield Call(run_id, step, slot, began[0], float(at))
            began = None
    if began is not None:
        yield Call(run_id, step, began[1], began[0], None)
