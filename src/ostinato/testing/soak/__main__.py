"""The command: ``python -m ostinato.testing.soak [--seconds 120] [--seed 1] [--postgres | --database URL] …``."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from ostinato.testing.postgres import PostgresServer
from ostinato.testing.soak.soaking import Soaking, soak


def main() -> int:
    """Soak, print the verdict, and return 0 if it is without breach."""
    options = _read_options()
    print(f"seed {options.seed}, in {options.folder or 'a temporary folder'}", flush=True)
    with _some_folder(options.folder) as folder, _some_database(folder, options) as database:
        outcome = soak(
            Soaking(
                folder=folder,
                database=database,
                seed=options.seed,
                seconds=options.seconds,
                every_seconds=options.every,
                accounts=options.accounts,
                hours=options.hours,
                engines=options.engines,
                agents=options.agents,
                heartbeat_timeout=timedelta(seconds=options.heartbeat_timeout),
                longest_seconds=options.longest,
                only_restarts=options.only_restarts,
            ),
            say=lambda line: print(line, flush=True),
        )
    verdict = outcome.verdict
    faults = ", ".join(f"{times} {fault}" for fault, times in sorted(outcome.faults.items()))
    runs = ", ".join(f"{number} {status}" for status, number in sorted(verdict.runs.items()))
    print(f"{sum(outcome.faults.values())} faults: {faults}")
    print(f"{verdict.slots} slots were due; {sum(verdict.runs.values())} runs: {runs}")
    print(
        f"{verdict.calls} commands begun; {verdict.overlaps} beside one whose agent had been silent for too long, "
        f"{verdict.cut_off} cut off with their agent"
    )
    for breach in verdict.breaches:
        print(f"✗ {breach}")
    print("✗ that must never be" if verdict.breaches else "✓ each slot succeeded once, and nothing is left")
    return 1 if verdict.breaches else 0


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m ostinato.testing.soak", description=sys.modules[__package__].__doc__
    )
    parser.add_argument("--seconds", type=float, default=120, help="how long faults come (120)")
    parser.add_argument("--every", type=float, default=1, help="seconds from one fault to the next, on average (1)")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="of the faults")
    parser.add_argument("--accounts", type=int, default=12)
    parser.add_argument("--hours", type=int, default=24, help="how much work there is for each account, at least (24)")
    parser.add_argument("--engines", type=int, default=2)
    parser.add_argument("--agents", type=int, default=3)
    parser.add_argument(
        "--heartbeat-timeout", type=int, default=6, metavar="SECONDS", help="how long an agent may be silent (6)"
    )
    parser.add_argument(
        "--longest", type=int, default=12, metavar="SECONDS", help="what the longest commands take (12)"
    )
    parser.add_argument(
        "--only-restarts", action="store_true", help="of agents, killed or told to stop, and back at once"
    )
    parser.add_argument("--folder", type=Path, help="an empty folder, which is kept; left out, one that is not")
    parser.add_argument("--database", help="its address; left out, SQLite in the folder")
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL server of its own")
    return parser.parse_args()


@contextmanager
def _some_folder(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="ostinato-soak-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@contextmanager
def _some_database(folder: Path, options: argparse.Namespace) -> Iterator[str]:
    if options.postgres:
        with PostgresServer() as server:
            yield server.url()
    else:
        yield options.database or f"sqlite:///{folder / 'ostinato.db'}"


if __name__ == "__main__":
    sys.exit(main())
