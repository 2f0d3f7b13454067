"""JSON. Python's parser makes the values; where they stand, it does not say, so their spots are read beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ostinato.documents.places import Document, Key, Place, Spot
from ostinato.documents.text_files import empty_file, read_text
from ostinato.documents.yaml_files import DEEPEST, TOO_DEEP, WrittenFloat
from ostinato.errors import DeclarationError, Problem

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s"{}\[\]:,]+')


class _NoJsonNumber(ValueError):
    """NaN or Infinity: numbers to Python's parser, but not to JSON."""


def read_json(path: Path, shown: str) -> Document:
    """Read a file of JSON."""
    return parse_json(read_text(path, shown), shown)


def parse_json(text: str, shown: str) -> Document:
    """Read JSON from ``text``. A key that appears twice is an error."""
    if not text.strip():
        raise empty_file(shown)
    try:
        value = json.loads(text, parse_float=WrittenFloat.read, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        message = f"this is not JSON: {error.msg} (column {error.colno})"
        raise Place(shown, error.lineno).error(message) from None
    except _NoJsonNumber as error:
        raise Place(shown).error(f"this is not JSON: {error} is not a number") from None
    except RecursionError:
        raise Place(shown).error(TOO_DEEP) from None
    spots = _SpotReader(text, shown)
    below = spots.read()
    if spots.problems:
        raise DeclarationError(spots.problems)
    return Document(value, Place(shown, 1, "", below))


class _SpotReader:
    """Finds the line of each key and item of a text that is known to be JSON."""

    def __init__(self, text: str, shown: str) -> None:
        self._tokens = _iterate_tokens(text)
        self._shown = shown
        self.problems: list[Problem] = []

    def read(self) -> Mapping[Key, Spot]:
        """Return the spots below the whole value."""
        token, line = next(self._tokens)
        return self._read_below(token, line)

    def _read_below(self, opening: str, line: int, *path: Key) -> Mapping[Key, Spot]:
        """Return the spots below a value of which ``opening`` is the first token, and pass over its last."""
        spots: dict[Key, Spot] = {}
        if opening not in ("{", "["):
            return spots
        if len(path) > DEEPEST:
            raise Place(self._shown, line).error(TOO_DEEP)
        for mark, here in self._tokens:
            if mark in ("}", "]"):
                break
            if mark == ",":
                continue
            key, first = self._read_key(mark) if opening == "{" else (len(spots), mark)
            if key in spots:
                message = f"the key {key!r} appears twice, first on line {spots[key].line}"
                self.problems.append(Place(self._shown, here).at(*path, key).problem(message))
            spots[key] = Spot(here, self._read_below(first, here, *path, key))
        return spots

    def _read_key(self, token: str) -> tuple[Key, str]:
        """Return a key, and the first token of its value."""
        next(self._tokens)  # the colon
        return json.loads(token), next(self._tokens)[0]


def _iterate_tokens(text: str) -> Iterator[tuple[str, int]]:
    """Yield each token with its line."""
    line, counted = 1, 0
    for found in _TOKEN.finditer(text):
        line += text.count("\n", counted, found.start())
        counted = found.start()
        yield found[0], line


def _refuse_constant(name: str) -> None:
    raise _NoJsonNumber(name)
