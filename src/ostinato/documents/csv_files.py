"""CSV: a first row that names the columns, and a value of text cells for each further row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from ostinato.documents.places import Document, Place
from ostinato.documents.text_files import empty_file, read_text
from ostinato.errors import DeclarationError


def read_csv(path: Path, shown: str) -> list[Document]:
    """Read a CSV file: one document, a mapping from column to cell, for each row after the first.

    Blank rows are skipped; white space around a cell does not count.
    """
    rows = _iterate_rows(read_text(path, shown), shown)
    line, header = next(rows, (1, []))
    if not header:
        raise empty_file(shown)
    _check_header(header, Place(shown, line))
    documents, problems = [], []
    for line, cells in rows:
        place = Place(shown, line)
        if len(cells) == len(header):
            documents.append(Document(dict(zip(header, cells, strict=True)), place))
        else:
            message = f"this row has {len(cells)} cells, the first row has {len(header)}"
            problems.append(place.problem(message, hint="put a cell that contains a comma in double quotes"))
    if problems:
        raise DeclarationError(problems)
    return documents


def _check_header(header: list[str], place: Place) -> None:
    for column in header:
        if not column:
            raise place.error("a column has no name")
        if header.count(column) > 1:
            raise place.error(f"the column {column!r} appears twice")
    if len(header) == 1 and (found := re.search(r"[;\t|]", header[0])):
        raise place.error(f"the columns are separated by {found[0]!r}", hint="separate them by commas")


def _iterate_rows(text: str, shown: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each row begins, and its cells."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        hint = 'write a " within quotes as ""'
        raise Place(shown, line).error(f"this is not CSV: {error}", hint=hint) from None
