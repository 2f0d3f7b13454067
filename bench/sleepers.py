"""An action that waits for an event, and does nothing else."""

from __future__ import annotations

from typing import Any

from ostinato import Action, Event, suspend


class Sleep(Action):
    """Suspend, until somebody sends an event."""

    def run(self) -> Any:
        suspend()

    def on_event(self, event: Event) -> Any:
        return {"said": event.name}
