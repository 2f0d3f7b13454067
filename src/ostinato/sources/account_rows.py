"""From declared accounts to ``DeclaredAccount``: in the form of files, and as flat rows of a table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator

from ostinato.documents import Document, Place
from ostinato.documents.fields import Name, check_name
from ostinato.documents.forms import Form, Refusal, nearest, read_entries, read_form
from ostinato.errors import DeclarationError
from ostinato.model.accounts import DeclaredAccount, Maintenance
from ostinato.policies.placeholders import LABELS
from ostinato.sources.account_form import AccountForm, MaintenanceForm
from ostinato.sources.gathering import Gathering

Accounts: TypeAlias = Gathering[DeclaredAccount]

COLUMNS = (
    "token",
    "time_zone",
    "starts_on",
    "active",
    "maintenance",
    "maintenance_from",
    "maintenance_until",
    "weight",
    "concurrency",
)
"""The columns of a flat row. Further ones are labels: ``labels.NAME``."""

_NUMBERS: dict[str, type[float]] = {"weight": float, "concurrency": int}
_FLAGS = {"true": True, "yes": True, "1": True, "t": True, "false": False, "no": False, "0": False, "f": False}


def _nothing_said(value: object) -> object:
    return {} if value is None else value


class AccountsForm(Form):
    """A file of accounts."""

    accounts: dict[
        Name, Annotated[AccountForm, BeforeValidator(_nothing_said, json_schema_input_type=AccountForm | None)]
    ]
    """The accounts, by token."""


def gather_accounts(document: Document, gathering: Accounts) -> None:
    """Take in a file of accounts."""
    reading = read_entries(AccountsForm, document, "accounts")
    gathering.refuse(reading.problems)
    if reading.form is not None:
        for token, form in reading.form.accounts.items():
            _take_in(token, form, document.place.at("accounts", token), gathering)


def gather_account(token: str, document: Document, gathering: Accounts) -> None:
    """Take in one account; its token stands apart from its fields."""
    try:
        check_name(token)
        form = read_form(AccountForm, document)
    except Refusal as refusal:
        gathering.refuse([document.place.at("token").problem(str(refusal), hint=refusal.hint)])
    except DeclarationError as error:
        gathering.refuse(error.problems)
    else:
        _take_in(token, form, document.place, gathering)


def check_columns(columns: Iterable[str], place: Place) -> None:
    """Refuse columns that a flat row of a file cannot have, and a missing token."""
    names = list(columns)
    problems = [
        place.at(name).problem("unknown column", hint=nearest(name, [*COLUMNS, f"{LABELS}NAME"]))
        for name in names
        if name not in COLUMNS and not name.startswith(LABELS)
    ]
    if "token" not in names:
        problems.append(place.problem("there is no column token", hint="the token is what an account is called"))
    if problems:
        raise DeclarationError(problems)


def gather_row(row: Document, gathering: Accounts) -> None:
    """Take in an account from a mapping of columns; what is empty counts as left out, and any other column is a label.

    Numbers and truth values may be texts: neither CSV files nor all databases know better.
    """
    cells = {column: value for column, value in row.value.items() if value not in (None, "")}
    fields: dict[str, Any] = {key: cells[key] for key in ("time_zone", "starts_on") if key in cells}
    for key in ("active", "maintenance"):
        if key in cells:
            fields[key] = _read_flag(cells[key])
    window = {key: cells[f"maintenance_{key}"] for key in ("from", "until") if f"maintenance_{key}" in cells}
    if window and fields.get("maintenance", True) is not False:
        fields["maintenance"] = window
    for key, kind in _NUMBERS.items():
        if key in cells:
            fields[key] = _read_number(cells[key], kind)
    labels = {column.removeprefix(LABELS): value for column, value in cells.items() if column not in COLUMNS}
    fields["labels"] = {name: _write_label(value) for name, value in labels.items()}
    gather_account(str(cells.get("token", "")), Document(fields, row.place), gathering)


def write_account(declared: DeclaredAccount) -> dict[str, Any]:
    """Return the fields by which an account could be declared in a file; times and dates stay what they are."""
    window = declared.maintenance
    fields = {
        "time_zone": declared.time_zone,
        "starts_on": declared.starts_on,
        "active": declared.active,
        "maintenance": _write_maintenance(window) if window else None,
        "labels": dict(declared.labels),
        "weight": declared.weight,
        "concurrency": declared.concurrency,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _write_maintenance(window: Maintenance) -> object:
    bounds = {"from": window.starts_at, "until": window.ends_at}
    return {key: at for key, at in bounds.items() if at is not None} or True


def _take_in(token: str, form: AccountForm, place: Place, gathering: Accounts) -> None:
    maintenance = _to_utc(form.maintenance, form.time_zone) if form.maintenance else None
    if maintenance and maintenance.starts_at and maintenance.ends_at and maintenance.ends_at <= maintenance.starts_at:
        here = place.at("maintenance", "until")
        gathering.refuse([here.problem("maintenance ends before it starts", hint="make until later than from")])
        return
    account = DeclaredAccount(
        token=token,
        time_zone=form.time_zone,
        starts_on=form.starts_on,
        active=form.active,
        maintenance=maintenance,
        labels=form.labels,
        weight=form.weight,
        concurrency=form.concurrency,
    )
    gathering.add(token, account, place)


def _to_utc(form: MaintenanceForm, time_zone: str) -> Maintenance:
    zone = ZoneInfo(time_zone)

    def convert(at: datetime | None) -> datetime | None:
        if at is None:
            return None
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)

    return Maintenance(convert(form.starts), convert(form.ends))


def _read_flag(value: object) -> object:
    """Read what means true or false in a table; what does not is left to the form to refuse."""
    return _FLAGS.get(str(value).casefold(), value)


def _read_number(value: object, kind: type[float]) -> object:
    try:
        return kind(str(value))
    except ValueError:
        return value


def _write_label(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
