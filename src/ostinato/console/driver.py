"""Drives the console, in the main thread of a process of its own, until it is told to stop."""

from __future__ import annotations

import select

from ostinato.agent.notifying import Stage, notifying
from ostinato.agent.stopping import StopSignals
from ostinato.console.server import ConsoleServer

LOOK_SECONDS = 5.0


def run_console(server: ConsoleServer) -> None:
    """Serve until SIGTERM or SIGINT."""
    with StopSignals() as signals, notifying() as notifier, server:
        while signals.take() is None and server.is_serving:
            pause = notifier.tell(Stage.READY, f"serves {server.url}")
            select.select([signals.descriptor], [], [], min(pause, LOOK_SECONDS))
