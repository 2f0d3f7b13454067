"""The warehouse example: airlines publish their months, by a plan that can ask, pause, go on, and be cancelled.

The folder is an Ostinato project as it stands; ``demo.prepare`` makes a copy of it and fills the landing zone.
"""
