"""Turns a frequency and a time zone into periods: pure functions, no clock, no I/O.

A **frequency** says when periods begin, in terms of a wall clock: "at every local midnight". A **period** is
the time from one beginning to the next, so periods always tile time: no gap, no overlap, none of length zero.

A wall clock jumps: it leaves times out (a *gap*, when it is put forward) and shows times again (a *fold*,
when it is put back). One rule settles what becomes of a period that would begin there, and each kind of
frequency has its variant:

============================================  =====================================  =========================
frequency                                     begins in a gap                        begins in a fold
============================================  =====================================  =========================
daily, weekly, monthly, yearly                at the end of the gap                  the first time
hourly, every D (divides 24 h, at most 1 h)   at the end of the gap                  both times
every D (divides 24 h, above 1 h)             at the end of the gap                  the first time
every D (does not divide 24 h)                knows no wall clock: elapsed time since 1970-01-01T00:00Z
cron at fixed times                           at the end of the gap                  the first time
cron whose minute or hour begins with ``*``   not at all                             both times
============================================  =====================================  =========================

Beginnings that fall on one instant, all at the end of one gap, are one beginning.

So a day has 23 or 25 hours where the clock changes by one hour, and a day that a zone left out does not
exist. Where the clock of ``Australia/Lord_Howe`` goes back from 02:00 to 01:30, it shows 01:00 and 02:00 once
each: the hour between them is 90 minutes long. Where a clock goes back from 00:01 to 23:01, as in
``America/St_Johns`` until 2011, the new day began at the first midnight, and the second pass from 23:01
belongs to it.
"""

from ostinato.calendar.frequencies import Frequency, parse_frequency, parse_key
from ostinato.calendar.periods import Period, get_period, list_periods
from ostinato.calendar.zones import check_time_zone, local_midnight

__all__ = [
    "Frequency",
    "Period",
    "check_time_zone",
    "get_period",
    "list_periods",
    "local_midnight",
    "parse_frequency",
    "parse_key",
]
