"""The feed: one thread that looks what is new for all who listen, and what each of them has yet to be sent.

It looks only while somebody listens, so a hundred pages cost the database what one costs. Who is too slow to be sent
what is new is told to read everything again, and let go. It knows neither HTTP nor event loops.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable
from itertools import count
from secrets import token_hex
from threading import Event, Lock, Thread
from typing import Any, NamedTuple

import orjson
import structlog

from ostinato.errors import StoreUnavailable
from ostinato.operations.news import RELOAD, News, Reporter

EVERYBODY = ""
"""The topic of what everybody is told."""

LOOK_SECONDS = 1.0
MOST_WAITING = 256
"""So much may wait to be sent to one listener."""

MOST_REMEMBERED = 1_024
"""So much is told again to who comes back and says what it heard last."""

log = structlog.get_logger()


class Message(NamedTuple):
    """One thing that was told, as it is sent: a server-sent event."""

    number: int
    topic: str
    text: bytes


class Listener:
    """Somebody who follows topics. ``wake`` is called, from any thread, when there is something to take.

    The first that comes is ``welcome``: from then on nothing is missed. Whoever reads how things stand reads it after.
    """

    def __init__(self, topics: Collection[str], wake: Callable[[], None], *, most_waiting: int = MOST_WAITING) -> None:
        self.topics = frozenset(topics)
        self._most_waiting = most_waiting
        self._wake = wake
        self._lock = Lock()
        self._waiting: deque[bytes] = deque()
        self._is_over = False

    def take(self) -> tuple[bytes, bool]:
        """Return what has yet to be sent, and whether nothing will come after it."""
        with self._lock:
            text = b"".join(self._waiting)
            self._waiting.clear()
            return text, self._is_over

    def offer(self, texts: Iterable[bytes]) -> bool:
        """Have more to be sent; ``False`` when too much waits already: then it is told so, and that is the end."""
        with self._lock:
            self._waiting.extend(texts)
            is_slow = len(self._waiting) > self._most_waiting
            if is_slow:
                self._waiting.clear()
                self._waiting.append(_render(RELOAD, {}))
                self._is_over = True
        self._wake()
        return not is_slow

    def end(self) -> None:
        """Have nothing come any more."""
        with self._lock:
            self._is_over = True
        self._wake()


class Feed:
    """Tells listeners what a reporter finds. ``stopping`` ends it, and every listener, at once."""

    def __init__(
        self,
        make_reporter: Callable[[], Reporter],
        stopping: Event,
        *,
        look_seconds: float = LOOK_SECONDS,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._make_reporter = make_reporter
        self._stopping = stopping
        self._look_seconds = look_seconds
        self._most_waiting = most_waiting
        self._lock = Lock()
        self._listeners: set[Listener] = set()
        self._new: set[Listener] = set()
        self._thread: Thread | None = None
        self._is_away = False
        self._begin()

    @property
    def listeners(self) -> int:
        """Return how many listen."""
        with self._lock:
            return len(self._listeners)

    @property
    def is_looking(self) -> bool:
        """Tell whether it looks for what is new."""
        with self._lock:
            return self._thread is not None

    def join(self, topics: Collection[str], wake: Callable[[], None], *, last: str | None = None) -> Listener:
        """Begin to listen. ``last`` is the last message that somebody who comes back has heard."""
        listener = Listener(topics, wake, most_waiting=self._most_waiting)
        with self._lock:
            if self._thread is None and not self._stopping.is_set():
                self._begin()
                self._thread = Thread(target=self._run, name="feed", daemon=True)
                self._thread.start()
            if missed := self._recall(listener, last):
                listener.offer(missed)
            self._listeners.add(listener)
            self._new.add(listener)
        if self._stopping.is_set():
            listener.end()
        return listener

    def leave(self, listener: Listener) -> None:
        """Listen no longer. When nobody does, it stops looking."""
        with self._lock:
            self._listeners.discard(listener)
            self._new.discard(listener)

    def look(self) -> None:
        """Look once for what is new, and tell all who listen. Who came since the last time is bidden welcome."""
        with self._lock:
            topics = {topic for listener in self._listeners for topic in listener.topics}
            new, self._new = self._new, set()
        try:
            news = self._reporter.look(topics)
        except StoreUnavailable as outage:
            if not self._is_away:
                log.warning("feed_store_away", error=outage.message)
                self._tell([News(EVERYBODY, "away", {"message": outage.message})])
            self._is_away = True
            with self._lock:
                self._new |= new & self._listeners
            return
        if self._is_away:  # nobody knows what it has missed
            news = [News(EVERYBODY, RELOAD, {})]
            self._is_away = False
        for listener in new:
            listener.offer([_WELCOME])
        self._tell(news)

    def _begin(self) -> None:
        """Begin anew: what was told before the last listener left is forgotten, for what came after is not known."""
        self._reporter = self._make_reporter()
        self._is_away = False
        self._numbers = count(1)
        self._series = token_hex(4)
        self._told: deque[Message] = deque(maxlen=MOST_REMEMBERED)

    def _run(self) -> None:
        while self._goes_on():
            try:
                self.look()
            except Exception:  # a page that stands still must not be taken for a night in which nothing happens
                log.exception("feed_failed")
                self._tell([News(EVERYBODY, RELOAD, {})])
            self._stopping.wait(self._look_seconds)

    def _goes_on(self) -> bool:
        with self._lock:
            if self._stopping.is_set():
                leaving, self._listeners = self._listeners, set()
            elif self._listeners:
                return True
            else:
                leaving = set()
            self._thread = None
        for listener in leaving:
            listener.end()
        return False

    def _tell(self, news: Iterable[News]) -> None:
        with self._lock:
            messages = [self._write(one) for one in news]
            self._told.extend(messages)
            listeners = set(self._listeners)
        for listener in listeners if messages else ():
            texts = [one.text for one in messages if one.topic in (EVERYBODY, *listener.topics)]
            if texts and not listener.offer(texts):
                log.info("feed_listener_dropped", reason="it was too slow")
                self.leave(listener)

    def _write(self, news: News) -> Message:
        number = next(self._numbers)
        return Message(number, news.topic, _render(news.event, news.data, id=f"{self._series}-{number}"))

    def _recall(self, listener: Listener, last: str | None) -> list[bytes]:
        """Return what somebody has missed who comes back; that all is to be read again, where that is not known."""
        if last is None:
            return []
        series, _, number = last.partition("-")
        oldest = self._told[0].number if self._told else 1
        if series != self._series or not number.isdecimal() or int(number) + 1 < oldest:
            return [_render(RELOAD, {})]
        missed = (one for one in self._told if one.number > int(number))
        return [one.text for one in missed if one.topic in (EVERYBODY, *listener.topics)]


def _render(event: str, data: Any, *, id: str | None = None) -> bytes:
    """Write a server-sent event."""
    head = f"event: {event}\n" + (f"id: {id}\n" if id is not None else "")
    return head.encode() + b"data: " + orjson.dumps(data) + b"\n\n"


_WELCOME = _render("welcome", {})
