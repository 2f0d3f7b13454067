"""Commands that change what runs: ``trigger``, ``retry``, ``rerun``, ``cancel``, ``pause`` and ``resume``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from ostinato.cli.options import Given, Plain, ReasonOption
from ostinato.cli.progress_lines import name_of
from ostinato.cli.project import opened
from ostinato.cli.session import Session
from ostinato.errors import NotPossible
from ostinato.operations import cancelling, pausing, shapes, starting
from ostinato.operations.pausing import Pausable, Pausing
from ostinato.operations.people import find_person
from ostinato.operations.starting import Started


def check_parameters(type_: object, pairs: list[str] | None) -> None:
    """Raise ``ValueError`` unless each of ``pairs`` is ``NAME=VALUE``."""
    for name, separator, _ in (pair.partition("=") for pair in pairs or ()):
        if not (name and separator):
            raise ValueError(f"Write {name or 'NAME'}=VALUE")


Target = Annotated[str, Parameter(help="The name of a slot, or the number of its latest run.")]
KindArgument = Annotated[Pausable, Parameter(help="What is named.")]
NameArgument = Annotated[str, Parameter(help="Its name.")]


def trigger(
    target: Annotated[str, Parameter(help="A slot (definition/account/start), or a definition.")],
    /,
    *,
    account: Annotated[str | None, Plain, Parameter(help="Of a definition: run it for this account.")] = None,
    start: Annotated[str | None, Plain, Parameter(help="Of a definition: the start of its period.")] = None,
    end: Annotated[str | None, Plain, Parameter(help="Of a definition: the end of its period.")] = None,
    param: Annotated[
        list[str] | None,
        Plain,
        Parameter(
            help="Of a definition: what its command finds in OSTINATO_PARAMETER_NAME; may be given several times.",
            metavar="NAME=VALUE",
            validator=check_parameters,
        ),
    ] = None,
    reason: ReasonOption = "",
    session: Given,
) -> None:
    """Run a slot now, or a definition once.

    A slot that has not run yet starts whatever it waits for. A definition runs once beside its slots, for a period
    that you choose, and without retries.
    """
    with opened(session) as world:
        by = find_person()
        if "/" not in target:
            given = dict(pair.split("=", 1) for pair in param or ())
            started = starting.trigger_once(
                world, target, by=by, reason=reason, account=account, parameters=given, start=start, end=end
            )
        elif account or start or end or param:
            hint = "name the definition alone to choose others"
            raise NotPossible("a slot has its account and period already", hint=hint)
        else:
            started = starting.trigger_slot(world, target, by=by, reason=reason)
    _answer_started(session, started)


def retry(target: Target, /, *, reason: ReasonOption = "", session: Given) -> None:
    """Give a failed slot another attempt.

    The slot starts its attempts anew. One that waits for its next attempt makes it now.
    """
    with opened(session) as world:
        started = starting.retry(world, target, by=find_person(), reason=reason)
    _answer_started(session, started)


def rerun(target: Target, /, *, reason: ReasonOption = "", session: Given) -> None:
    """Run a slot again that has succeeded.

    What depends on it and has not run yet waits for it. What has run already does not run again.
    """
    with opened(session) as world:
        started = starting.rerun(world, target, by=find_person(), reason=reason)
    _answer_started(session, started)


def cancel(
    target: Annotated[str, Parameter(help="The number of a run, or a slot for its present run.")],
    /,
    *,
    reason: ReasonOption = "",
    session: Given,
) -> None:
    """Stop a run, or take its turn from a slot.

    A run that waits is cancelled at once; one that runs is ended by its agent. No further attempt follows by itself.
    """
    with opened(session) as world:
        cancelled = cancelling.cancel(world, target, by=find_person(), reason=reason)
    run = cancelled.run
    if session.json:
        session.answer_json(shapes.cancelled(cancelled))
    elif cancelled.at_once:
        session.answer([f"Run {run.id} of {name_of(run)} is cancelled."])
    else:
        session.answer([f"Agent {run.agent} was asked to end run {run.id} of {name_of(run)}: ostinato show {run.id}"])


def pause(kind: KindArgument, name: NameArgument, /, *, reason: ReasonOption = "", session: Given) -> None:
    """Let nothing of an account or definition start.

    What runs already goes on to its end.
    """
    with opened(session) as world:
        paused = pausing.pause(world, kind, name, by=find_person(), reason=reason)
    _answer_pausing(session, paused)


def resume(kind: KindArgument, name: NameArgument, /, *, reason: ReasonOption = "", session: Given) -> None:
    """Let a paused account or definition go on."""
    with opened(session) as world:
        resumed = pausing.resume(world, kind, name, by=find_person(), reason=reason)
    _answer_pausing(session, resumed)


def _answer_started(session: Session, started: Started) -> None:
    if session.json:
        session.answer_json(shapes.started(started))
        return
    run, gate = started.run, started.claim.blocking
    session.answer([f"Run {run.id} of {name_of(run)} waits for an agent."])
    if gate is not None:
        session.answer([Text.assemble("But ", (gate.reason, "yellow"), ".")])
        if gate.clears:
            session.answer([f"  {gate.clears}"])


def _answer_pausing(session: Session, pausing: Pausing) -> None:
    what = f"{pausing.kind} {pausing.name}"
    if session.json:
        session.answer_json(shapes.pausing(pausing))
    elif pausing.paused:
        session.answer([f"Nothing of {what} starts any more, until: ostinato resume {what}"])
    else:
        session.answer([f"The {what} goes on."])
