"""The live stream: what changes, sent to pages as server-sent events while they are open."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from ostinato.api.access import Viewer, may_still_look
from ostinato.api.dependencies import TheFeed, TheWorld
from ostinato.api.feed import Feed
from ostinato.errors import InvalidValue
from ostinato.operations.news import FLEET, NIGHT, PLANS, RUNS

router = APIRouter(tags=["night"])

SILENCE_SECONDS = 15.0
"""After so much silence a comment is sent, so that whoever is in between keeps the connection."""

LONGEST_SECONDS = 3_600.0
"""A stream ends after that, and the page comes back."""

CHECKED_SECONDS = 30.0
"""So often it is looked whether who follows may still look: whose session has ended is shown nothing any more."""

MOST_TOPICS = 20
_TOPIC = re.compile(rf"{NIGHT}|{RUNS}|{PLANS}|{FLEET}|run:[1-9][0-9]{{0,17}}")
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_EVENTS = """\
Events, each with JSON as its data:

- `welcome`: from here on nothing is missed. What a page shows is to be read after it.
- `slots`: cells of the night that have changed, with their account and definition.
- `status` and `reasons`: how the whole night stands, when that has changed.
- `runs`, `steps`, `log`: runs that have changed; of a run that is followed its steps, and up to where its log goes.
- `plans`: plans under way that have come further.
- `fleet`: agents and limits.
- `reload`: what was missed is not known, or too much: read it all again.
- `away`: the database does not answer; `reload` follows when it does again.
"""
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": _EVENTS}
}


@router.get("/stream", response_class=StreamingResponse, responses=_STREAM)
async def get_stream(
    *,
    request: Request,
    world: TheWorld,
    feed: TheFeed,
    person: Viewer,
    topics: Annotated[
        str,
        Query(
            max_length=1_000, description="What to follow: night, runs, plans, fleet, run:NUMBER, with commas between."
        ),
    ] = NIGHT,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> StreamingResponse:
    """Follow what changes, as server-sent events."""
    wanted = _read_topics(topics)
    told = follow(feed, wanted, last_event_id, partial(may_still_look, request, world))
    return StreamingResponse(told, media_type="text/event-stream", headers=_HEADERS)


async def follow(
    feed: Feed,
    topics: frozenset[str],
    last: str | None,
    may_look: Callable[[], bool],
    *,
    checked_seconds: float = CHECKED_SECONDS,
) -> AsyncIterator[bytes]:
    """Yield what is told of topics until the server stops, the listener is too slow, or may not look any more."""
    loop, awake = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be woken
            loop.call_soon_threadsafe(awake.set)

    listener = feed.join(topics, wake, last=last)
    ends_at, checked_at = loop.time() + LONGEST_SECONDS, loop.time()
    try:
        while loop.time() < ends_at:
            with suppress(TimeoutError):
                await asyncio.wait_for(awake.wait(), SILENCE_SECONDS)
            if loop.time() - checked_at >= checked_seconds:
                checked_at = loop.time()
                if not await asyncio.to_thread(may_look):
                    return
            awake.clear()
            text, is_over = listener.take()
            yield text or b":\n\n"
            if is_over:
                return
    finally:
        feed.leave(listener)


def _read_topics(text: str) -> frozenset[str]:
    topics = frozenset(topic.strip() for topic in text.split(","))
    unknown = sorted(topic for topic in topics if not _TOPIC.fullmatch(topic))
    if unknown:
        raise InvalidValue(f"there is no topic {unknown[0]!r}", hint="write night, runs, plans, fleet or run:NUMBER")
    if len(topics) > MOST_TOPICS:
        raise InvalidValue(f"a page follows {MOST_TOPICS} topics at most", hint="follow runs, and look which they are")
    return topics
