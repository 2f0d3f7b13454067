from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from ostinato.model.accounts import DeclaredAccount, Maintenance

FEBRUARY = Maintenance(datetime(2026, 2, 1, 5, tzinfo=UTC), datetime(2026, 2, 2, 5, tzinfo=UTC))
"""The first of February from midnight to midnight, in New York."""

UK = DeclaredAccount(
    "c-a-client-uk",
    "Europe/London",
    starts_on=date(2024, 1, 1),
    labels={"tier": "gold", "no": "007"},
    weight=2.0,
    concurrency=3,
)
US = DeclaredAccount("c-a-client-us", "America/New_York", active=False, maintenance=FEBRUARY)
PLAIN = DeclaredAccount("plain")

YAML = """\
accounts:
  c-a-client-uk:
    {time_zone: Europe/London, starts_on: 2024-01-01, labels: {tier: gold, no: 007}, weight: 2, concurrency: 3}
  c-a-client-us:
    time_zone: America/New_York
    active: false
    maintenance: {from: 2026-02-01T00:00, until: 2026-02-02T00:00}
  plain:
"""
JSON = """\
{"accounts": {
  "c-a-client-uk": {"time_zone": "Europe/London", "starts_on": "2024-01-01",
                    "labels": {"tier": "gold", "no": "007"}, "weight": 2, "concurrency": 3},
  "c-a-client-us": {"time_zone": "America/New_York", "active": false,
                    "maintenance": {"from": "2026-02-01", "until": "2026-02-02"}},
  "plain": {}
}}
"""
CSV = """\
token,time_zone,starts_on,active,maintenance_from,maintenance_until,weight,concurrency,labels.tier,labels.no
c-a-client-uk,Europe/London,2024-01-01,yes,,,2,3,gold,007
c-a-client-us,America/New_York,,no,2026-02-01,2026-02-02,,,,
plain,,,,,,,,,
"""


@pytest.mark.parametrize(
    ("kind", "file", "text", "lines"),
    [
        ("yaml", "a.yaml", YAML, [2, 4, 8]),
        ("json", "a.json", JSON, [2, 4, 6]),
        ("csv", "a.csv", CSV, [2, 3, 4]),
        ("file", "a.yaml", YAML, [2, 4, 8]),
        ("file", "a.JSON", JSON, [2, 4, 6]),
        ("file", "a.csv", CSV, [2, 3, 4]),
        ("yaml", "accounts.conf", YAML, [2, 4, 8]),
    ],
)
def test_accounts_are_the_same_in_every_format(project: Any, kind: str, file: str, text: str, lines: list[int]) -> None:
    """YAML, JSON and CSV are three ways to write the same accounts."""
    project.write(file, text)

    source = project.open_accounts(kind, file)
    loaded = source.load()

    assert (source.kind, source.name) == (kind, f"{kind}:{file}")
    assert loaded.rows == (UK, US, PLAIN)
    assert loaded.places == {row.token: f"{file}:{line}" for row, line in zip(loaded.rows, lines, strict=True)}


@pytest.mark.parametrize(
    ("declared", "maintenance"),
    [
        ("true", Maintenance(None, None)),
        ("false", None),
        ("{from: 2026-02-01}", Maintenance(FEBRUARY.starts_at, None)),
        ("{until: 2026-02-02T00:00:00}", Maintenance(None, FEBRUARY.ends_at)),
        ("{from: 2026-02-01T06:00+01:00, until: 2026-02-02T05:00Z}", FEBRUARY),
        # the clock goes forward from 02:00 to 03:00, and back from 02:00 to 01:00
        ("{from: 2026-03-08T02:30}", Maintenance(datetime(2026, 3, 8, 7, 30, tzinfo=UTC), None)),
        ("{from: 2026-11-01T01:30}", Maintenance(datetime(2026, 11, 1, 5, 30, tzinfo=UTC), None)),
    ],
)
def test_maintenance_is_on_the_account_s_own_clock(
    project: Any, declared: str, maintenance: Maintenance | None
) -> None:
    """Times without offset are local, at an hour that repeats the first one; open ends stay open."""
    project.write("a.yaml", f"accounts:\n  a: {{time_zone: America/New_York, maintenance: {declared}}}\n")

    (account,) = project.open_accounts("yaml", "a.yaml").load().rows

    assert account.maintenance == maintenance


@pytest.mark.parametrize(
    ("text", "line", "key", "message", "hint"),
    [
        ("account: {}\naccounts: {}", 1, "account", "unknown key", "did you mean accounts?"),
        ("accounts:\n  a b: {}", 2, "accounts.a b", "'a b' cannot be a name", "begin with a letter"),
        ("accounts:\n  '-':", 2, "accounts.-", "'-' cannot be a name", "begin with a letter"),
        ("accounts:\n  a: {timezone: UTC}", 2, "accounts.a.timezone", "unknown key", "did you mean time_zone?"),
        ("accounts:\n  a: {time_zone: London}", 2, "accounts.a.time_zone", "not a time zone", "'Europe/London'"),
        ("accounts:\n  a: {starts_on: tomorrow}", 2, "accounts.a.starts_on", "is not a date", "2026-01-31"),
        ("accounts:\n  a: {weight: 0}", 2, "accounts.a.weight", "greater than 0", ""),
        ("accounts:\n  a: {weight: heavy}", 2, "accounts.a.weight", "expected a number, not a text", ""),
        ("accounts:\n  a: {labels: {x: true}}", 2, "accounts.a.labels.x", "expected a text, not true", '"true"'),
        ("accounts:\n  a: {labels: [x]}", 2, "accounts.a.labels", "expected a mapping, not a list", "key: value"),
        ("accounts:\n  a: {active: maybe}", 2, "accounts.a.active", "expected true or false", "without quotes"),
        ("accounts:\n  a: {maintenance: {}}", 2, "accounts.a.maintenance", "expected from, until", "true"),
        ("accounts:\n  a: {maintenance: soon}", 2, "accounts.a.maintenance", "expected a mapping", "from, until"),
        ("accounts:\n  a: {maintenance: {to: x}}", 2, "accounts.a.maintenance.to", "unknown key", "until"),
        (
            "accounts:\n  a: {maintenance: {from: 6pm}}",
            2,
            "accounts.a.maintenance.from",
            "'6pm' is not a time",
            "T06:00",
        ),
        (
            "accounts:\n  a:\n    maintenance:\n      from: 2026-02-02\n      until: 2026-02-01",
            5,
            "accounts.a.maintenance.until",
            "ends before it starts",
            "later than from",
        ),
        ("accounts:\n  a: {}\n  a: {}", 3, "accounts.a", "the key 'a' appears twice, first on line 2", ""),
    ],
)
def test_a_mistake_in_yaml_is_named_with_its_place(
    project: Any, *, text: str, line: int, key: str, message: str, hint: str
) -> None:
    """File, line, key, what is wrong and what would be right."""
    project.write("a.yaml", text)

    (problem,) = project.problems_of(project.open_accounts("yaml", "a.yaml"))

    assert (problem.file, problem.line, problem.key) == ("a.yaml", line, key)
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("text", "line", "key", "message", "hint"),
    [
        ("token,timezone\na,UTC\n", 1, "timezone", "unknown column", "did you mean time_zone?"),
        ("token,tier\na,gold\n", 1, "tier", "unknown column", "labels.NAME"),
        ("time_zone\nUTC\n", 1, "", "there is no column token", ""),
        ("token,time_zone\na,UTC\n,UTC\n", 3, "token", "'' cannot be a name", "begin with a letter"),
        ("token\na\nb c\n", 3, "token", "'b c' cannot be a name", "begin with a letter"),
        ("token\na\nb\na\n", 4, "", "a is declared twice, first at a.csv:2", "another name"),
        ("token,active\na,yes\nb,maybe\n", 3, "active", "expected true or false", "true or false"),
        ("token,weight\na,heavy\n", 2, "weight", "expected a number, not a text", ""),
        ("token,time_zone\na,London\n", 2, "time_zone", "'London' is not a time zone", "Europe/London"),
        ("token,maintenance_until\na,6pm\n", 2, "maintenance.until", "'6pm' is not a time", "T06:00"),
    ],
)
def test_a_mistake_in_csv_is_named_with_its_row(
    project: Any, *, text: str, line: int, key: str, message: str, hint: str
) -> None:
    """Tables have the same checks, row by row."""
    project.write("a.csv", text)

    (problem,) = project.problems_of(project.open_accounts("csv", "a.csv"))

    assert (problem.file, problem.line, problem.key) == ("a.csv", line, key)
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("cells", "maintenance"),
    [
        ("true,,", Maintenance(None, None)),
        ("no,,", None),
        ("no,2026-02-01,", None),
        ("yes,2026-02-01,2026-02-02", Maintenance(*(datetime(2026, 2, day, tzinfo=UTC) for day in (1, 2)))),
        (",2026-02-01,", Maintenance(datetime(2026, 2, 1, tzinfo=UTC), None)),
        (",,", None),
    ],
)
def test_a_column_may_switch_maintenance_on_and_off(project: Any, cells: str, maintenance: Maintenance | None) -> None:
    """A flag alone has no bounds; off is off, whatever bounds stand beside it."""
    project.write("a.csv", f"token,maintenance,maintenance_from,maintenance_until\na,{cells}\n")

    (account,) = project.open_accounts("csv", "a.csv").load().rows

    assert account.maintenance == maintenance


def test_a_table_without_rows_declares_no_accounts(project: Any) -> None:
    """A header alone is an empty declaration, in as many words."""
    project.write("a.csv", "token,time_zone\n")

    assert project.open_accounts("csv", "a.csv").load().rows == ()


def test_the_version_of_an_account_is_that_of_its_content(project: Any) -> None:
    """Where an account is declared does not change what it is."""
    project.write("a.yaml", YAML)
    project.write("a.csv", CSV)

    from_yaml = [row.version for row in project.open_accounts("yaml", "a.yaml").load().rows]
    from_csv = [row.version for row in project.open_accounts("csv", "a.csv").load().rows]

    assert from_yaml == from_csv
