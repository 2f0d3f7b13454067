"""What routes are handed: the world of the process and, for what streams, the sign that the server stops."""

from __future__ import annotations

from threading import Event
from typing import Annotated

from fastapi import Depends, Request

from ostinato.api.feed import Feed
from ostinato.operations.night import Nights
from ostinato.world import World


def get_world(request: Request) -> World:
    """Return the world of the app that answers the request."""
    world: World = request.app.state.world
    return world


def get_nights(request: Request) -> Nights:
    """Return the nights of the app that answers the request: what is counted over them is shared by all pages."""
    nights: Nights = request.app.state.nights
    return nights


def get_feed(request: Request) -> Feed:
    """Return the feed of the app that answers the request."""
    feed: Feed = request.app.state.feed
    return feed


def get_stopping(request: Request) -> Event:
    """Return what is set as soon as the server is to stop: whoever streams ends then."""
    stopping: Event = request.app.state.stopping
    return stopping


TheWorld = Annotated[World, Depends(get_world)]
TheNights = Annotated[Nights, Depends(get_nights)]
TheFeed = Annotated[Feed, Depends(get_feed)]
Stopping = Annotated[Event, Depends(get_stopping)]
