"""How changes are said on the command line: as the shell and the commands read it, and never with a secret."""

from __future__ import annotations

import json
import shlex
from datetime import timedelta

import pytest

from ostinato import plan
from ostinato.model.access import Role
from ostinato.operations import access, command_lines
from ostinato.operations.auditing import list_audit
from ostinato.operations.command_lines import CommandLine
from ostinato.operations.masking import MASK
from ostinato.operations.people import Person
from ostinato.operations.triggering import TriggerOptions, trigger_plan
from ostinato.testing.factories import NOON
from ostinato.world import World

ADA = Person("ada")


def words(line: CommandLine, reason: str = "") -> list[str]:
    """Return the words that a shell makes of a line."""
    return shlex.split(line.write(reason))


@plan
def refresh(day: str, api_token: str = "") -> None:
    """Plan nothing."""


def test_a_line_has_every_option_that_was_given() -> None:
    """And none that was not."""
    once = command_lines.trigger_once("sales", account="acme", start="2026-01-05", parameters={"depth": "2 m"})
    planned = command_lines.trigger_plan("shop:refresh", {"day": "it's"}, start_at=NOON, after=(4, 5))
    event = command_lines.send_event("7", "load", "go", [1], due_at=NOON, optional=True)

    assert words(once, "why") == [
        *("ostinato", "trigger", "sales", "--account", "acme", "--start", "2026-01-05"),
        *("--param", "depth=2 m", "--reason", "why"),
    ]
    assert words(planned) == [
        *("ostinato", "trigger", "shop:refresh", "--input", '{"day": "it\'s"}'),
        *("--start-at", NOON.isoformat(), "--after", "4", "--after", "5"),
    ]
    assert words(event) == ["ostinato", "send-event", "7", "load", "go", "[1]", "--at", NOON.isoformat(), "--optional"]
    assert words(command_lines.simple("pause", "account acme"), "-v is wrong")[-1] == "--reason=-v is wrong"
    assert words(command_lines.note("7"), "-v is wrong")[-2:] == ["--", "-v is wrong"]
    assert words(command_lines.REPAIR, "what it did") == ["ostinato", "doctor", "--repair"]


@pytest.mark.parametrize(
    "line",
    [
        command_lines.edit_input("7", "load", {"deep": [{"api_token": "swordfish"}]}),
        command_lines.edit_input("7", "load", {"database": "postgresql://ada:swordfish@db/shop"}),
        command_lines.send_event("7", "load", "go", {"password": "swordfish"}),
        command_lines.trigger_once("sales", parameters={"DB_PASSWORD": "swordfish"}),
        command_lines.trigger_plan("shop:refresh", {"api_token": "swordfish"}),
        command_lines.answer("7", verdict=True, step=None, fields={"secret": "swordfish"}),
    ],
)
def test_secrets_are_masked(line: CommandLine) -> None:
    """However deep they are, by the names of what holds them; and in addresses."""
    assert "swordfish" not in line.write()
    assert MASK in line.write()


def test_a_very_long_value_is_cut() -> None:
    """The log is read by people."""
    line = command_lines.edit_input("7", "load", {"rows": ["x" * 100] * 1_000}).write()

    assert len(line) < command_lines.LONGEST + 100
    assert "…" in line


def test_passwords_and_tokens_are_in_no_entry(world: World) -> None:
    """Commands that are given none ask for it, or print it."""
    access.add_user(world, "grace", "a word that nobody knows", role=Role.VIEWER, by=ADA)
    access.change_password(world, "grace", "another that nobody knows", by=ADA, reason="forgotten")
    secret = access.add_token(world, "ci", role=Role.OPERATOR, by=ADA).secret

    commands = [entry.command for entry in list_audit(world)]

    assert commands == [
        "ostinato token add ci --role operator",
        "ostinato user password grace --reason forgotten",
        "ostinato user add grace --role viewer",
    ]
    assert secret not in str(commands)


def test_a_plan_is_triggered_by_the_line_of_its_entry(world: World) -> None:
    """What only Python can ask for has no line, rather than one that says less."""
    trigger_plan(world, refresh, ("2026-01-05",), by=ADA, reason="first")
    later = TriggerOptions(start_at=NOON + timedelta(days=1))
    trigger_plan(world, refresh, ("2026-01-06",), {"api_token": "abc"}, by=ADA, options=later)
    trigger_plan(world, refresh, ("2026-01-07",), by=ADA, options=TriggerOptions(priority=5))

    first_asked, asked_later, in_python = reversed(list_audit(world))

    name = f"{__name__}:refresh"
    assert shlex.split(str(first_asked.command)) == [
        *("ostinato", "trigger", name, "--input", json.dumps({"day": "2026-01-05"})),
        *("--reason", "first"),
    ]
    assert MASK in str(asked_later.command)
    assert "--start-at 2026-" in str(asked_later.command)
    assert in_python.command is None
