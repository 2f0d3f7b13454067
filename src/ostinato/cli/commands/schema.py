"""``ostinato schema``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from cyclopts import Parameter

from ostinato.cli.session import Session
from ostinato.sources.schema import json_schema


class Kind(StrEnum):
    """The kinds of files that people write."""

    PROJECT = "project"
    ACCOUNTS = "accounts"
    DEFINITIONS = "definitions"


def schema(
    kind: Annotated[Kind, Parameter(help="The project file, a file with accounts, or one with definitions.")],
    /,
    *,
    session: Annotated[Session, Parameter(parse=False)],
) -> None:
    """Print the JSON Schema of a kind of file.

    Editors check and complete files by it. Keep it in a file, and begin yours with a line such as
    # yaml-language-server: $schema=definitions.schema.json
    """
    session.answer_json(json_schema(kind.value))
