"""An alarm: how any thread wakes the one that waits on a selector."""

from __future__ import annotations

import os
import threading


class Alarm:
    """A descriptor that is readable from when somebody rings until it is cleared, however often it is rung.

    Whoever rings first makes known what there is to see; whoever is woken first clears, then looks. So nothing is
    missed, and a thousand rings cost one byte.
    """

    def __init__(self) -> None:
        self.descriptor, self._inlet = os.pipe()
        self._lock = threading.Lock()
        self._is_rung = False
        self._is_closed = False

    def ring(self) -> None:
        """Make ``descriptor`` readable. After ``close`` this does nothing."""
        if not self._is_rung:
            self._write()

    def clear(self) -> None:
        """Make ``descriptor`` unreadable, until somebody rings again."""
        with self._lock:
            if self._is_rung:
                os.read(self.descriptor, 1)
                self._is_rung = False

    def close(self) -> None:
        """Give the descriptors back. Nobody writes to what the system may use for something else by then."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                os.close(self.descriptor)
                os.close(self._inlet)

    def _write(self) -> None:
        with self._lock:
            if not self._is_rung and not self._is_closed:
                self._is_rung = True
                os.write(self._inlet, b"!")
