"""YAML: the core schema of YAML 1.2 (``no`` is a text, and so is a date), and beyond it the merge key ``<<``.

Keys are always texts, exactly as they are written. A key that appears twice is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from yamlcore import CCoreLoader

from ostinato.documents.places import Document, Key, Place, Spot
from ostinato.documents.text_files import empty_file, read_text
from ostinato.errors import DeclarationError, Problem

TOO_DEEP = "this is nested too deeply"

DEEPEST = 100
_MERGE = "<<"
_STR, _SEQ, _MAP = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))

_Read: TypeAlias = tuple[Any, Mapping[Key, Spot]]


class WrittenInt(int):
    """A whole number that knows how it was written: ``007`` is 7, and still ``007`` where text is wanted."""

    text: str

    @classmethod
    def of(cls, value: int, text: str) -> WrittenInt:
        """Return ``value`` as it is written in ``text``."""
        written = cls(value)
        written.text = text
        return written


class WrittenFloat(float):
    """A number that knows how it was written: ``1.10`` is 1.1, and still ``1.10`` where text is wanted."""

    text: str

    @classmethod
    def of(cls, value: float, text: str) -> WrittenFloat:
        """Return ``value`` as it is written in ``text``."""
        written = cls(value)
        written.text = text
        return written

    @classmethod
    def read(cls, text: str) -> WrittenFloat:
        """Return the number that ``text`` is."""
        return cls.of(float(text), text)


def read_yaml(path: Path, shown: str) -> Document:
    """Read a file of YAML."""
    return parse_yaml(read_text(path, shown), shown)


def parse_yaml(text: str, shown: str) -> Document:
    """Read YAML from ``text``."""
    try:
        reader = _Reader(text, shown)
        value, below = reader.read_document()
    except yaml.MarkedYAMLError as error:
        raise DeclarationError([_explain_syntax(error, text, shown)]) from None
    except yaml.reader.ReaderError as error:
        place = Place(shown, text.count("\n", 0, error.position) + 1)
        raise place.error(f"the character U+{error.character:04X} is not allowed here") from None
    if reader.problems:
        raise DeclarationError(reader.problems)
    return Document(value, Place(shown, 1, "", below))


class _Reader:
    """Turns the events of PyYAML's parser into values and spots, and gathers what is wrong with them.

    Not by way of PyYAML's own nodes: composing deeply nested ones ends the process.
    """

    def __init__(self, text: str, shown: str) -> None:
        self._events = CCoreLoader(text)
        self._shown = shown
        self._anchors: dict[str, _Read | None] = {}
        self._path: list[Key] = []
        self.problems: list[Problem] = []

    def read_document(self) -> _Read:
        """Return the value of the one document, and the spots of what stands below it."""
        self._events.get_event()
        if self._events.check_event(yaml.StreamEndEvent):
            raise empty_file(self._shown)
        self._events.get_event()
        read = self._read(self._events.get_event())
        self._events.get_event()
        if not self._events.check_event(yaml.StreamEndEvent):
            hint = "keep one document in each file, without ---"
            self._refuse(self._events.get_event(), "a second document begins here", hint=hint)
        return read

    def _read(self, event: Any) -> _Read:
        if isinstance(event, yaml.AliasEvent):
            return self._read_alias(event)
        if event.anchor:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            read: _Read = self._read_scalar(event), {}
        else:
            read = self._read_collection(event)
        if event.anchor:
            self._anchors[event.anchor] = read
        return read

    def _read_alias(self, event: Any) -> _Read:
        read = self._anchors.get(event.anchor)
        if read is not None:
            return read
        if event.anchor in self._anchors:
            self._refuse(event, f"the alias *{event.anchor} stands within what it stands for")
        else:
            hint = "put a value that begins with * in quotes"
            self._refuse(event, f"there is no anchor &{event.anchor} above this alias", hint=hint)
        return None, {}

    def _read_scalar(self, event: Any) -> Any:
        tag = event.tag
        if tag in (None, "!"):
            tag = self._events.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag == _STR:
            return event.value
        try:
            value = self._events.construct_object(yaml.ScalarNode(tag, event.value, event.start_mark))
        except (yaml.constructor.ConstructorError, ValueError, LookupError):
            self._refuse_tag(event)
            return None
        if isinstance(value, float):
            return WrittenFloat.of(value, event.value)
        if isinstance(value, int) and not isinstance(value, bool):
            return WrittenInt.of(value, event.value)
        return value

    def _read_collection(self, event: Any) -> _Read:
        if len(self._path) > DEEPEST:
            raise Place(self._shown, _line(event)).error(TOO_DEEP)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", _MAP if is_mapping else _SEQ):
            self._refuse_tag(event)
        return self._read_mapping() if is_mapping else self._read_sequence()

    def _read_below(self, key: Key, event: Any) -> _Read:
        self._path.append(key)
        read = self._read(event)
        self._path.pop()
        return read

    def _read_sequence(self) -> _Read:
        values: list[Any] = []
        spots: dict[Key, Spot] = {}
        while not isinstance(event := self._events.get_event(), yaml.SequenceEndEvent):
            value, below = self._read_below(len(values), event)
            spots[len(values)] = Spot(_line(event), below)
            values.append(value)
        return values, spots

    def _read_mapping(self) -> _Read:
        values: dict[str, Any] = {}
        spots: dict[Key, Spot] = {}
        merges: list[tuple[Any, _Read]] = []
        while not isinstance(event := self._events.get_event(), yaml.MappingEndEvent):
            key = self._read_key(event)
            value, below = self._read_below(key, self._events.get_event())
            if key == _MERGE and not event.style:
                merges.append((event, (value, below)))
            elif key in spots:
                message = f"the key {key!r} appears twice, first on line {spots[key].line}"
                self._refuse(event, message, key)
            else:
                values[key], spots[key] = value, Spot(_line(event), below)
        for event, read in merges:
            self._merge(event, read, values, spots)
        return values, spots

    def _read_key(self, event: Any) -> str:
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        self._read(event)
        hint = 'put a text that begins with a brace or bracket in quotes, as in "{account}"'
        self._refuse(event, "a key must be a text", hint=hint)
        return ""

    def _merge(self, event: Any, read: _Read, values: dict[str, Any], spots: dict[Key, Spot]) -> None:
        """Add the keys of what a merge key names, a mapping or a list of them; those already there win."""
        value, below = read
        sources = [(value, below)]
        if isinstance(value, list):
            sources = [(item, below[index].below) for index, item in enumerate(value)]
        for source, source_spots in sources:
            if not isinstance(source, dict):
                self._refuse(event, "the merge key << takes a mapping, or a list of mappings", _MERGE)
                return
            for key in source:
                values.setdefault(key, source[key])
                spots.setdefault(key, source_spots[key])

    def _refuse_tag(self, event: Any) -> None:
        self._refuse(event, f"the tag {event.tag!r} does not fit here", hint="write the value without a tag")

    def _refuse(self, event: Any, message: str, *below: Key, hint: str = "") -> None:
        path = Place().at(*self._path, *below).key
        self.problems.append(Problem(message, file=self._shown, line=_line(event), key=path, hint=hint))


_SYNTAX: tuple[tuple[str, str, str], ...] = (
    (
        "mapping values are not allowed",
        "a ':' stands where none is expected",
        "indent this line like its neighbours, and put a value that contains ': ' in quotes",
    ),
    (
        "while scanning an alias",
        "this is not an alias",
        'put a value that begins with * in quotes, as in "*/5 * * * *"',
    ),
    ("escape", "this escape is unknown", r"write \\ for a backslash, or use single quotes"),
    ("quoted scalar", "the quote that opens here is not closed", "close it with the same quote"),
    (
        "flow sequence",
        "the [ that opens here has no ] where it should end",
        "separate items by , and close with ]",
    ),
    (
        "flow mapping",
        "the { that opens here has no } where it should end",
        "separate items by , and close with }",
    ),
    ("flow node", "a [ or { above is not closed", "close it with ] or }"),
    ("simple key", "a ':' is missing after the key", "write key: value, with a space after the colon"),
    (
        "block sequence entries",
        "a list cannot begin on this line",
        "begin the list on the next line, with a dash",
    ),
)
"""What libyaml says, what we say instead, and what to do. The first that fits is taken."""

_BEGIN_EARLIER = ("quoted scalar", "flow sequence", "flow mapping", "simple key")
"""Where these end wrongly, the line on which they begin tells more than that on which the parser gave up."""


_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What ends a line for libyaml."""


def _explain_syntax(error: yaml.MarkedYAMLError, text: str, shown: str) -> Problem:
    said = f"{error.context}: {error.problem}"
    mark = error.problem_mark
    if any(what in said for what in _BEGIN_EARLIER) and error.context_mark:
        mark = error.context_mark
    place = Place(shown, mark.line + 1 if mark else None)
    if "cannot start any token" in said and mark:
        character = _BREAK.split(text)[mark.line][mark.column : mark.column + 1]
        if character == "\t":
            return place.problem("a tab stands where only spaces are allowed", hint="indent with spaces")
        return place.problem(f"no value can begin with {character}", hint="put the value in quotes")
    for part, message, hint in _SYNTAX:
        if part in said:
            return place.problem(message, hint=hint)
    hint = "check indentation and quotes here and just above"
    return place.problem(f"this is not YAML: {error.problem}", hint=hint)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
