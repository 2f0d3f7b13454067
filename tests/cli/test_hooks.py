"""Singletons and hooks as the commands show them: who waits for whom, what was called, and what went wrong in it."""

from __future__ import annotations

import pytest

from ostinato.testing.program import Program, write_files

SHOP = """\
from ostinato import action, plan, suspend


def greet(change):
    pass


def mourn(change):
    raise RuntimeError(f"nobody answers\\nabout run {change.run_id}")


@action
def wait():
    suspend()


@plan(singleton=True, singleton_key=lambda day: day[:4], hooks={"running": greet, "cancelled": [greet, mourn]})
def refresh(day: str):
    wait()


@plan(singleton="refuse")
def export():
    wait()
"""

DEFINITIONS = """\
defaults: {starts_on: 2026-01-05, ends_on: 2026-01-06}
definitions:
  nightly: {action: 'shop:refresh', inputs: {day: '{start_date}'}}
  weekly: {action: 'shop:export'}
"""


@pytest.fixture
def shop(program: Program) -> Program:
    """Give the program in a project of slots with singletons and hooks."""
    project = "database: sqlite:///ostinato.db\ndefinitions: [{yaml: definitions.yaml}]\nagent: {name: here}\n"
    write_files(program.folder, {"ostinato.yaml": project, "definitions.yaml": DEFINITIONS, "shop.py": SHOP})
    program("apply")
    return program


def test_singletons_and_hooks_of_slots_are_shown(shop: Program) -> None:
    """Who waits for whom, and who would not; when hooks were called, and why one failed: in a line, and its story."""
    shop("engine")
    agent = shop("agent")
    holder, waiter = find_pair(shop, "nightly")
    rival, refuser = find_pair(shop, "weekly")
    waiting = shop("show", waiter).out
    refusing = shop("show", refuser).out
    shop("engine")
    refused = shop("show", refuser, "--json").json
    shop("cancel", holder)
    shop("agent")
    shown = shop("show", holder).out
    details = shop("show", holder, "--json").json
    status = shop("status").out

    assert agent.out == "4 runs have not ended: 2 suspended, 2 waiting\n"
    assert 'singleton shop:refresh "2026"\n' in waiting
    assert f'run {holder} holds shop:refresh "2026", or waits longer for it' in waiting
    assert f"the end of that run: ostinato show {holder}" in waiting
    assert "singleton shop:export; it refuses to wait" in refusing
    assert "the engine fails it in its next pass" in refusing
    assert (refused["status"], refused["end_kind"]) == ("failed", "not_started")
    assert refused["reason"] == f"it is a singleton, and run {rival} lives: shop:export"
    assert details["singleton"] == 'shop:refresh "2026"'
    assert [(call["hook"], call["status"]) for call in details["hooks"]] == [
        ("shop:greet", "running"),
        ("shop:greet", "running"),
        ("shop:greet", "cancelled"),
        ("shop:mourn", "cancelled"),
    ]
    assert all(call["called_at"] for call in details["hooks"])
    assert [call["error"] and call["error"]["message"] for call in details["hooks"]] == [
        *[None] * 3,
        f"nobody answers\nabout run {holder}",
    ]
    assert "✗ failed at " in shown
    assert ": RuntimeError: nobody answers\n" in shown
    assert 'raise RuntimeError(f"nobody answers' in shown
    assert "1 call of a hook has failed within a day" in status
    assert f"ostinato show {holder}" in status


def find_pair(shop: Program, definition: str) -> tuple[str, str]:
    """Return the run that holds the singleton and the one that does not: they are planned at once, and one is first."""
    runs = {run["status"]: str(run["run"]) for run in shop("runs", "--definition", definition, "--json").json}
    return runs["suspended"], runs["waiting"]
