"""``ostinato status``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from ostinato.cli.listings import limit_table
from ostinato.cli.options import Given
from ostinato.cli.project import opened
from ostinato.cli.tables import Column, make_table
from ostinato.cli.times import show_distance
from ostinato.cli.words import look_of, show_counts, show_status
from ostinato.model.engine import SourceState
from ostinato.operations import shapes
from ostinato.operations.status import AgentState, EngineState, Status, Trouble, get_status


def status(*, session: Given) -> None:
    """Show how everything stands.

    Of slots and runs it counts all that are open, the slots that have failed for good, and of all others those that
    ended within a day or come due within one. Last comes what is wrong, if anything is, and what to do about it.
    """
    with opened(session) as world:
        standing = get_status(world)
    if session.json:
        session.answer_json(shapes.status(standing))
    else:
        session.answer(_lines(standing, session.width))


def _lines(standing: Status, width: int | None) -> Iterator[Text]:
    yield _labelled("declared", Text(f"{standing.accounts:,} accounts, {standing.definitions:,} definitions"))
    yield _labelled("slots", show_counts(standing.slots))
    yield _labelled("runs", show_counts(standing.runs))
    yield _labelled("engine", _engine(standing.engine, standing.now))
    if standing.agents:
        yield Text()
        yield from _agents(standing.agents, standing.now, width)
    if standing.limits:
        yield Text()
        yield from limit_table(standing.limits, width)
    if standing.sources:
        yield Text()
        yield from _sources(standing.sources, standing.now, width)
    yield Text()
    yield from _troubles(standing.troubles)


def _engine(engine: EngineState, now: datetime) -> Text:
    if engine.last_pass is None:
        return Text("· no pass yet", style="yellow")
    sign, style = look_of("waiting" if engine.late else "alive")
    began, name = show_distance(engine.last_pass.started_at, now), engine.last_pass.engine
    at_work = f"{sign} {'not at work' if engine.late else 'at work'}"
    return Text.assemble((at_work, style), f", last pass {began} by {name} in {engine.last_pass.seconds:.2f}s")


def _agents(agents: Sequence[AgentState], now: datetime, width: int | None) -> Sequence[Text]:
    columns = [
        Column("agent"),
        Column("state"),
        Column("running", right=True),
        Column("heartbeat", drop=1),
        Column("queues", elastic=True, drop=2),
        Column("host", elastic=True, drop=3),
    ]
    rows = [
        (
            state.agent.name,
            show_status(state.status),
            f"{state.agent.running} of {state.agent.concurrency}",
            show_distance(state.agent.heartbeat_at, now),
            ", ".join(state.agent.queues),
            state.agent.host,
        )
        for state in agents
    ]
    return make_table(columns, rows, width=width)


def _sources(sources: Sequence[SourceState], now: datetime, width: int | None) -> Sequence[Text]:
    columns = [
        Column("source"),
        Column("declares"),
        Column("rows", right=True),
        Column("state"),
        Column("changed", drop=1),
    ]
    rows = [(one.name, one.kind, f"{one.rows:,}", _state(one), show_distance(one.loaded_at, now)) for one in sources]
    return make_table(columns, rows, width=width)


def _state(source: SourceState) -> Text:
    if source.error:
        return Text("✗ failed", style=look_of("failed")[1])
    return Text("‖ held back", style="yellow") if source.held_back else Text("✓ followed", style="green")


def _troubles(troubles: Sequence[Trouble]) -> Iterator[Text]:
    if not troubles:
        yield Text("✓ all is well", style="green")
    for trouble in troubles:
        yield Text.assemble(("! ", look_of("warning")[1]), trouble.message)
        if trouble.hint:
            yield Text(f"  {trouble.hint}", style="cyan")


def _labelled(label: str, value: Text) -> Text:
    return Text.assemble((f"{label:<10}", "bright_black"), value)
