"""Stands for your own work: makes up the orders of one account and day, and writes them to a file."""

import argparse
import random
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--account", required=True)
parser.add_argument("--date", required=True)
wanted = parser.parse_args()

chance = random.Random(f"{wanted.account} {wanted.date}")  # the same again when it runs again
orders = [f"{number},{chance.randint(5, 250)}" for number in range(1, chance.randint(20, 60))]

file = Path("data/orders") / f"{wanted.account}-{wanted.date}.csv"
file.parent.mkdir(parents=True, exist_ok=True)
file.write_text("\n".join(["order,amount", *orders]) + "\n")
print(f"{len(orders)} orders written to {file}")
