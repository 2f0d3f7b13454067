"""Options and arguments that several commands take, each with its one help text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from cyclopts import Parameter, Token, validators

from ostinato.calendar.labels import parse_bound
from ostinato.cli.session import Session

Given = Annotated[Session, Parameter(parse=False)]
"""The session, which no command line mentions."""

Flag = Parameter(negative=(), show_default=False)
"""How a switch is declared: it is there or it is not."""

Plain = Parameter(show_default=False, negative=())
"""How an option is declared that needs no word on what it is when left out."""

ReasonOption = Annotated[
    str, Plain, Parameter(help="Why. It is kept with your name, and shown wherever the change is.")
]
DefinitionOption = Annotated[
    str | None, Plain, Parameter(name=("--definition", "-d"), help="Those of this definition alone.")
]
AccountOption = Annotated[str | None, Plain, Parameter(name=("--account", "-a"), help="Those of this account alone.")]
ParentOption = Annotated[
    int | None, Plain, Parameter(help="Those alone that this run has started, by its number.", metavar="RUN")
]
LogFormatOption = Annotated[
    Literal["text", "json"] | None,
    Plain,
    Parameter(help="How log lines look. Left out: text on a terminal, JSON elsewhere.", metavar="FORMAT"),
]


PortOption = Annotated[
    int | None,
    Plain,
    Parameter(
        help="The port of the console; 0 is any that is free. Left out, as the project says.",
        validator=validators.Number(gte=0, lte=65_535),
    ),
]


def read_when(type_: object, tokens: Sequence[Token]) -> date | datetime:
    """Read a date, or an instant with its offset."""
    return parse_bound(tokens[0].value)


When = Annotated[date | datetime | None, Plain, Parameter(converter=read_when)]


def read_instant(type_: object, tokens: Sequence[Token]) -> datetime:
    """Read an instant with its offset."""
    instant = read_when(type_, tokens)
    if not isinstance(instant, datetime):
        raise ValueError(f"write an instant, like {instant}T06:00Z")  # noqa: TRY004  the text is wrong, not its type
    return instant


Instant = Annotated[datetime | None, Plain, Parameter(converter=read_instant)]


def read_json(type_: object, tokens: Sequence[Token]) -> Any:
    """Read a value of JSON."""
    try:
        return json.loads(tokens[0].value)
    except ValueError as error:
        raise ValueError(f"this is no JSON: {error}") from None


JsonArgument = Parameter(converter=read_json, n_tokens=1, accepts_keys=False)


def check_pairs(type_: object, pairs: list[str] | None) -> None:
    """Raise ``ValueError`` unless each of ``pairs`` is ``NAME=VALUE``."""
    for name, separator, _ in (pair.partition("=") for pair in pairs or ()):
        if not (name and separator):
            raise ValueError(f"Write {name or 'NAME'}=VALUE")
