"""What every exit code of the program means: decided here, shown in the reference, held by the tests."""

from __future__ import annotations

from enum import IntEnum

from ostinato.errors import (
    ActionNotFound,
    ConfigurationError,
    DeclarationError,
    InvalidValue,
    NoDatabase,
    NotFound,
    NotPossible,
    OstinatoError,
    PlanningError,
    RunFailed,
    SchemaMismatch,
    StoreUnavailable,
)


class ExitCode(IntEnum):
    """How a command ended, for the script that called it."""

    OK = 0
    NO = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_POSSIBLE = 4
    STORE = 5
    PROJECT = 6
    BUG = 70
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    TERMINATED = 143


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "Done, or the answer is yes. Processes that were told to stop, and stopped in good order, too.",
    ExitCode.NO: "The answer is no: `validate`, `diff` and `doctor` found problems, `apply` could not follow all that "
    "is declared, a step of `engine` failed, a plan could not be planned when it was triggered, or slots are failed "
    "when `up --until-idle` or `demo` ends; or `simulate-faults` saw an invariant break.",
    ExitCode.USAGE: "The command line is wrong: no such command or option, a value that cannot be read.",
    ExitCode.NOT_FOUND: "There is no such account, definition, slot, run, step, event or action.",
    ExitCode.NOT_POSSIBLE: "What was asked for makes no sense in the present state, and nothing was changed; or a plan "
    "cannot be made of it, or a value will not do.",
    ExitCode.STORE: "The database is away, held by someone else, of another version than the program, or not there "
    "yet.",
    ExitCode.PROJECT: "The project cannot be used as it is: no project file, or mistakes in what it declares.",
    ExitCode.BUG: "A bug in Ostinato. The traceback on standard error is what a report should hold.",
    ExitCode.INTERRUPTED: "Ended by Ctrl-C before it was done.",
    ExitCode.BROKEN_PIPE: "Whoever read the output went away, as `head` does.",
    ExitCode.TERMINATED: "Ended by SIGTERM before it was done.",
}


def exit_code_of(error: OstinatoError) -> ExitCode:
    """Return the exit code for ``error``."""
    match error:
        case NotFound() | ActionNotFound():
            return ExitCode.NOT_FOUND
        case RunFailed():
            return ExitCode.NO
        case NotPossible() | InvalidValue() | PlanningError():
            return ExitCode.NOT_POSSIBLE
        case StoreUnavailable() | SchemaMismatch() | NoDatabase():
            return ExitCode.STORE
        case DeclarationError() | ConfigurationError():
            return ExitCode.PROJECT
        case _:
            return ExitCode.BUG
