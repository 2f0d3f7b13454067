"""Makes a copy of this example that is ready to run: ``python -m ostinato.examples.warehouse my-warehouse``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ostinato.errors import OstinatoError
from ostinato.examples.warehouse.demo import prepare


def main() -> int:
    """Carry out the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m ostinato.examples.warehouse", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the project is to be, or is since the last time")
    parser.add_argument("--months", type=int, default=2, help="how many months of 2013 (default: 2)")
    wanted = parser.parse_args()
    try:
        days = prepare(wanted.folder, months=wanted.months, progress=_tell)
    except OstinatoError as error:
        print(f"error: {error.message}\n  {error.hint}", file=sys.stderr)
        return 1
    print(f"{wanted.folder} has what sixteen airlines delivered from {days.first} to {days.last}.")
    return 0


def _tell(what: str, done: int, total: int) -> None:
    if not done:
        print(f"{what} …")


if __name__ == "__main__":
    sys.exit(main())
