"""Log lines on standard error: for people on a terminal, as JSON for whoever collects them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import structlog
from rich.console import Console
from structlog.typing import EventDict, Processor

LogFormat = Literal["text", "json"]


@dataclass(frozen=True, slots=True)
class Logs:
    """Which log lines are written, and how: from ``level`` on but for the events ``without``, and in which form.

    Without a form they are text on a terminal and JSON elsewhere.
    """

    level: int = logging.WARNING
    form: LogFormat | None = None
    without: frozenset[str] = frozenset()


QUIET = Logs()


def set_up_logging(console: Console, logs: Logs) -> None:
    """Send log lines to ``console``."""
    as_text = logs.form == "text" if logs.form else console.is_terminal
    endings: list[Processor]
    if as_text:
        colors = console.is_terminal and not console.no_color
        plain = structlog.dev.plain_traceback
        endings = [structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0, exception_formatter=plain)]
    else:
        endings = [
            structlog.processors.format_exc_info,
            _first_things_first,
            structlog.processors.JSONRenderer(),
        ]
    structlog.configure(
        processors=[
            _leaving_out(logs.without),
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if as_text else "iso", utc=not as_text),
            *endings,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logs.level),
        logger_factory=lambda *_: _Lines(_writer(console)),
    )


def _leaving_out(events: frozenset[str]) -> Processor:
    def leave_out(_logger: object, _method: str, event: EventDict) -> EventDict:
        if event["event"] in events:
            raise structlog.DropEvent
        return event

    return leave_out


def _first_things_first(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {"timestamp": event["timestamp"], "level": event["level"], "event": event["event"], **event}


class _Lines:
    """Writes each log line where the console writes, so that lines and a live display do not tear each other apart."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = self.msg = write


def _writer(console: Console) -> Callable[[str], None]:
    if not console.is_terminal:
        return lambda line: print(line, file=sys.stderr, flush=True)  # noqa: T201  no console knows such long lines
    return lambda line: console.out(line, highlight=False)
