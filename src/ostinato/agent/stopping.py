"""Being told to stop: SIGTERM and SIGINT become something to ask for, and wake whoever waits on a descriptor."""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType
from typing import Self

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """Catches the signals to stop while entered; for the main thread. ``descriptor`` is readable after each."""

    def __enter__(self) -> Self:
        self._caught: list[str] = []
        self.descriptor, self._alarm = os.pipe()
        os.set_blocking(self._alarm, False)
        self._former_alarm = signal.set_wakeup_fd(self._alarm, warn_on_full_buffer=False)
        self._former = {number: signal.signal(number, self._catch) for number in STOP_SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._former_alarm)
        os.close(self._alarm)
        os.close(self.descriptor)

    def take(self) -> str | None:
        """Return the name of a signal that came and was not yet taken."""
        return self._caught.pop(0) if self._caught else None

    def _catch(self, number: int, frame: FrameType | None) -> None:
        self._caught.append(signal.Signals(number).name)
