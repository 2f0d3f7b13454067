"""A night of failures, written straight into a database: what the browser tests look at."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from ostinato.model.accounts import DeclaredAccount
from ostinato.model.definitions import DeclaredDefinition, Matrix
from ostinato.model.runs import ClaimedRun
from ostinato.model.statuses import RunStatus
from ostinato.testing.factories import make_account, make_definition, make_retry
from ostinato.testing.night import Night, open_night

DAYS = 3
ACCOUNTS = 10
RETRY_MINUTES = 10
TIERS = ("gold", "silver", "bronze")

FAILS = "import_customers/shop-03"
"""The lane whose last slot has failed for good."""
IS_RETRIED = "score_risk/shop-07"
"""The lane whose last slot has failed once and is tried again."""
RUNS = "import_orders/shop-05"
"""The lane whose last slot is being carried out."""


def make_project(folder: Path, now: datetime) -> Path:
    """Make a project whose night before ``now`` went wrong in places; return its file."""
    file = folder / "ostinato.yaml"
    file.write_text("database: sqlite:///ostinato.db\naccounts: []\ndefinitions: []\n")
    since = (now - timedelta(days=DAYS)).replace(microsecond=0)
    zone = find_zone(now)
    with open_night(f"sqlite:///{folder / 'ostinato.db'}", now=since) as night:
        night.set(create_ahead=timedelta(days=1))
        night.declare(accounts=_declare_accounts(zone), definitions=_declare_definitions(zone, since))
        while night.now < now - timedelta(days=1):
            _work_well(night)
            night.advance(hours=12)
        _work_well(night)
        night.clock.advance(now - timedelta(minutes=40) - night.now)
        _work_badly(night)
    return file


def make_empty_project(folder: Path) -> Path:
    """Make a project that declares nothing, in which no engine has run; return its file."""
    file = folder / "ostinato.yaml"
    file.write_text("database: sqlite:///ostinato.db\naccounts: []\ndefinitions: []\n")
    with open_night(f"sqlite:///{folder / 'ostinato.db'}"):
        return file


def find_zone(now: datetime) -> str:
    """Return a zone in which it is about ten in the morning: midnight, when slots become due, is far on both sides."""
    ahead = (10 - now.hour) % 24
    return f"Etc/GMT{24 - ahead if ahead > 12 else -ahead:+d}"


def _declare_accounts(zone: str) -> list[DeclaredAccount]:
    return [make_account(f"shop-{n:02}", time_zone=zone, labels={"tier": TIERS[n % 3]}) for n in range(1, ACCOUNTS + 1)]


def _declare_definitions(zone: str, since: datetime) -> list[DeclaredDefinition]:
    def define(name: str, *reads: str) -> DeclaredDefinition:
        return make_definition(
            name,
            matrix=Matrix.ACCOUNT,
            starts_on=since.date(),
            reads_from=reads,
            writes_to=(f"{name}_data",),
            retry=make_retry(2, wait=timedelta(minutes=RETRY_MINUTES)),
        )

    return [
        define("import_orders"),
        define("import_customers"),
        define("clean_addresses", "import_customers_data"),
        define("update_agg_sales", "import_orders_data"),
        define("update_agg_customers", "import_orders_data", "clean_addresses_data"),
        define("score_risk", "update_agg_customers_data"),
        define("send_invoices", "update_agg_sales_data", "score_risk_data"),
        make_definition("export_ledger", time_zone=zone, starts_on=since.date(), reads_from=("import_orders_data",)),
    ]


def _work_well(night: Night) -> None:
    while claimed := _claim(night):
        for run in claimed:
            night.advance(seconds=_seconds_of(run))
            night.finish(run)


def _work_badly(night: Night) -> None:
    """Carry out part of the last night: one lane fails for good, one is tried again later, one goes on."""
    _work_on(night, fails=FAILS)
    night.advance(minutes=RETRY_MINUTES)
    _work_on(night, fails=FAILS)
    night.advance(minutes=20)
    _work_on(night, fails=IS_RETRIED)
    night.tick()


def _work_on(night: Night, *, fails: str) -> None:
    """Carry out what waits, once."""
    for run in _claim(night):
        lane = str(run.slot).rpartition("/")[0]
        if lane != RUNS:
            night.finish(run, RunStatus.FAILED if lane == fails else RunStatus.SUCCESS)


def _claim(night: Night) -> list[ClaimedRun]:
    night.beat()
    night.tick()
    return night.claim()


def _seconds_of(run: ClaimedRun) -> int:
    return 5 + run.id * 7919 % 40
