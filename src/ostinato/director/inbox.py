"""The events of one run: those that wait for their steps, and those that steps have in hand.

One at a time, first come, first served. Each ends delivered or dropped, and what becomes of it is noted for the record.
Whether a step can take an event is not known here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ostinato.model.changes import EventSettled
from ostinato.model.steps import Event, EventFate


class Inbox:
    """The events of a run. ``note`` is told what becomes of each that is stored; a timer is not."""

    def __init__(self, note: Callable[[EventSettled], None]) -> None:
        self._note = note
        self._seen: set[int] = set()
        self._waiting: dict[int, deque[Event]] = {}
        self._in_hand: dict[int, Event] = {}

    def notice(self, event: Event) -> bool:
        """Tell whether an event is new here: one that is offered again was dealt with, or waits already."""
        if event.id is None:
            return True
        is_new = event.id not in self._seen
        self._seen.add(event.id)
        return is_new

    def put(self, event: Event) -> None:
        """Have an event wait for its step, after those that wait already."""
        self._waiting.setdefault(event.step, deque()).append(event)

    def refuse(self, event: Event, reason: str) -> None:
        """Drop an event that came too late."""
        self._settle(event, EventFate.DROPPED, reason)

    def has_waiting(self, step: int) -> bool:
        """Tell whether any event waits for a step."""
        return step in self._waiting

    def take(self, step: int) -> Event:
        """Put the first event that waits for a step into its hands."""
        event = self._waiting[step].popleft()
        if not self._waiting[step]:
            del self._waiting[step]
        self._settle(event, EventFate.TAKEN)
        self.hold(event)
        return event

    def hold(self, event: Event) -> None:
        """Take note of an event that its step has in hand already."""
        if event.id is not None:
            self._seen.add(event.id)
        self._in_hand[event.step] = event

    def has_in_hand(self, step: int) -> bool:
        """Tell whether a step has an event in hand."""
        return step in self._in_hand

    def see_in_hand(self, step: int) -> Event:
        """Return the event that a step has in hand."""
        return self._in_hand[step]

    def list_holders(self) -> list[int]:
        """List the steps that have an event in hand."""
        return list(self._in_hand)

    def deliver(self, step: int) -> None:
        """Note that the event in a step's hands has been taken in, if it has one."""
        if step in self._in_hand:
            self._settle(self._in_hand.pop(step), EventFate.DELIVERED)

    def put_back(self, step: int) -> None:
        """Have the event in a step's hands, if there is one, wait again, before all others."""
        if step in self._in_hand:
            event = self._in_hand.pop(step)
            self._settle(event, EventFate.WAITING)
            self._waiting.setdefault(step, deque()).appendleft(event)

    def drop(self, step: int, reason: str) -> None:
        """Drop what a step has in hand, and all that waits for it."""
        if step in self._in_hand:
            self._settle(self._in_hand.pop(step), EventFate.DROPPED, reason)
        for event in self._waiting.pop(step, ()):
            self._settle(event, EventFate.DROPPED, reason)

    def drop_all(self, reason: str) -> None:
        """Drop everything."""
        for step in {*self._in_hand, *self._waiting}:
            self.drop(step, reason)

    def _settle(self, event: Event, fate: EventFate, reason: str = "") -> None:
        if event.id is not None:
            self._note(EventSettled(event.id, fate, reason))
