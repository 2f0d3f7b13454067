"""The jobs of the flights example, each a command: ``python -m jobs.NAME``, in the project folder.

They know nothing of Ostinato: what they need to know stands on their command line. They take only the
standard library, and of that only what is quick to import, for several hundred of them run within seconds.
"""
