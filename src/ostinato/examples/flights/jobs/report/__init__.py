"""report: the page of a week, ``report/week-2013-01-07.html``, and of everything before it.

``facts`` asks the warehouse, ``page`` writes what was found, ``charts`` draws it. A page depends on nothing
but the flights until the week's end: made again, it is the same to the last byte, whatever has been loaded
since.
"""
