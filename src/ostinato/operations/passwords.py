"""Passwords: what is kept of one, and whether one fits what is kept.

What is kept is a line with the parameters that it was made with, so that others may be chosen later, and old lines
still be read. Nothing here knows users.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Self

from ostinato.errors import InvalidValue, TooManyAttempts

SHORTEST, LONGEST = 12, 1_000
"""How many characters a password has."""

_SALT_BYTES = 16
_KEY_BYTES = 32
_AT_ONCE = BoundedSemaphore(4)
"""Each hash takes memory and a core. Of many that are asked for at once, the others wait for a moment."""

PATIENCE_SECONDS = 1.0
"""How long that is; then they are refused, for whoever waits keeps a thread from those who ask for something else."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The parameters of scrypt: 2 to the power of ``log_n`` blocks of ``r`` x 128 bytes, gone through ``p`` times."""

    log_n: int = 14
    r: int = 8
    p: int = 5

    @property
    def n(self) -> int:
        """Return the number of blocks."""
        return 1 << self.log_n

    @property
    def memory(self) -> int:
        """Return how many bytes a hash takes at most."""
        return 128 * self.r * (self.n + self.p + 2)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept of a password."""

    cost: Cost
    salt: bytes
    key: bytes

    @classmethod
    def parse(cls, line: str) -> Self:
        scheme, log_n, r, p, salt, key = line.split("$")
        if scheme != "scrypt":
            raise ValueError(f"a password was hashed by {scheme}, which this program does not know")
        return cls(Cost(int(log_n), int(r), int(p)), base64.b64decode(salt), base64.b64decode(key))

    def __str__(self) -> str:
        salt, key = (base64.b64encode(part).decode() for part in (self.salt, self.key))
        return f"scrypt${self.cost.log_n}${self.cost.r}${self.cost.p}${salt}${key}"


def hash_password(password: str, cost: Cost | None = None) -> str:
    """Return what to keep of a password; ``InvalidValue`` for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidValue(
            f"a password has {SHORTEST} characters at least, and {LONGEST:,} at most",
            hint="several words are easy to remember and hard to guess",
        )
    salt, chosen = secrets.token_bytes(_SALT_BYTES), cost or Cost()
    return str(_Kept(chosen, salt, _derive(password, salt, chosen)))


def is_right(password: str, kept: str | None) -> bool:
    """Tell whether a password fits what is kept of it; for ``None``, of nobody, it is the same work for nothing."""
    expected = _Kept(Cost(), bytes(_SALT_BYTES), bytes(_KEY_BYTES)) if kept is None else _Kept.parse(kept)
    fits = hmac.compare_digest(_derive(password[:LONGEST], expected.salt, expected.cost), expected.key)
    return fits and kept is not None


def _derive(password: str, salt: bytes, cost: Cost) -> bytes:
    """Return the key of a password, the same whichever way a keyboard composes its characters."""
    typed = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    if not _AT_ONCE.acquire(timeout=PATIENCE_SECONDS):
        raise TooManyAttempts("many passwords are looked at just now", retry_after_seconds=1)
    try:
        return hashlib.scrypt(typed, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=cost.memory, dklen=_KEY_BYTES)
    finally:
        _AT_ONCE.release()
