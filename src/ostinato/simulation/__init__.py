"""The simulation: a whole installation in one thread, on a clock that stands still, with everything that can go wrong.

Engines, agents, director and store are the real ones. Machines, processes, commands, people and time are played, all
from one number: the same seed tells the same story, in any process and on any day. A witness looks at every commit.
"""
