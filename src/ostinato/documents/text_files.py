"""Files of UTF-8 text."""

from __future__ import annotations

from pathlib import Path

from ostinato.documents.places import Place
from ostinato.errors import DeclarationError


def read_text(path: Path, shown: str) -> str:
    """Read a file of UTF-8 text, with or without a byte order mark; ``shown`` is how messages call it."""
    place = Place(shown)
    if path.is_dir():
        hint = f"name the files in it, as in {shown.rstrip('/')}/*{path.suffix or '.yaml'}"
        raise place.error("this is a folder, not a file", hint=hint)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise place.error("there is no such file") from None
    except OSError as error:
        raise place.error(f"the file cannot be read: {error.strerror}") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"the byte 0x{content[error.start]:02X} is not UTF-8"
        raise Place(shown, line).error(message, hint="save the file with the encoding UTF-8") from None


def empty_file(shown: str) -> DeclarationError:
    """Return the error that a file without any value deserves."""
    return Place(shown).error("the file is empty")
