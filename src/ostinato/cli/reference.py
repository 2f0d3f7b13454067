"""Renders the reference of the command line from the program itself: the page is never edited by hand."""

from __future__ import annotations

import re

from cyclopts import App

from ostinato.cli.app import COMMANDS, make_app, prefer_docstring
from ostinato.cli.exit_codes import MEANINGS

_SHARED = re.compile(r"\*\*Options of every command\*\*:\n\n(?:\* .*\n)+\n?")
_CONTENTS = re.compile(r"## Table of Contents\n\n(?: *- .*\n)+\n")

_HEAD = """# Command line

Generated from the program by `make docs`.

Answers go to standard output, all else to standard error: messages, progress, log lines. On a terminal tables are cut
to its width; elsewhere they are written in full, without colours. `NO_COLOR` turns colours off everywhere.

"""

_JSON = """## JSON

Every command takes `--json`, and then writes one JSON value to standard output. Commands that go on for longer, which
are `up`, `demo` and `logs --follow`, write one object per line instead. Keys may be added; those there are stay as
they are. Instants are in UTC, as in `2026-01-31T06:00:00Z`.

An error is `{"error": {"code", "message", "hint", "problems"}}`. Each of the `problems` is one mistake in what is
declared, with its `file`, `line`, `key`, `message` and `hint`.

"""


def render_cli() -> str:
    """Return the page about the command line."""
    app = make_app()
    for _, name, *_ in COMMANDS:
        prefer_docstring(find_command(app, name))
    overview, *commands = re.split(r"(?m)^(?=# ostinato )", app.generate_docs(flatten_commands=True))
    overview = _CONTENTS.sub("", overview).removeprefix("# ostinato\n\n")
    details = "".join(_SHARED.sub("", command).replace("# ostinato", "## ostinato", 1) for command in commands)
    return f"{_HEAD}{overview.rstrip()}\n\n{details.rstrip()}\n\n{_JSON}{_render_exit_codes()}"


def find_command(app: App, name: str) -> App:
    """Return the command of that name, which may have several words."""
    for word in name.split():
        app = app[word]
    return app


def _render_exit_codes() -> str:
    rows = "".join(f"| {code.value} | {meaning} |\n" for code, meaning in MEANINGS.items())
    return f"## Exit codes\n\n| code | means |\n|---|---|\n{rows}"
