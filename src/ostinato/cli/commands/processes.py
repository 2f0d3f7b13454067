"""The processes: ``up``, ``engine`` and ``agent``. That of the console is in ``console``."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from typing import Annotated

from cyclopts import Parameter, validators
from rich.text import Text

from ostinato.agent.agent import Agent
from ostinato.agent.driver import run_agent
from ostinato.cli.endings import ending_code, find_ending, report_ending, say_left_running, say_let_go
from ostinato.cli.exit_codes import ExitCode
from ostinato.cli.log_lines import LogFormat, Logs
from ostinato.cli.options import Flag, Given, LogFormatOption, Plain, PortOption
from ostinato.cli.project import opened
from ostinato.cli.session import Session
from ostinato.cli.tables import Cell, Column, make_table
from ostinato.cli.views import viewing
from ostinato.cli.words import look_of
from ostinato.loop.engine import Tick
from ostinato.model.engine import StepOutcome
from ostinato.model.statuses import RunStatus
from ostinato.processes.agent import make_agent
from ostinato.processes.engine import engine_turns, make_passes, process_name, run_engine
from ostinato.processes.progress import read_progress
from ostinato.processes.up import Up
from ostinato.world import World

ForeverOption = Annotated[bool, Flag, Parameter(help="Go on until told to stop by Ctrl-C or SIGTERM.")]


def up(
    *,
    until_idle: Annotated[bool, Flag, Parameter(help="Stop when nothing is due any more.")] = False,
    no_console: Annotated[bool, Flag, Parameter(help="Serve no console.")] = False,
    port: PortOption = None,
    log_format: LogFormatOption = None,
    session: Given,
) -> ExitCode:
    """Run engine, agent and console in one process.

    On a terminal it shows how the work goes on; elsewhere it writes log lines. Ctrl-C or SIGTERM stops it in good
    order: what runs may end within the agent's grace period. A second time does not wait for that. Commands that last
    longer go on without it, unless `agent.on_stop` is `end`, and are adopted when Ostinato is started again.

    The console is served beside them, unless it is not to be, its port is taken, or `--until-idle` lets all of it end
    by itself.

    With `--json` each line of output is an object with the key `event`: `console` with its `url`, `progress` now and
    then, `finished` last.
    """
    with (
        opened(session, create=True, logs=_logs_beside_display(session, log_format)) as world,
        nullcontext() if no_console or until_idle else _console_beside(session, port),
    ):
        return drive_up(session, world, until_idle=until_idle)


def engine(
    *,
    forever: ForeverOption = False,
    log_format: LogFormatOption = None,
    session: Given,
) -> ExitCode:
    """Make one pass of the engine, or pass after pass.

    One pass prints what each step did; it is repeated while a step has more to do at once. With `--forever` passes
    that change something are logged. Of several engines one leads, the others stand by.
    """
    if forever:
        with opened(session, create=True, logs=Logs(logging.INFO, log_format)) as world:
            passes = run_engine(world)
        if session.json:
            session.answer_json({"passes": passes})
        return ExitCode.OK
    with opened(session, create=True, logs=Logs(form=log_format)) as world:
        ticks = list(make_passes(world, name=process_name()))
        troubles = read_progress(world.store, world.clock.now()).troubles
    outcomes = _add_up(ticks)
    if session.json:
        steps = [{key: value for key, value in asdict(one).items() if key != "more"} for one in outcomes]
        session.answer_json({"passes": len(ticks), "steps": steps})
    else:
        session.answer(_pass_lines(session, outcomes))
    for source in troubles:
        session.tell(Text.assemble(("✗ ", "bold red"), f"{source.name}: {source.error or source.held_back}"))
    failed = any(outcome.error for outcome in outcomes) or bool(troubles)
    return ExitCode.NO if failed else ExitCode.OK


def agent(
    *,
    forever: ForeverOption = False,
    concurrency: Annotated[
        int | None,
        Plain,
        Parameter(
            help="How many runs at the same time. Left out, as the project says.", validator=validators.Number(gte=1)
        ),
    ] = None,
    queue: Annotated[
        list[str] | None,
        Plain,
        Parameter(help="Take runs from this queue; may be given several times. Left out, as the project says."),
    ] = None,
    name: Annotated[
        str | None, Plain, Parameter(help="What the agent is called. Left out, it is named for its host.")
    ] = None,
    log_format: LogFormatOption = None,
    session: Given,
) -> ExitCode:
    """Carry out the runs that wait, once or for ever.

    Without `--forever` it claims runs one time, as many as it may carry out at once, and ends when they have ended.
    Ctrl-C or SIGTERM stops it in good order, a second time without waiting for what runs. Commands that outlast it go
    on, unless `agent.on_stop` is `end`, and are adopted by the next agent of its name.
    """
    logs = Logs(logging.INFO if forever else logging.WARNING, log_format)
    with opened(session, create=True, logs=logs) as world:
        worker = make_agent(world, name=name, queues=queue or (), concurrency=concurrency)
        tally = run_agent(worker, forever=forever)
    if session.json:
        runs = {status.value: number for status, number in sorted(tally.items())}
        session.answer_json({"runs": runs, "left_running": worker.left_running})
    else:
        session.answer(_tell_of_agent(worker, tally))
    return ExitCode.OK


def _tell_of_agent(worker: Agent, let_go: Mapping[RunStatus, int]) -> Iterator[str]:
    """Say what an agent has done, and what it left."""
    if let_go:
        yield from say_let_go(let_go)
    elif worker.standing.is_draining:
        yield f"Agent {worker.name} drains, and takes no runs, until: ostinato drain {worker.name} --undo"
    elif not worker.left_running:
        yield "No run was waiting. An engine makes runs: ostinato engine, or ostinato up"
    if worker.left_running:
        yield say_left_running(worker.name, worker.left_running)


def _console_beside(session: Session, port: int | None) -> AbstractContextManager[None]:
    """Serve the console beside engine and agent. What it takes is only loaded where it is served."""
    from ostinato.cli.commands.console import beside  # noqa: PLC0415  a third of a second

    return beside(session, port=port)


def drive_up(session: Session, world: World, *, until_idle: bool, in_words: bool = False) -> ExitCode:
    """Run engine and agent on an open project, show the progress, and report how it ended."""
    began = world.clock.monotonic()
    with viewing(session, world, in_words=in_words) as view, engine_turns(world) as turns:
        driver = Up(world, make_agent(world), turns, watch=view)
        driver.run(until_idle=until_idle)
    ending = find_ending(world, driver, seconds=world.clock.monotonic() - began)
    report_ending(session, ending)
    return ending_code(ending, until_idle=until_idle)


def _logs_beside_display(session: Session, form: LogFormat | None) -> Logs:
    """Return which log lines are written: on a terminal only what the display there does not show by itself."""
    if session.messages.is_terminal and not session.json:
        return Logs(form=form, without=frozenset({"store_unavailable", "store_is_back"}))
    return Logs(logging.INFO, form)


def _add_up(ticks: Iterable[Tick]) -> list[StepOutcome]:
    """Return what the steps did in all passes together."""
    total: dict[str, StepOutcome] = {}
    for tick in ticks:
        for one in tick.outcomes:
            before = total.get(one.step, StepOutcome(one.step))
            total[one.step] = replace(
                before,
                examined=before.examined + one.examined,
                changed=before.changed + one.changed,
                blocked=before.blocked + one.blocked,
                failed=before.failed + one.failed,
                seconds=round(before.seconds + one.seconds, 6),
                error=one.error or before.error,
            )
    return list(total.values())


def _pass_lines(session: Session, outcomes: list[StepOutcome]) -> Iterable[Text]:
    columns = [
        Column("step"),
        *(Column(title, right=True) for title in ("examined", "changed", "blocked", "failed", "took")),
        Column("error", elastic=True, drop=1),
    ]
    rows: list[list[Cell]] = [
        [
            one.step,
            *(f"{number:,}" for number in (one.examined, one.changed, one.blocked, one.failed)),
            f"{one.seconds:.3f}s",
            Text(one.error, style=look_of("failed")[1]),
        ]
        for one in outcomes
    ]
    return make_table(columns, rows, width=session.width)
