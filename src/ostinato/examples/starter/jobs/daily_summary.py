"""Sums up the orders of all accounts on one day."""

import argparse
import csv
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--date", required=True)
wanted = parser.parse_args()

total = 0
for file in sorted(Path("data/orders").glob(f"*-{wanted.date}.csv")):
    with file.open() as lines:
        amount = sum(int(order["amount"]) for order in csv.DictReader(lines))
    print(f"{file.stem.removesuffix('-' + wanted.date)}: {amount}")
    total += amount

summary = Path("data/summaries") / f"{wanted.date}.txt"
summary.parent.mkdir(parents=True, exist_ok=True)
summary.write_text(f"{wanted.date}: {total}\n")
print(f"all together: {total}, written to {summary}")
