"""The drivers: they own the signals and the waiting around engine and agent, which only tick.

An agent by itself has its driver beside it, in ``ostinato.agent``.
"""
