"""Log files: what a command wrote, kept within a size, and readable while it still writes.

A log is the file ``<run>.log``, or ``<run>.<step>.log`` where the run has several steps. Up to half of its limit,
output goes straight into it. What comes after goes into segments, files of the same size in a folder that ends in
``.tail`` instead, each named for the position of its first byte in the output; only the two newest are kept. Closing a
log puts the last half of the limit behind the first, with a line between them that says how many bytes were left out,
and removes the folder. A log whose writer was killed lacks that last step alone: it reads just the same, and
``seal_log`` makes up for it.

Readers count in positions of the output, not of a file: who follows a log does not lose the thread when
segments come and go.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

CHUNK_BYTES = 65_536

_GAP = re.compile(rb"\n\[\.+ (\d+) bytes left out \.+\]\n")
_GAP_BYTES = 64


def log_path(logs: Path, run_id: int, step: int | None = None) -> Path:
    """Return where the log of a step lies; without ``step``, that of the one step of a run that has no other."""
    return logs / (f"{run_id}.log" if step is None else f"{run_id}.{step}.log")


def output_path(log: Path) -> Path:
    """Return where the command whose log is ``log`` may leave its output."""
    return log.with_suffix(".output.json")


def discard_output(path: Path) -> None:
    """Remove the output of a command, if there is any; ``ValueError`` when that is not possible."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ValueError(f"{path}, where its output would go, cannot be removed: {error.strerror}") from None


class LogWriter:
    """Writes one log, replacing what is there under its name; ``limit`` is its size in bytes, roughly."""

    def __init__(self, path: Path, *, limit: int) -> None:
        self._path = path
        self._half = max(1, limit // 2)
        self._position = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_segments(path)
        self._open(path)

    def write(self, output: bytes) -> None:
        """Add ``output``. Nothing of it stays in memory; ``OSError`` where the disk does not take it."""
        rest = memoryview(output)
        while rest:
            if self._room == 0:
                self._begin_segment()
            written = self._file.write(rest[: self._room])
            self._room -= written
            self._position += written
            rest = rest[written:]

    def close(self) -> None:
        """End the log and bring it into its final form."""
        self._file.close()
        seal_log(self._path)

    def abandon(self) -> None:
        """Leave the log as it is: it reads right, though it is not in its final form."""
        self._file.close()

    def _begin_segment(self) -> None:
        self._file.close()
        folder = _tail_folder(self._path)
        folder.mkdir(exist_ok=True)
        self._open(folder / str(self._position))
        for outdated in _list_segments(self._path)[:-2]:
            outdated.path.unlink()

    def _open(self, path: Path) -> None:
        self._file = FileIO(path, "w")
        self._room = self._half


def seal_log(path: Path) -> None:
    """Bring a log that nobody writes any more into its final form; does nothing where it has that already.

    Every state in between is a log that reads right, and whoever calls this again finishes the work.
    """
    segments = _list_segments(path)
    if segments and not _is_sealed(path, segments[0]):
        half = path.stat().st_size
        left_out = max(0, segments[-1].end - 2 * half)
        draft = path.with_suffix(".sealing")
        with draft.open("wb") as sealed, path.open("rb") as head:
            shutil.copyfileobj(head, sealed)
            sealed.write(_gap_line(left_out) if left_out else b"")
            for chunk in read_log(path, start=half + left_out):
                sealed.write(chunk)
        draft.replace(path)
    _remove_segments(path)


def read_log(path: Path, *, start: int = 0) -> Iterator[bytes]:
    """Yield the output kept at ``path`` from position ``start`` on, with a line for what was left out."""
    position = start
    while True:
        chunk, position = read_log_chunk(path, position)
        if not chunk:
            return
        yield chunk


def follow_log(path: Path, *, is_over: Callable[[], bool], pause: Callable[[], object]) -> Iterator[bytes]:
    """Yield the output kept at ``path`` as it comes, until ``is_over`` says that no more will.

    ``pause`` is called whenever there is nothing new; the log need not exist yet.
    """
    position = 0
    while True:
        over = is_over()  # asked before reading: what was written until then is read in any case
        while True:
            chunk, position = read_log_chunk(path, position)
            if not chunk:
                break
            yield chunk
        if over:
            return
        pause()


def read_log_chunk(path: Path, position: int) -> tuple[bytes, int]:
    """Return output from ``position`` on and the position after it; no bytes when there is nothing yet.

    Where the output at ``position`` was left out, the answer is the line that says so.
    """
    while True:
        with suppress(FileNotFoundError):  # a segment that its writer removed since it was listed: look again
            return _read_piece(_list_pieces(path), position)


def measure_log(path: Path) -> int:
    """Return the position at which the output kept at ``path`` ends so far; 0 where there is none."""
    while True:
        with suppress(FileNotFoundError):
            return max((piece.end for piece in _list_pieces(path)), default=0)


@dataclass(frozen=True, slots=True)
class _Piece:
    """The output from position ``start`` up to ``end``, as a file holds it from ``offset`` on."""

    path: Path
    start: int
    end: int
    offset: int = 0


def _read_piece(pieces: list[_Piece], position: int) -> tuple[bytes, int]:
    for piece in pieces:
        if piece.start <= position < piece.end:
            with piece.path.open("rb") as file:
                file.seek(piece.offset + position - piece.start)
                chunk = file.read(min(CHUNK_BYTES, piece.end - position))
            return chunk, position + len(chunk)
    later = [piece.start for piece in pieces if position < piece.start < piece.end]
    return (_gap_line(min(later) - position), min(later)) if later else (b"", position)


def _list_pieces(path: Path) -> list[_Piece]:
    """List the pieces of a log. Sealing replaces it before it removes segments; look in the other order."""
    segments = _list_segments(path)
    if not path.exists():
        return []
    size, left_out = path.stat().st_size, _find_gap(path)
    if left_out is None:
        return [_Piece(path, 0, size), *segments]
    half = (size - _GAP_BYTES) // 2
    tail = _Piece(path, half + left_out, 2 * half + left_out, offset=half + _GAP_BYTES)
    return [_Piece(path, 0, half), tail, *segments]


def _list_segments(path: Path) -> list[_Piece]:
    try:
        found = [(int(segment.name), segment) for segment in _tail_folder(path).iterdir()]
    except FileNotFoundError:
        return []
    return [_Piece(segment, start, start + segment.stat().st_size) for start, segment in sorted(found)]


def _remove_segments(path: Path) -> None:
    folder = _tail_folder(path)
    if folder.exists():
        shutil.rmtree(folder)


def _tail_folder(path: Path) -> Path:
    return path.with_suffix(".tail")


def _is_sealed(path: Path, first_segment: _Piece) -> bool:
    return path.stat().st_size > first_segment.start or _find_gap(path) is not None


def _find_gap(path: Path) -> int | None:
    """Return how many bytes a sealed log leaves out: the line that says so stands exactly in its middle."""
    with path.open("rb") as file:
        file.seek(max(0, (path.stat().st_size - _GAP_BYTES) // 2))
        found = _GAP.fullmatch(file.read(_GAP_BYTES))
    return None if found is None else int(found[1])


def _gap_line(left_out: int) -> bytes:
    text = f" {left_out} bytes left out ".center(_GAP_BYTES - 4, ".")
    return f"\n[{text}]\n".encode()
