"""How often somebody may try a password: so many times for one name, and so many from one address.

It is kept in the memory of the process that is asked, and forgotten with it: whoever restarts the server may try anew.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from math import ceil
from threading import Lock

from ostinato.errors import TooManyAttempts

WINDOW = timedelta(minutes=15)
PER_NAME = 10
PER_ADDRESS = 50
REMEMBERED = 10_000
"""How many names and addresses are remembered; of more, those that were tried longest ago are forgotten."""

_Key = tuple[str, str]


class Attempts:
    """The attempts of the last quarter of an hour, but for those that were right."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: OrderedDict[_Key, deque[datetime]] = OrderedDict()

    def begin(self, name: str, address: str, now: datetime) -> None:
        """Count an attempt before the password is looked at; ``TooManyAttempts`` when there were enough."""
        limits = {("name", name): PER_NAME, ("address", address): PER_ADDRESS}
        with self._lock:
            waits = [self._wait(key, limit, now) for key, limit in limits.items()]
            if any(waits):
                raise TooManyAttempts("too many passwords were tried", retry_after_seconds=max(waits))
            for key in limits:
                self._made.setdefault(key, deque()).append(now)
                self._made.move_to_end(key)
            while len(self._made) > REMEMBERED:
                self._made.popitem(last=False)

    def succeed(self, name: str, address: str) -> None:
        """Forget the attempts for a name whose password was right, and this one of the address."""
        with self._lock:
            self._made.pop(("name", name), None)
            if made := self._made.get(("address", address)):
                made.pop()

    def _wait(self, key: _Key, limit: int, now: datetime) -> int:
        """Return for how many seconds no further attempt is taken, rounded up; nought if one is."""
        made = self._made.get(key)
        while made and made[0] <= now - WINDOW:
            made.popleft()
        if not made or len(made) < limit:
            return 0
        return max(1, ceil((made[0] + WINDOW - now).total_seconds()))
