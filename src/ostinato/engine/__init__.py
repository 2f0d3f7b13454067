"""The engine's steps: one module for each ``ensure_*``. Each makes one sentence about the world true.

A step takes a transaction, what is desired, and a context with the instant; it returns what it changed. Running it
a second time at the same instant changes nothing. The loop that calls them is in ``ostinato.loop``.
"""
