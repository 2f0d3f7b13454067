"""What an agent and a supervisor say to each other: JSON, one message a line, over a socket that never blocks.

A message is an object; ``do`` names what an agent asks for, ``say`` what a supervisor tells. Both sides may be of
different versions of this program, since a supervisor outlives its agent. So a message or a field that somebody does
not know is passed over, and what one means is never changed.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

from ostinato.executors.commands import Command

Message: TypeAlias = Mapping[str, Any]

_CHUNK_BYTES = 262_144


class Connection:
    """One end of a conversation. Whoever waits on the selector has ``on_message`` called, and ``on_end`` once.

    What cannot be sent at once is kept until it can.
    """

    def __init__(
        self,
        channel: socket.socket,
        selector: selectors.BaseSelector,
        *,
        on_message: Callable[[Message], None],
        on_end: Callable[[], None],
    ) -> None:
        channel.setblocking(False)
        self._channel = channel
        self._selector = selector
        self._on_message = on_message
        self._on_end = on_end
        self._unread = b""
        self._unsent = b""
        self._is_open = True
        selector.register(channel, selectors.EVENT_READ, self.heed)

    def send(self, **message: Any) -> None:
        """Send a message, or have it sent as soon as there is room. After the end this does nothing."""
        self._unsent += json.dumps(message).encode() + b"\n"
        self._flush()

    def heed(self) -> None:
        """Take in what has come, and send what has been waiting."""
        self._flush()
        while self._is_open and (chunk := self._receive()):
            *lines, self._unread = (self._unread + chunk).split(b"\n")
            for line in lines:
                if self._is_open:  # the last one may have ended it
                    self._on_message(json.loads(line))

    def wait(self, seconds: float) -> None:
        """Wait, for a while, for what can be taken in or sent, and do that: for those who have nothing else to do."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0))
            selector.select(seconds)
        self.heed()

    def close(self) -> None:
        """End the conversation; ``on_end`` is not called for that."""
        if self._is_open:
            self._is_open = False
            self._selector.unregister(self._channel)
            self._channel.close()

    @property
    def has_unsent(self) -> bool:
        """Tell whether something waits to be sent."""
        return self._is_open and bool(self._unsent)

    def _receive(self) -> bytes:
        """Return what has come; nothing when there is no more for now, or for good."""
        try:
            chunk = self._channel.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            chunk = b""
        if not chunk:
            self._end()
        return chunk

    def _flush(self) -> None:
        if not (self._is_open and self._unsent):
            return
        try:
            self._unsent = self._unsent[self._channel.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:  # the other side is gone; what it said before is still to be read
            self._unsent = b""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        self._selector.modify(self._channel, events, self.heed)

    def _end(self) -> None:
        self.close()
        self._on_end()


def describe_command(command: Command) -> dict[str, Any]:
    """Return a command as it is sent to a supervisor."""
    limit = command.time_limit
    return {
        "key": command.key,
        "try": command.try_number,
        "arguments": command.arguments,
        "environment": dict(command.environment),
        "working_directory": os.path.abspath(command.working_directory),  # noqa: PTH100  links stay what they are
        "log": os.path.abspath(command.log),  # noqa: PTH100
        "time_limit": limit and limit.total_seconds(),
    }


def read_command(said: Mapping[str, Any]) -> Command:
    """Return a command from how it was sent."""
    run_id, step = said["key"]
    limit = said["time_limit"]
    return Command(
        key=(run_id, step),
        arguments=tuple(said["arguments"]),
        environment=said["environment"],
        working_directory=Path(said["working_directory"]),
        log=Path(said["log"]),
        time_limit=None if limit is None else timedelta(seconds=limit),
        try_number=said["try"],
    )
