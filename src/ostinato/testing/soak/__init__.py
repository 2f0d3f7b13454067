"""The soak: real processes on a real database, killed and stopped without end, and what must hold of it all.

``python -m ostinato.testing.soak`` makes a project of its own in a temporary folder, has engines and agents work on it,
and strikes them down by chance that replays from a seed. Then it leaves them alone and judges what they have left.
"""
