"""One-offs: what a run without slot is given, and what it cannot do without."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ostinato.calendar.labels import parse_label
from ostinato.errors import NotPossible
from ostinato.model.accounts import Account
from ostinato.model.definitions import Definition, Matrix
from ostinato.operations.names import get_account
from ostinato.policies.declared_plans import list_used_placeholders
from ostinato.policies.placeholders import PLACEHOLDERS
from ostinato.store.database import Tx

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_BOUNDS = {"start": ("start", "start_date"), "end": ("end", "end_date")}
"""Which placeholders each bound of the period gives a value."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asks a one-off for, as it is written."""

    account: str | None
    parameters: Mapping[str, str]
    start: str | None
    end: str | None


@dataclass(frozen=True, slots=True)
class Once:
    """What a one-off run is given."""

    account_id: int | None
    parameters: Mapping[str, str]


def describe_once(tx: Tx, definition: Definition, order: Order) -> Once:
    """Return what a one-off of ``definition`` is given; ``NotPossible`` for what does not fit or is missing.

    Any parameter is accepted, for only the command knows which variables of its environment it reads; but none may be
    called like a placeholder, which has a value, or lacks one, of its own.
    """
    account = _get_account(tx, definition, order.account)
    _check_parameters(order.parameters)
    zone = definition.declared.time_zone or (account.declared.time_zone if account else "UTC")
    asked = {"start": order.start, "end": order.end}
    bounds = {name: _parse_bound(name, text, zone) for name, text in asked.items() if text is not None}
    if len(bounds) == len(asked) and bounds["start"] >= bounds["end"]:
        message = f"the start {order.start} is not before the end {order.end}"
        raise NotPossible(message, hint="the end is the first instant that is no longer part of it")
    _check_complete(definition, frozenset(bounds))
    instants = {name: at.astimezone(UTC).isoformat().replace("+00:00", "Z") for name, at in bounds.items()}
    return Once(account.id if account else None, {**order.parameters, **instants})


def _get_account(tx: Tx, definition: Definition, account: str | None) -> Account | None:
    if definition.declared.matrix is Matrix.ACCOUNT:
        if account is None:
            hint = "name one of them, with --account; they are listed by: ostinato accounts"
            raise NotPossible(f"{definition.name} runs for one account at a time", hint=hint)
        return get_account(tx, account)
    if account is not None:
        raise NotPossible(f"{definition.name} runs without account", hint="leave the account out")
    return None


def _check_parameters(parameters: Mapping[str, str]) -> None:
    taken: dict[str, str] = {}
    for name in parameters:
        if name in PLACEHOLDERS:
            hint = "give start and end as such, not as parameters" if name in _BOUNDS else "choose another name"
            raise NotPossible(f"a parameter cannot be called {name}: that is {PLACEHOLDERS[name]}", hint=hint)
        if not _NAME.fullmatch(name):
            hint = "begin with a letter, and go on with letters, digits and underscores"
            raise NotPossible(f"a parameter cannot be called {name!r}", hint=hint)
        other = taken.setdefault(name.upper(), name)
        if other != name:
            hint = f"the command would see both as OSTINATO_PARAMETER_{name.upper()}"
            raise NotPossible(f"the parameters {other} and {name} cannot be told apart", hint=hint)


def _parse_bound(name: str, text: str, zone: str) -> datetime:
    try:
        return parse_label(text, zone)
    except ValueError as error:
        raise NotPossible(
            f"the {name} cannot be read: {error}", hint=f"without Z or an offset, it is one of {zone}"
        ) from None


def _check_complete(definition: Definition, bounds: frozenset[str]) -> None:
    """Refuse a one-off whose work names what it would not have: it could only fail to start."""
    used = list_used_placeholders(definition.declared)
    if "slot" in used:
        raise NotPossible(
            f"{definition.name} uses {{slot}}, which a one-off does not have",
            hint=f"trigger a slot instead: ostinato slots --definition {definition.name}",
        )
    for bound, placeholders in _BOUNDS.items():
        lacking = [name for name in placeholders if name in used and bound not in bounds]
        if lacking:
            uses = " and ".join(f"{{{name}}}" for name in lacking)
            raise NotPossible(
                f"{definition.name} uses {uses}, so a one-off of it needs its {bound}",
                hint=f"give one, with --{bound}",
            )
