from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.documents import (
    Document,
    Key,
    Place,
    Spot,
    parse_json,
    parse_yaml,
    read_csv,
    read_json,
    read_text,
    read_yaml,
)
from ostinato.errors import DeclarationError, Problem


def problems_of(read: Callable[[], object]) -> tuple[Problem, ...]:
    """Return what a read that must fail finds wrong."""
    with pytest.raises(DeclarationError) as caught:
        read()
    return caught.value.problems


def only_problem(read: Callable[[], object]) -> Problem:
    """Return the one thing that a read that must fail finds wrong."""
    (problem,) = problems_of(read)
    return problem


def write(folder: Path, content: bytes | str, name: str = "file.yaml") -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# --- texts ------------------------------------------------------------------------------------------------------------


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    """Editors that put a byte order mark first do no harm."""
    assert read_text(write(tmp_path, b"\xef\xbb\xbfa: 1\n"), "file.yaml") == "a: 1\n"


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"a: 1\nb: caf\xe9\n", 2, "the byte 0xE9 is not UTF-8"),
        ("a: 1\n".encode("utf-16"), 1, "the byte 0xFF is not UTF-8"),
    ],
)
def test_another_encoding_is_named_with_its_line(tmp_path: Path, content: bytes, line: int, message: str) -> None:
    """A file that is not UTF-8 says where, and what to do."""
    problem = only_problem(lambda: read_text(write(tmp_path, content), "file.yaml"))

    assert (problem.file, problem.line, problem.message) == ("file.yaml", line, message)
    assert "UTF-8" in problem.hint


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """Naming a folder where files are meant says how to name the files."""
    (tmp_path / "definitions").mkdir()

    problem = only_problem(lambda: read_yaml(tmp_path / "definitions", "definitions"))

    assert problem.message == "this is a folder, not a file"
    assert "definitions/*.yaml" in problem.hint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is a problem of its own, not a traceback."""
    problem = only_problem(lambda: read_text(tmp_path / "none.yaml", "none.yaml"))

    assert str(problem) == "none.yaml: there is no such file"


# --- YAML -------------------------------------------------------------------------------------------------------------


def test_yaml_is_that_of_version_1_2() -> None:
    """What YAML 1.1 took for truth values, octal numbers, dates and sexagesimal numbers is what it looks like."""
    document = parse_yaml("a: no\nb: on\nc: 012\nd: 1:30\ne: 2024-01-01\nf: true\ng: ~\nh: 0o17\ni: 1_000", "f")

    assert document.value == {
        "a": "no",
        "b": "on",
        "c": 12,
        "d": "1:30",
        "e": "2024-01-01",
        "f": True,
        "g": None,
        "h": 15,
        "i": "1_000",
    }


def test_keys_are_texts_as_they_are_written() -> None:
    """Names that look like numbers, truth values or nothing stay names."""
    assert parse_yaml("12E3: a\n007: b\ntrue: c\nnull: d\n", "f").value == {
        "12E3": "a",
        "007": "b",
        "true": "c",
        "null": "d",
    }


def test_numbers_know_how_they_were_written() -> None:
    """Where text is wanted, a number is the text that stands in the file."""
    values = parse_yaml("[007, 1.10, 0x1F]", "f").value

    assert values == [7, 1.1, 31]
    assert [value.text for value in values] == ["007", "1.10", "0x1F"]


def test_each_key_and_item_has_its_line() -> None:
    """A place leads to the line of any key or item below it."""
    place = parse_yaml("a:\n  b:\n    - one\n    - {c: 1,\n       d: 2}\n", "f.yaml").place

    lines = [place.at(*path).line for path in [("a",), ("a", "b"), ("a", "b", 0), ("a", "b", 1), ("a", "b", 1, "d")]]
    assert lines == [1, 2, 3, 4, 5]
    assert str(place.at("a", "b", 1, "d")) == "f.yaml:5"
    assert place.at("a", "b", 1, "d").key == "a.b[1].d"


def test_what_is_missing_has_the_line_of_what_encloses_it() -> None:
    """A key that is not there is looked for where it would stand."""
    place = parse_yaml("x: 1\na:\n  b: 1\n", "f.yaml").place

    missing = place.at("a", "c", "d")

    assert (missing.line, missing.key) == (2, "a.c.d")


def test_an_alias_has_its_own_line_and_its_content_that_of_the_anchor() -> None:
    """What an alias repeats is found where it is written."""
    document = parse_yaml("a: &x\n  k: 1\nb: *x\n", "f.yaml")

    assert document.value == {"a": {"k": 1}, "b": {"k": 1}}
    assert (document.place.at("b").line, document.place.at("b", "k").line) == (3, 2)


@pytest.mark.parametrize("merge", ["<<: *x", "<<: [*x]", "<<: [*x, *y]"])
def test_a_merge_key_adds_what_is_not_there(merge: str) -> None:
    """The merge key of YAML 1.1 works as people expect: own keys win, and so do earlier mappings."""
    document = parse_yaml(f"x: &x {{k: 1, l: 2}}\ny: &y {{k: 5}}\nz:\n  {merge}\n  l: 3\n", "f.yaml")

    assert document.value["z"] == {"k": 1, "l": 3}
    assert (document.place.at("z", "k").line, document.place.at("z", "l").line) == (1, 5)


def test_aliases_cost_what_they_are_and_not_what_they_unfold_to() -> None:
    """A file whose aliases unfold to a billion values is read at once."""
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10))

    document = parse_yaml(f"l0: &l0 [x]\n{levels}\n", "f.yaml")

    assert document.value["l9"][9][9][9][9][9][9][9][9][9] == ["x"]


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("a:\n\tb: 1", 2, "a tab stands where only spaces are allowed", "indent with spaces"),
        ("a: 1\nb: [1,\n  2\nc: 3", 2, "the [ that opens here has no ]", "close with ]"),
        ("a: 1\nb: {c: 1\nd: 3", 2, "the { that opens here has no }", "close with }"),
        ("a: 1\nb: [\n", 3, "a [ or { above is not closed", "close it"),
        ("a: 1\nb: 'x\nc: y", 2, "the quote that opens here is not closed", "same quote"),
        ("a: b: c", 1, "a ':' stands where none is expected", "in quotes"),
        ("a: 1\nb:\n  c: 1\n d: 2", 4, "this is not YAML", "indentation"),
        ("a: 1\nfoo bar\nb: 2", 2, "a ':' is missing after the key", "space after the colon"),
        ("a: - b", 1, "a list cannot begin on this line", "next line"),
        ("a: 1\nb: @daily", 2, "no value can begin with @", "in quotes"),
        ("a: %x", 1, "no value can begin with %", "in quotes"),
        ("cron: */5 * * * *", 1, "this is not an alias", "in quotes"),
        ("a: *b", 1, "there is no anchor &b above this alias", "in quotes"),
        ("cron: * * * * *", 1, "this is not an alias", 'as in "*/5 * * * *"'),
        ('a: "\\q"', 1, "this escape is unknown", "single quotes"),
        ("a: 1\n---\nb: 2", 2, "a second document begins here", "without ---"),
        ("a: 1\nb: x\x00", 2, "the character U+0000 is not allowed here", ""),
        ("a: 1\nb: !!python/name:os.system x", 2, "the tag 'tag:yaml.org,2002:python/name:os.system'", "without a tag"),
        ("a: !secret {b: 1}", 1, "the tag '!secret' does not fit here", "without a tag"),
        ("a: !!int x", 1, "the tag 'tag:yaml.org,2002:int' does not fit here", "without a tag"),
        ("a: 1\n{account}: 2", 2, "a key must be a text", '"{account}"'),
        ("a: &x\n  - *x", 2, "the alias *x stands within what it stands for", ""),
        ("a:\n  <<: 5", 2, "the merge key << takes a mapping", ""),
        ("", None, "the file is empty", ""),
        ("# nothing\n", None, "the file is empty", ""),
        ("[" * 100_000, 1, "this is nested too deeply", ""),
        ("- " * 5_000, 1, "this is nested too deeply", ""),
    ],
)
def test_broken_yaml_says_where_and_what_to_do(text: str, line: int | None, message: str, hint: str) -> None:
    """Each mistake of syntax is explained in words, on the line where it was made."""
    problem = only_problem(lambda: parse_yaml(text, "f.yaml"))

    assert problem.message.startswith(message)
    assert (problem.file, problem.line) == ("f.yaml", line)
    assert hint in problem.hint


def test_a_key_that_appears_twice_is_an_error() -> None:
    """Every repeated key is reported, with its path and the line of the first."""
    problems = problems_of(lambda: parse_yaml("a: 1\nb:\n  c: 1\n  c: 2\na: 2\n", "f.yaml"))

    assert [(problem.line, problem.key) for problem in problems] == [(4, "b.c"), (5, "a")]
    assert problems[0].message == "the key 'c' appears twice, first on line 3"


@given(st.text())
def test_no_text_does_worse_than_a_declaration_error(text: str) -> None:
    """Whatever stands in a file, the reader answers with a value or a problem."""
    answer: Document | None = None
    with suppress(DeclarationError):
        answer = parse_yaml(text, "f.yaml")

    assert answer is None or answer.place.file == "f.yaml"


# --- JSON -------------------------------------------------------------------------------------------------------------

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(), values, max_size=4),
    max_leaves=10,
)


def test_json_has_lines_too(tmp_path: Path) -> None:
    """JSON, indented by tabs and with every escape, leads to the lines of its keys."""
    text = '{\n\t"a": {\n\t\t"b\\ud83d\\ude00": "\\/ \\u00e9",\n\t\t"c": 1.10\n\t}\n}\n'

    document = read_json(write(tmp_path, text, "f.json"), "f.json")

    assert document.value == {"a": {"b😀": "/ é", "c": 1.1}}
    assert document.place.at("a", "b😀").line == 3
    assert document.value["a"]["c"].text == "1.10"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{"a": 1,}', 1, "this is not JSON: "),  # Python 3.13 words it differently
        ("{\n'a': 1}", 2, "this is not JSON: Expecting property name"),
        ('{"a": 1}\n// done', 2, "this is not JSON: Extra data"),
        ('{"a": NaN}', None, "this is not JSON: NaN is not a number"),
        ('{"a": 1,\n "b": {"c": 1, "c": 2}}', 2, "the key 'c' appears twice"),
        ("", None, "the file is empty"),
        ("[" * 100_000, None, "this is nested too deeply"),
        ("[\n" * 150 + "]" * 150, 102, "this is nested too deeply"),
    ],
)
def test_broken_json_says_where(text: str, line: int | None, message: str) -> None:
    """JSON is held to its own rules, though the same reader knows YAML."""
    problem = only_problem(lambda: parse_json(text, "f.json"))

    assert problem.message.startswith(message)
    assert (problem.file, problem.line) == ("f.json", line)


@given(_VALUES, st.booleans())
def test_json_is_read_as_it_was_written(value: object, ascii_only: bool) -> None:
    """Any value comes back from JSON, with its characters as they are or escaped."""
    assert parse_json(json.dumps(value, ensure_ascii=ascii_only), "f.json").value == value


@given(_VALUES)
def test_each_key_and_item_of_json_has_its_line(value: object) -> None:
    """Printed with one key or item a line, their lines count up."""
    place = parse_json(json.dumps(value, indent=1), "f.json").place

    assert list_lines(place.below) == sorted(set(list_lines(place.below)))


def list_lines(below: Mapping[Key, Spot]) -> list[int]:
    """Return the lines of all keys and items, in their order."""
    return [line for spot in below.values() for line in (spot.line, *list_lines(spot.below))]


# --- CSV --------------------------------------------------------------------------------------------------------------


def test_each_csv_row_has_the_line_on_which_it_begins(tmp_path: Path) -> None:
    """Blank rows and cells of several lines do not confuse the count."""
    path = write(tmp_path, 'token, note\n\na, "two\nlines"\n , \nb,""\n'.replace(", ", ","), "f.csv")

    rows = read_csv(path, "f.csv")

    assert [row.value for row in rows] == [{"token": "a", "note": "two\nlines"}, {"token": "b", "note": ""}]
    assert [row.place for row in rows] == [Place("f.csv", 3), Place("f.csv", 6)]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a,b\n1,2\n3\n", 3, "this row has 1 cells, the first row has 2"),
        ("a,a\n1,2\n", 1, "the column 'a' appears twice"),
        ("a,,b\n", 1, "a column has no name"),
        ("a;b\n1;2\n", 1, "the columns are separated by ';'"),
        ('a,b\n1,"2\n', 2, "this is not CSV"),
        ("\n\n", None, "the file is empty"),
    ],
)
def test_broken_csv_says_where(tmp_path: Path, text: str, line: int | None, message: str) -> None:
    """Each mistake in a table is explained on its line."""
    problem = only_problem(lambda: read_csv(write(tmp_path, text, "f.csv"), "f.csv"))

    assert problem.message.startswith(message)
    assert (problem.file, problem.line) == ("f.csv", line)


def test_all_rows_of_a_wrong_length_are_reported(tmp_path: Path) -> None:
    """One read of a table finds all that is wrong with its rows."""
    problems = problems_of(lambda: read_csv(write(tmp_path, "a,b\n1\n2,3\n4,5,6\n", "f.csv"), "f.csv"))

    assert [problem.line for problem in problems] == [2, 4]
