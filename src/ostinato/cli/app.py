"""The table of commands, the options that all of them share, and the way from a command line to an exit code."""

from __future__ import annotations

import gc
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Group, Parameter
from cyclopts.exceptions import CycloptsError

from ostinato import __version__
from ostinato.cli.exit_codes import ExitCode, exit_code_of
from ostinato.cli.failures import report_bug, report_error, report_usage
from ostinato.cli.session import Session
from ostinato.errors import ConfigurationError, OstinatoError

OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Nearly all that a command makes are the modules that it loads. To look for garbage among them as often as Python does
takes a tenth of the time until a command answers."""

BEGIN, RUN, DECLARE, LOOK, CHANGE, ACCESS, MAINTAIN = (
    Group(title, sort_key=place)
    for place, title in enumerate(("Begin", "Run", "Declare", "Look", "Change", "Let in", "Maintain"))
)

COMMANDS: tuple[tuple[Group, str, str, str], ...] = (
    (BEGIN, "init", "begin:init", "Make a new project, ready to run."),
    (BEGIN, "demo", "demo:demo", "Run the example on real data, start to finish."),
    (RUN, "up", "processes:up", "Run engine, agent and console in one process."),
    (RUN, "engine", "processes:engine", "Make one pass of the engine, or pass after pass."),
    (RUN, "agent", "processes:agent", "Carry out the runs that wait, once or for ever."),
    (RUN, "console", "console:console", "Serve the console: pages for people, and the API for programs."),
    (RUN, "systemd", "systemd:systemd", "Print units of systemd for this project."),
    (DECLARE, "validate", "declarations:validate", "Check the project file and all that it declares."),
    (DECLARE, "diff", "declarations:diff", "Show what the next pass of the engine would change."),
    (DECLARE, "apply", "declarations:apply", "Let accounts, definitions and slots follow what is declared."),
    (DECLARE, "schema", "schema:schema", "Print the JSON Schema of a kind of file."),
    (LOOK, "status", "status:status", "Show how everything stands."),
    (LOOK, "accounts", "rows:accounts", "List the accounts."),
    (LOOK, "definitions", "rows:definitions", "List the definitions, and what each waits for."),
    (LOOK, "slots", "rows:slots", "List slots: what should have run."),
    (LOOK, "runs", "rows:runs", "List runs: what was attempted, newest first."),
    (LOOK, "limits", "rows:limits", "List the limits, and how much of each is used."),
    (LOOK, "plans", "plans:plans", "List the runs of plans: how far each is, and what it waits for."),
    (LOOK, "show", "details:show", "Show one run with its plan and history."),
    (LOOK, "event", "plans:event", "Show what became of an event."),
    (LOOK, "logs", "logs:logs", "Print what a run wrote, or one step of it."),
    (LOOK, "explain", "details:explain", "Say why a slot is, or is not, running."),
    (LOOK, "audit", "access:audit", "List what people changed: who, what, when and why."),
    (CHANGE, "trigger", "changes:trigger", "Run a slot now, or a definition or a plan once."),
    (CHANGE, "retry", "changes:retry", "Give a failed slot another attempt."),
    (CHANGE, "rerun", "changes:rerun", "Run a slot again that has succeeded."),
    (CHANGE, "accept", "changes:accept", "Let a slot count as done that failed or was cancelled."),
    (CHANGE, "note", "changes:note", "Note something down about a slot or a run."),
    (CHANGE, "cancel", "changes:cancel", "Stop a run, or take its turn from a slot."),
    (CHANGE, "pause", "changes:pause", "Let nothing of an account or definition start."),
    (CHANGE, "resume", "changes:resume", "Let a paused run go on, or an account or definition."),
    (CHANGE, "skip", "plans:skip", "Skip a failed step of a paused run, and all that needs it."),
    (CHANGE, "edit-input", "plans:edit_input", "Give a step another input that is pending or has failed."),
    (CHANGE, "fail", "plans:fail", "Give a paused run up: it fails."),
    (CHANGE, "send-event", "plans:send_event", "Send an event to a step."),
    (CHANGE, "answer", "plans:answer", "Answer a plan that waits for a person: yes or no."),
    (CHANGE, "drain", "draining:drain", "Have an agent take no more runs."),
    (CHANGE, "halt", "plans:halt", "End a run at once, whatever it does, and keep its slot from running."),
    (CHANGE, "boost", "boosting:boost", "Give a run that waits another priority."),
    (ACCESS, "user add", "access:user_add", "Add somebody who may log in to the console."),
    (ACCESS, "user list", "access:user_list", "List who may log in to the console."),
    (ACCESS, "user role", "access:user_role", "Give a user another role, at once."),
    (ACCESS, "user password", "access:user_password", "Give a user another password."),
    (ACCESS, "user remove", "access:user_remove", "Remove a user, who is logged out at once."),
    (ACCESS, "token add", "access:token_add", "Make a token, by which a program may use the API."),
    (ACCESS, "token list", "access:token_list", "List the tokens, by name."),
    (ACCESS, "token remove", "access:token_remove", "Remove a token, which lets nobody in any more."),
    (MAINTAIN, "db upgrade", "maintenance:upgrade", "Bring the database to this program's version."),
    (MAINTAIN, "doctor", "maintenance:doctor", "Look for what is wrong with the installation."),
    (MAINTAIN, "simulate-faults", "simulate_faults:simulate_faults", "Simulate worlds in which everything goes wrong."),
)
"""Group, name, where it is, and its line in the list. The first line of its docstring says the same: a test checks."""

FAMILIES = {
    "user": "Who may log in to the console.",
    "token": "Which programs may use the API.",
    "db": "The database of the project.",
}
"""What the commands have in common whose names have two words."""

ProjectOption = Annotated[
    Path | None,
    Parameter(
        group="Options of every command",
        help="The project: its folder, or its file. Left out, it is looked for from the working directory upward.",
    ),
]
JsonOption = Annotated[
    bool,
    Parameter(
        group="Options of every command", negative=(), show_default=False, help="Answer in JSON on standard output."
    ),
]
Tokens = Annotated[str, Parameter(show=False, allow_leading_hyphen=True)]


def make_app() -> App:
    """Build the program's command line. No command's module is imported before that command is called."""
    app = App(
        name="ostinato",
        help="Ostinato runs the same jobs for many accounts, and goes on until all that should have run has run.",
        version=__version__,
        help_format="markdown",
        suppress_keyboard_interrupt=False,
    )
    app["--help"].group = app["--version"].group = Group("Options of every command", sort_key=len(COMMANDS))
    parents: dict[str, App] = {}
    for order, (group, name, place, line) in enumerate(COMMANDS):
        *parent, own_name = name.split()
        home = app
        if parent:
            home = parents.setdefault(
                parent[0], App(name=parent[0], help=FAMILIES[parent[0]], group=group, sort_key=order)
            )
        home.command(f"ostinato.cli.commands.{place}", name=own_name, help=line, group=group, sort_key=order)
    for parent_app in parents.values():
        app.command(parent_app)

    @app.meta.default
    def launch(*tokens: Tokens, project: ProjectOption = None, json: JsonOption = False) -> object:
        command, bound, extra = app.parse_args(tokens, print_error=False, exit_on_error=False)
        session = {"session": Session(project, json=json)} if "session" in extra else {}
        return command(*bound.args, **bound.kwargs, **session)

    return app


def prefer_docstring(command: App) -> None:
    """Let the help of a command that has been imported be its whole docstring, and not its line in the list."""
    if command.default_command is not None and command.default_command.__module__.startswith("ostinato."):
        command.help = None  # as it is before it is set


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line and return its exit code."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a sign that cannot be written is no reason to end
    json = "--json" in tokens
    try:
        code = _call(tokens)
        sys.stdout.flush()
    except CycloptsError as error:
        report_usage(error, json=json)
        code = ExitCode.USAGE
    except OstinatoError as error:
        report_error(error, json=json)
        code = exit_code_of(error)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more
        code = ExitCode.BROKEN_PIPE
    except Exception as error:  # noqa: BLE001  whatever it is, it ends as an exit code
        code = _report_unforeseen(error, json=json)
    return code


def _report_unforeseen(error: Exception, *, json: bool) -> ExitCode:
    if isinstance(error, OSError) and error.filename is not None:
        hint = "look whether it is there, whether you may read and write it, and whether the disk is full"
        problem = ConfigurationError(f"{error.filename}: {error.strerror}", hint=hint)
        report_error(problem, json=json)
        return exit_code_of(problem)
    report_bug("".join(traceback.format_exception(error)), json=json)
    return ExitCode.BUG


def _call(tokens: list[str]) -> ExitCode:
    app = make_app()
    _, apps, _ = app.meta.parse_commands(tokens)
    for command in apps:
        prefer_docstring(command)
    code = app.meta(tokens, print_error=False, exit_on_error=False, result_action="return_value")
    return code if isinstance(code, ExitCode) else ExitCode.OK
