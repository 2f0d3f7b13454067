"""Folders of example projects: a copy of what travels with the package, in which the declared days may be moved.

Whatever is there already stays as it is, the files a person has edited above all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from ostinato.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class DayRange:
    """The dates from ``first`` to ``last``, both included."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=count) for count in range((self.last - self.first).days + 1))

    def union(self, other: DayRange) -> DayRange:
        """Return the least range that holds both."""
        return DayRange(min(self.first, other.first), max(self.last, other.last))


def replace_file(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` so that at every moment either the old or the new text is there, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def check_folder(folder: Path, example: Path) -> None:
    """Refuse a folder that has anything else in it than a copy of ``example``, which is known by its README's title."""
    if not folder.exists():
        return
    readme = folder / "README.md"
    title = _read_title(example / "README.md")
    ours = readme.is_file() and _read_title(readme) == title
    if not folder.is_dir() or (not ours and any(not entry.name.startswith(".") for entry in folder.iterdir())):
        name = title.decode().removeprefix("# The ")
        raise ConfigurationError(
            f"{folder} is there already, and it is no copy of the {name}",
            hint="name a folder that does not exist yet",
        )


def copy_files(example: Path, folder: Path, names: Sequence[str]) -> None:
    """Copy the files and folders that are named, as far as they are not there; the README, if named, comes first."""
    for name in names:
        source = example / name
        files = sorted(source.rglob("*")) if source.is_dir() else [source]
        for file in files:
            copy = folder / file.relative_to(example)
            if file.is_file() and "__pycache__" not in file.parts and not copy.exists():
                replace_file(copy, file.read_text(encoding="utf-8"))


def read_range(file: Path) -> DayRange:
    """Return the days from ``starts_on`` to ``ends_on`` of a file of definitions."""
    text = file.read_text(encoding="utf-8")
    return DayRange(*(date.fromisoformat(_find_date(key, text, file)[2]) for key in ("starts_on", "ends_on")))


def write_range(file: Path, days: DayRange, *, original: Path) -> None:
    """Move the days of a file of definitions, which is made of ``original`` if it is not there."""
    source = file if file.exists() else original
    old = text = source.read_text(encoding="utf-8")
    for key, day in (("starts_on", days.first), ("ends_on", days.last)):
        place = _find_date(key, text, file)
        text = text[: place.start(2)] + day.isoformat() + text[place.end(2) :]
    if text != old or source != file:
        replace_file(file, text)


def _read_title(readme: Path) -> bytes:
    return readme.read_bytes().partition(b"\n")[0]


def _find_date(key: str, text: str, file: Path) -> re.Match[str]:
    found = re.search(rf"(?m)^( *{key}: *)(\d{{4}}-\d\d-\d\d)\b", text)
    if found is None:
        raise ConfigurationError(
            f"{file} has no line such as `{key}: 2013-01-07`, which the demo moves",
            hint=f"write it as it was, or delete {file} to get it anew",
        )
    return found
