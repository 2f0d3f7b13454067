"""Wrong command lines in our own words."""

from __future__ import annotations

from difflib import get_close_matches

from cyclopts import App
from cyclopts.exceptions import CycloptsError, MissingArgumentError, UnknownCommandError, UnusedCliTokensError


def describe_usage_error(error: CycloptsError) -> tuple[str, str]:
    """Return what is wrong with a command line, and what would be right."""
    error.verbose = False
    command = " ".join(["ostinato", *(error.command_chain or ())])
    see = f"see {command} --help"
    match error:
        case UnknownCommandError(unused_tokens=[word, *_]):
            kind = "option" if word.startswith("-") else "command"
            return f"there is no {kind} {word}", _nearest_command(word, error.app) or "see ostinato --help"
        case UnusedCliTokensError(unused_tokens=[word, *_]):
            return f"{command} does not take {word!r}", see
        case MissingArgumentError(argument=argument) if argument is not None:
            name = error.keyword or argument.name
            needs = f"{name} needs a value" if name.startswith("-") else f"{command} needs {name}"
            return needs, see
    message = str(error).rstrip(".")
    return f"{message[:1].lower()}{message[1:]}", see


def _nearest_command(word: str, app: App | None) -> str:
    nearest = get_close_matches(word, app or (), n=1)
    return f"did you mean {nearest[0]}?" if nearest else ""
