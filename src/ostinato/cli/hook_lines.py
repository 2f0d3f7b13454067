"""The calls of hooks that a run has asked for, as text: when each was made, and what went wrong in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from ostinato.cli.plan_lines import trace_lines
from ostinato.cli.tables import Column, make_table
from ostinato.cli.times import show_instant
from ostinato.cli.words import look_of, show_status
from ostinato.model.hooks import HookCall
from ostinato.model.steps import StepError


def hook_lines(calls: Sequence[HookCall], width: int | None) -> Iterator[Text]:
    """Show the calls in a table, and below it why those failed that have; nothing where there are no calls."""
    if not calls:
        return
    columns = [Column("hook"), Column("because it came to"), Column("at", drop=1), Column("", elastic=True)]
    yield Text()
    yield from make_table(
        columns,
        [(call.hook, show_status(call.status), show_instant(call.at), _what_became_of(call)) for call in calls],
        width=width,
    )
    for call in calls:
        if call.error is not None:
            sign, style = look_of("failed")
            yield Text()
            yield Text(f"{sign} hook {call.hook}", style=style)
            yield from trace_lines(call.error)


def _what_became_of(call: HookCall) -> Text:
    if call.called_at is None:
        return Text("is still to be called", style="yellow")
    if call.error is None:
        return Text(f"called at {show_instant(call.called_at)}")
    sign, style = look_of("failed")
    return Text.assemble((f"{sign} failed", style), f" at {show_instant(call.called_at)}: {_first_line(call.error)}")


def _first_line(error: StepError) -> str:
    said = f"{error.type}: {error.message}" if error.type else error.message
    return said.partition("\n")[0]
