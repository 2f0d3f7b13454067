"""What every command is given: which project is meant, and where its answer goes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from ostinato.cli.wrapping import wrap

NO_LIMIT = 100_000


class PlainConsole(Console):
    """A console that leaves texts as they are; where there is no terminal, lines are as long as they are."""

    def __init__(self, *, stderr: bool) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)
        if not self.is_terminal:
            self.width = NO_LIMIT

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # which is for the program to handle, in one place


@dataclass(frozen=True, slots=True)
class Session:
    """One call of the program. Answers go to ``answers``, standard output; all else to ``messages``."""

    project: Path | None = None
    json: bool = False
    answers: Console = field(default_factory=lambda: PlainConsole(stderr=False))
    messages: Console = field(default_factory=lambda: PlainConsole(stderr=True))

    @property
    def width(self) -> int | None:
        """Return how wide an answer may be; ``None`` where it is not read on a terminal."""
        return self.answers.width if self.answers.is_terminal else None

    def answer(self, lines: Iterable[Text | str]) -> None:
        """Write the lines of an answer for people; on a terminal those that are too long are broken."""
        for line in lines:
            text = Text(line) if isinstance(line, str) else line
            for part in wrap(text, self.answers) if self.answers.is_terminal else [text]:
                self.answers.print(part)

    def answer_json(self, value: Any, *, on_one_line: bool = False) -> None:
        """Write an answer for programs; one line each where several follow each other."""
        text = json.dumps(value, ensure_ascii=False, indent=None if on_one_line else 2)
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def tell(self, message: Text | str) -> None:
        """Say something beside the answer."""
        self.messages.print(message)
