"""What a claim costs while very many runs wait: of a few runs, over many accounts, with and without limits."""

from __future__ import annotations

import argparse
import json
import random
import statistics
from collections.abc import Callable, Sequence
from datetime import timedelta
from time import perf_counter

from databases import Bench, add_database_options, open_bench

from ostinato.model.limits import ClaimRules
from ostinato.model.runs import NewRun
from ostinato.store import accounts, agents, claims, definitions, runs
from ostinato.store.database import Store
from ostinato.store.versioning import open_schema
from ostinato.testing.factories import NOON, make_account, make_definition, make_new_run

POOL = 1_000_000
"""More places than are ever used: what is measured is the counting."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_database_options(parser)
    parser.add_argument("--runs", type=int, default=100_000, help="how many runs wait")
    parser.add_argument("--accounts", type=int, default=500, help="over how many accounts")
    parser.add_argument("--definitions", type=int, default=4, help="of how many definitions")
    parser.add_argument("--limit", type=int, default=5, help="how many runs a claim is for")
    parser.add_argument("--claims", type=int, default=40, help="how many claims")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    figures = {}
    with open_bench(options) as bench:
        for name, uses, rules in (("no limits", {}, ClaimRules()), ("a pool", {"p": 1}, ClaimRules({"p": POOL}))):
            store = fill(bench, options.runs, options.accounts, options.definitions, uses)
            figures[name] = measure(store, rules, options.limit, options.claims)
            store.close()
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, seconds in figures.items():
        print(f"a claim of {options.limit} of {options.runs:,} runs, {name:<10}{seconds * 1e3:9.2f} ms")


def fill(bench: Bench, count: int, account_count: int, definition_count: int, uses: dict[str, int]) -> Store:
    """Make runs that wait, in a new database."""
    store, chance = Store(bench.new_database()), random.Random(1)
    open_schema(store)
    with store.write() as tx:
        names = [f"d{number}" for number in range(definition_count)]
        tokens = [f"a{number}" for number in range(account_count)]
        definitions.add_definitions(
            tx, [make_definition(name, matrix="account", uses=uses) for name in names], source="bench", now=NOON
        )
        accounts.add_accounts(tx, [make_account(token) for token in tokens], source="bench", now=NOON)
        known = [definition.id for definition in definitions.list_definitions(tx)]
        owners = [account.id for account in accounts.list_accounts(tx)]

    def make() -> NewRun:
        due_at = NOON - timedelta(seconds=chance.randrange(86_400))
        return make_new_run(chance.choice(known), account_id=chance.choice(owners), due_at=due_at)

    with store.write() as tx:
        runs.create_runs(tx, [make() for _ in range(count)], actor="bench", now=NOON)
    return store


def measure(store: Store, rules: ClaimRules, limit: int, times: int) -> float:
    """Return how many seconds a claim takes, its transaction included: the median."""
    with store.write() as tx:
        agent = agents.register_agent(
            tx, name="bench", host="here", pid=1, queues=["default"], concurrency=limit, version="0", now=NOON
        )

    def claim() -> None:
        with store.write() as tx:
            claims.claim_runs(
                tx, agent_id=agent.id, actor="bench", queues=["default"], limit=limit, now=NOON, rules=rules
            )

    return statistics.median(_time(claim) for _ in range(times))


def _time(act: Callable[[], None]) -> float:
    began = perf_counter()
    act()
    return perf_counter() - began


if __name__ == "__main__":
    main()
