"""Tables: plain columns that fit the terminal, and are written out in full where there is none.

A terminal too narrow costs the optional columns first, then the ends of long texts; what names a thing is never cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

GAP = 2
LEAST = 16
"""A column of long texts that would be narrower is worth nothing."""

Cell = str | Text


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title and how it gives way where the terminal is narrow.

    ``elastic`` columns are cut at their end. Those with a ``drop`` leave altogether, the highest first.
    """

    title: str
    elastic: bool = False
    drop: int = 0
    right: bool = False


def make_table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, width: int | None) -> list[Text]:
    """Return the lines of a table, its titles first. ``width`` is that of the terminal; ``None`` means no limit."""
    titles = [Text(column.title, style="bold") for column in columns]
    lines = [titles, *([_to_text(cell) for cell in row] for row in rows)]
    kept = _choose(columns, lines, width)
    widths = _fit([columns[index] for index in kept], [_natural(lines, index) for index in kept], width)
    return [
        _join([(columns[index], line[index], room) for index, room in zip(kept, widths, strict=True)]) for line in lines
    ]


def _choose(columns: Sequence[Column], lines: Sequence[Sequence[Text]], width: int | None) -> list[int]:
    """Return the columns that stay: those with anything in them, as far as there is room."""
    kept = [index for index, column in enumerate(columns) if not column.drop or any(line[index] for line in lines[1:])]
    least = {index: _least(columns[index], _natural(lines, index)) for index in kept}
    while width is not None and sum(least[index] + GAP for index in kept) - GAP > width:
        droppable = [index for index in kept if columns[index].drop]
        if not droppable:
            break
        kept.remove(max(droppable, key=lambda index: columns[index].drop))
    return kept


def _fit(columns: Sequence[Column], natural: Sequence[int], width: int | None) -> list[int]:
    """Return the width of each column; elastic ones share the room that the others leave."""
    if width is None:
        return list(natural)
    widths = list(natural)
    room = width - GAP * (len(columns) - 1)
    while sum(widths) > room:
        elastic = [index for index, column in enumerate(columns) if column.elastic and widths[index] > LEAST]
        if not elastic:
            break
        widths[max(elastic, key=lambda index: widths[index])] -= 1
    return widths


def _join(cells: Sequence[tuple[Column, Text, int]]) -> Text:
    line = Text(no_wrap=True)
    for place, (column, cell, room) in enumerate(cells):
        if column.elastic:
            cell.truncate(room, overflow="ellipsis")
        padding = " " * (room - cell_len(cell.plain))
        last = place == len(cells) - 1
        line.append(padding if column.right else "").append_text(cell)
        line.append("" if last or column.right else padding).append("" if last else " " * GAP)
    line.rstrip()
    return line


def _natural(lines: Sequence[Sequence[Text]], index: int) -> int:
    return max(cell_len(line[index].plain) for line in lines)


def _least(column: Column, natural: int) -> int:
    return min(natural, LEAST) if column.elastic else natural


def _to_text(cell: Cell) -> Text:
    """Make one line of a cell, whatever is in it: texts come from people and programs."""
    text = Text(cell) if isinstance(cell, str) else cell.copy()
    return Text(" ").join(text.split()) if "\n" in text.plain else text
