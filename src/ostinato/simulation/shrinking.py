"""Shrinking: what can be left out of a script that goes wrong, so that it still does, and people can follow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ostinato.simulation.scripts import Script

MOST_PLAYS = 200
"""How often a script is played at most to find out what it can do without."""

LISTS = ("incidents", "definitions", "accounts", "agents", "engines")
"""Of what something may be left out, in this order."""

INDISPENSABLE = ("agents", "engines")
"""Of what at least one must stay."""


def shrink(script: Script, still_fails: Callable[[Script], bool], *, most_plays: int = MOST_PLAYS) -> Script:
    """Return the smallest script that was found by leaving things out of one that fails, and that fails still."""
    shrinking = _Shrinking(script, still_fails, most_plays)
    while sum(shrinking.shrink_list(name) for name in LISTS):
        pass
    return shrinking.script


class _Shrinking:
    """The smallest ``script`` so far, and how often another may be tried."""

    def __init__(self, script: Script, still_fails: Callable[[Script], bool], plays_left: int) -> None:
        self.script = script
        self._still_fails = still_fails
        self._plays_left = plays_left

    def shrink_list(self, name: str) -> bool:
        """Leave out parts of a list, first large ones, then ever smaller ones; tell whether any could be."""
        length = size = len(getattr(self.script, name))
        while size >= 1:
            begin = 0
            while begin < len(getattr(self.script, name)):
                if not self._leave_out(name, begin, begin + size):
                    begin += size
            size //= 2
        return len(getattr(self.script, name)) < length

    def _leave_out(self, name: str, begin: int, end: int) -> bool:
        """Leave a part of a list out, if the script fails without it, too."""
        kept = getattr(self.script, name)[:begin] + getattr(self.script, name)[end:]
        if self._plays_left == 0 or (name in INDISPENSABLE and not kept):
            return False
        self._plays_left -= 1
        smaller = _drop_idle_incidents(replace(self.script, **{name: kept}))
        if self._still_fails(smaller):
            self.script = smaller
            return True
        return False


def _drop_idle_incidents(script: Script) -> Script:
    """Leave out what happens to processes that are not there."""
    there = {name for name, _ in (*script.agents, *script.engines)}
    gone = [one for one in script.incidents if one.target.startswith(("agent-", "engine-")) and one.target not in there]
    return replace(script, incidents=tuple(one for one in script.incidents if one not in gone))
