"""Polling: start work that goes on somewhere else, and ask how it is until it is done."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Any, ClassVar

from ostinato.actions.action import Action
from ostinato.model.steps import Event

_TASK, _STATE, _POLLS, _FAILED_POLLS = "task", "state", "polls", "failed_polls"


class Polling(Action, ABC):
    """The base of actions that start a task elsewhere and poll it. A subclass defines what the methods do.

    The parameters of ``start`` are its input. Between polls the step is suspended and holds nothing. What identifies
    the task is kept in ``self.output["task"]``: after any interruption the task is polled on, and not started again,
    unless it ended badly. Any event has it polled at once.
    """

    input_from = "start"

    poll_intervals: ClassVar[tuple[float, ...]] = (0.5, 1, 2, 4, 8, 16)
    """Seconds from one poll to the next; the last repeats."""
    poll_retries: ClassVar[int] = 3
    """How many polls in a row may fail before the step does."""

    @abstractmethod
    def start(self, *args: Any, **kwargs: Any) -> Any:
        """Start the task; return what identifies it, as JSON."""

    @abstractmethod
    def poll(self) -> Any:
        """Ask how the task of ``self.task`` is; return its state, as JSON."""

    @abstractmethod
    def is_done(self, state: Any) -> bool:
        """Tell whether the task has ended, well or badly."""

    def finish(self, state: Any) -> Any:
        """Return the output, given the last state; an exception here says that the task ended badly."""
        return state

    @property
    def task(self) -> Any:
        """Return what identifies the task."""
        return self.output[_TASK]

    def run(self, **kwargs: Any) -> Any:
        if _TASK in self.output:
            return self._poll()
        self.output.update({_TASK: self.start(**kwargs), _POLLS: 0, _FAILED_POLLS: 0})
        return self._wait()

    def on_event(self, event: Event) -> Any:
        return self._poll() if _TASK in self.output else self.run(**self.input)

    def _poll(self) -> Any:
        try:
            state = self.poll()
        except Exception:
            self.output[_FAILED_POLLS] += 1
            if self.output[_FAILED_POLLS] > self.poll_retries:
                self.output[_FAILED_POLLS] = 0  # whoever tries it again polls on, with as much patience
                raise
            self.step.log.warning("poll_failed", in_a_row=self.output[_FAILED_POLLS], exc_info=True)
            return self._wait()
        self.output.update({_STATE: state, _FAILED_POLLS: 0})
        return self._finish(state) if self.is_done(state) else self._wait()

    def _finish(self, state: Any) -> Any:
        try:
            return self.finish(state)
        except Exception:
            self.output.pop(_TASK)  # it is over: another try is to start another
            raise

    def _wait(self) -> Any:
        polls: int = self.output[_POLLS]
        self.output[_POLLS] = polls + 1
        seconds = self.poll_intervals[min(polls, len(self.poll_intervals) - 1)]
        return self.step.suspend(until=timedelta(seconds=seconds))
