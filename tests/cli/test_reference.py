"""The reference is what the program says of itself."""

from __future__ import annotations

import pytest

from ostinato.cli.app import COMMANDS, make_app, prefer_docstring
from ostinato.cli.exit_codes import MEANINGS, ExitCode, exit_code_of
from ostinato.cli.reference import find_command
from ostinato.errors import (
    ConfigurationError,
    DeclarationError,
    IllegalTransition,
    NoDatabase,
    NotFound,
    NotPossible,
    OstinatoError,
    SchemaMismatch,
    StoreError,
    StoreUnavailable,
)


@pytest.mark.parametrize(("name", "line"), [(name, line) for _, name, _, line in COMMANDS])
def test_the_list_of_commands_says_what_each_says_itself(name: str, line: str) -> None:
    """Its line in the list is the first line of its docstring."""
    command = find_command(make_app(), name)
    prefer_docstring(command)

    assert command.help.splitlines()[0] == line


def test_every_exit_code_is_explained() -> None:
    """The table of the reference has them all."""
    assert set(MEANINGS) == set(ExitCode)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound(""), ExitCode.NOT_FOUND),
        (NotPossible(""), ExitCode.NOT_POSSIBLE),
        (StoreUnavailable(""), ExitCode.STORE),
        (SchemaMismatch(""), ExitCode.STORE),
        (NoDatabase(""), ExitCode.STORE),
        (DeclarationError([]), ExitCode.PROJECT),
        (ConfigurationError(""), ExitCode.PROJECT),
        (StoreError(""), ExitCode.BUG),
        (IllegalTransition(""), ExitCode.BUG),
    ],
)
def test_errors_have_exit_codes(error: OstinatoError, code: ExitCode) -> None:
    """What a person can mend is told apart from what nobody foresaw."""
    assert exit_code_of(error) is code
