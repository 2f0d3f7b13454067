"""What long-running commands show while they run: a live display, log lines, or JSON lines.

A view is called after every turn. It looks at the store now and then, never more often than that costs little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ostinato.cli.progress_lines import progress_facts, progress_lines, progress_sentence
from ostinato.cli.session import Session
from ostinato.errors import StoreUnavailable
from ostinato.processes.progress import Pace, Progress, read_progress
from ostinato.world import World

LIVE_SECONDS = 0.25
LOOK_SECONDS = 0.5
TELL_SECONDS = 3.0
SHARE_OF_TIME = 0.05
"""Looking at the store may take this share of the time."""

log = structlog.get_logger()

View = Callable[[bool], float]


class Lookout:
    """Reads the progress again when it is time to.

    ``current`` is ``None`` until it could be read, ``away`` tells that it cannot be read now. ``began_at`` is when it
    was made.
    """

    def __init__(self, world: World, *, every: float) -> None:
        self.current: Progress | None = None
        self.away = False
        self.pace = Pace()
        self.began_at = world.clock.now()
        self._world = world
        self._every = every
        self._again_at = world.clock.monotonic()

    def look(self) -> bool:
        """Read the progress if it is time to, and tell whether it was read."""
        began = self._world.clock.monotonic()
        if began < self._again_at:
            return False
        try:
            self.current = read_progress(self._world.store, self._world.clock.now())
        except StoreUnavailable:
            self.away = True
            self._again_at = began + self._every
            return False
        self.away = False
        took = self._world.clock.monotonic() - began
        self._again_at = began + max(self._every, took / SHARE_OF_TIME)
        self.pace.see(self.current)
        return True


@contextmanager
def viewing(session: Session, world: World, *, in_words: bool = False) -> Iterator[View]:
    """Show the progress for as long as the block runs, in the way that fits where the output goes.

    That is a display on a terminal, and elsewhere an event in the log or, ``in_words``, a sentence now and then.
    """
    if session.json:
        yield _telling(
            world,
            lambda seen, pace: session.answer_json(
                {"event": "progress", **progress_facts(seen, pace)}, on_one_line=True
            ),
        )
    elif not session.messages.is_terminal and in_words:
        yield _telling(world, lambda seen, pace: session.tell(progress_sentence(seen, pace)))
    elif not session.messages.is_terminal:
        yield _telling(world, lambda seen, pace: log.info("progress", **progress_facts(seen, pace)))
    else:
        with _live(session, world) as view:
            yield view


def _telling(world: World, tell: Callable[[Progress, Pace], None]) -> View:
    """Make a view that tells of the progress now and then, when there is any."""
    lookout = Lookout(world, every=TELL_SECONDS)
    told: object = None

    def view(stopping: bool) -> float:
        nonlocal told
        if lookout.look() and lookout.current is not None and lookout.current.slots != told:
            told = lookout.current.slots
            tell(lookout.current, lookout.pace)
        return TELL_SECONDS

    return view


@contextmanager
def _live(session: Session, world: World) -> Iterator[View]:
    lookout = Lookout(world, every=LOOK_SECONDS)
    console = session.messages
    with Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False) as live:
        shown_at = float("-inf")

        def view(stopping: bool) -> float:
            nonlocal shown_at
            at = world.clock.monotonic()
            if lookout.look() or at - shown_at >= LIVE_SECONDS:
                shown_at = at
                picture = _picture(lookout, world.clock.now(), console, stopping=stopping)
                live.update(picture, refresh=True)
            return LIVE_SECONDS

        yield view


def _picture(lookout: Lookout, now: datetime, console: Console, *, stopping: bool) -> Group:
    if lookout.current is None:
        return Group(Text("starting …"))
    began_at = lookout.began_at
    lines = progress_lines(lookout.current, lookout.pace, now, since=began_at, width=console.width - 1)
    if lookout.away:
        lines.insert(0, Text("✗ the database is away; what runs goes on", style="bold red"))
    said = "stopping: what runs may end; Ctrl-C again ends it now" if stopping else "Ctrl-C stops in good order"
    hint = Text(said, style="yellow" if stopping else "bright_black", no_wrap=True, overflow="ellipsis")
    return Group(*lines[: max(1, console.height - 2)], hint)
