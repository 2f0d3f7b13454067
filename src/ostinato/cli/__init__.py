"""The command line: parses, calls an operation, renders. No SQL, no rules.

Only what every command needs is imported here; a command's own module, and with it the store, is imported when that
command is called.
"""

from ostinato.cli.app import main

__all__ = ["main"]
