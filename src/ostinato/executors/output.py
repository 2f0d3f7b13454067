"""The output of a command: JSON in a file of its own, which it may write or not.

It lies there until what became of the command is on record.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from ostinato.model.steps import Json

LARGEST_OUTPUT = 1_048_576
"""How many bytes of output a command may write. Output goes into the database; data has better places."""
DEEPEST = 100

_UNFIT = re.compile("[\x00\ud800-\udfff]")
"""Characters that JSON can spell and databases cannot keep."""


def read_output(path: Path) -> Json:
    """Return the output of a command that exited with code 0, which may have written it to ``path``.

    ``ValueError`` names the file and says what is wrong with it.
    """
    try:
        return _parse(_read_file(path))
    except FileNotFoundError:
        return {"exit_code": 0}
    except OSError as error:
        raise ValueError(f"its output {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"its output {path} cannot be used: {error}") from None


def _read_file(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe without a writer would keep us waiting
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is not a file")
        content = file.read(LARGEST_OUTPUT + 1)
    if len(content) > LARGEST_OUTPUT:
        raise ValueError("it is larger than 1 MiB; keep data elsewhere and write where it is")
    return content


def _parse(content: bytes) -> Json:
    try:
        value: Json = json.loads(content.decode(), parse_float=_read_float, parse_constant=_refuse_number)
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not JSON: byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise _too_deep() from None
    _check(value, depth=0)
    return value


def _read_float(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_number(text)


def _refuse_number(text: str) -> float:
    raise ValueError(f"{text} is no number that JSON can say")


def _check(value: Json, *, depth: int) -> None:
    """Refuse what the parser lets pass and the database does not; ``depth`` counts what ``value`` is nested in."""
    if isinstance(value, str):
        if found := _UNFIT.search(value):
            raise ValueError(f"a text in it has the character U+{ord(found[0]):04X}, which cannot be stored")
    elif isinstance(value, Mapping | Sequence):
        if depth == DEEPEST:
            raise _too_deep()
        for part in (*value, *value.values()) if isinstance(value, Mapping) else value:
            _check(part, depth=depth + 1)


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {DEEPEST} deep")
