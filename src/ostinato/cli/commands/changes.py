"""Commands that change what runs, and ``note``, which says something about it."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter
from rich.text import Text

from ostinato.cli.options import Flag, Given, Instant, JsonArgument, Plain, ReasonOption, check_pairs
from ostinato.cli.progress_lines import name_of
from ostinato.cli.project import opened
from ostinato.cli.session import Session
from ostinato.cli.words import count
from ostinato.errors import NotPossible, RunFailed
from ostinato.operations import accepting, cancelling, noting, pausing, plan_shapes, shapes, starting, steering
from ostinato.operations.pausing import Pausable, Pausing
from ostinato.operations.people import Person, find_person
from ostinato.operations.starting import Started
from ostinato.operations.steering import Resumed
from ostinato.operations.triggering import TriggerOptions, trigger_plan
from ostinato.policies.verdict import Verdict
from ostinato.world import World

Target = Annotated[str, Parameter(help="The name of a slot, or the number of its latest run.")]
KindArgument = Annotated[Pausable, Parameter(help="What is named.")]
NameArgument = Annotated[str, Parameter(help="Its name.")]


def trigger(
    target: Annotated[
        str, Parameter(help="A slot (definition/account/start), a definition, or a plan (package.module:name).")
    ],
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
            validator=check_pairs,
        ),
    ] = None,
    given: Annotated[
        Any, Plain, JsonArgument, Parameter(name="--input", help="Of a plan: its arguments, as a JSON object.")
    ] = None,
    start_at: Annotated[Instant, Parameter(help="Of a plan: when it is to start.")] = None,
    start_before: Annotated[Instant, Parameter(help="Of a plan: when it is too late to start.")] = None,
    after: Annotated[
        list[int] | None, Plain, Parameter(help="Of a plan: a run that must succeed first; may be given several times.")
    ] = None,
    reason: ReasonOption = "",
    session: Given,
) -> None:
    """Run a slot now, or a definition or a plan once.

    A slot that has not run yet starts whatever it waits for. A definition runs once beside its slots, for a period
    that you choose, and without retries. A plan is planned here, and stored with all its steps before any of it runs;
    one that starts later is planned by an agent.
    """
    plan_options = TriggerOptions(start_at=start_at, start_before=start_before, after=tuple(after or ()))
    with opened(session, create=True) as world:
        by = find_person()
        if ":" in target and "/" not in target:
            _refuse_options("a plan is given its --input alone", account, start, end, param)
            started = _trigger_plan(world, target, given, plan_options, by=by, reason=reason)
        elif "/" not in target:
            _refuse_options("these options are for plans", given, start_at, start_before, after)
            parameters = dict(pair.split("=", 1) for pair in param or ())
            started = starting.trigger_once(
                world, target, by=by, reason=reason, account=account, parameters=parameters, start=start, end=end
            )
        else:
            _refuse_options("a slot has its account and period already", account, start, end, param)
            _refuse_options("these options are for plans", given, start_at, start_before, after)
            started = starting.trigger_slot(world, target, by=by, reason=reason)
    _answer_started(session, started)


def retry(target: Target, /, *, reason: ReasonOption = "", session: Given) -> None:
    """Give a failed slot another attempt.

    The slot starts its attempts anew. One that waits for its next attempt makes it now.
    """
    with opened(session) as world:
        started = starting.retry(world, target, by=find_person(), reason=reason)
    _answer_started(session, started)


def rerun(
    target: Target,
    /,
    *,
    downstream: Annotated[
        bool, Flag, Parameter(help="Run again after it what was made from it, and what was made from that.")
    ] = False,
    reason: ReasonOption = "",
    session: Given,
) -> None:
    """Run a slot again that has succeeded.

    What depends on it and has not run yet waits for it. What has run already does not run again, unless you ask for
    that: then each slot downstream waits as its start policy says, and those of later periods follow where a
    definition reads what it wrote before. What was cancelled stays so.
    """
    with opened(session) as world:
        started = starting.rerun(world, target, by=find_person(), reason=reason, downstream=downstream)
    _answer_started(session, started)
    if started.downstream and not session.json:
        runs = "runs" if len(started.downstream) == 1 else "run"
        session.answer([f"After it {starting.describe_downstream(started)} {runs} again: ostinato explain SLOT"])


def accept(target: Target, /, *, reason: ReasonOption = "", session: Given) -> None:
    """Let a slot count as done that failed or was cancelled.

    It ends with a warning, and what waits for it goes on. How its attempts ended stays on record.
    """
    with opened(session) as world:
        slot = accepting.accept(world, target, by=find_person(), reason=reason)
    if session.json:
        session.answer_json(shapes.accepted(slot))
    else:
        session.answer([f"{slot.name} counts as done; what waits for it goes on."])


def note(
    target: Annotated[str, Parameter(help="The name of a slot, or the number of a run.")],
    text: Annotated[str, Parameter(help="What others are to know.")],
    /,
    *,
    session: Given,
) -> None:
    """Note something down about a slot or a run.

    It stands in the audit log with your name, and on the pages of the slot and the run.
    """
    with opened(session) as world:
        noted = noting.note(world, target, text, by=find_person())
    if session.json:
        session.answer_json(shapes.noted(noted))
    else:
        session.answer([f"Noted about {noted.target}."])


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
    elif run.agent:
        session.answer([f"Agent {run.agent} was asked to end run {run.id} of {name_of(run)}: ostinato show {run.id}"])
    else:
        session.answer([f"The agent that takes up run {run.id} of {name_of(run)} ends it: ostinato show {run.id}"])
    if cancelled.children and not session.json:
        session.answer([f"So it is with {count(cancelled.children, 'run')} that it has started."])


def pause(kind: KindArgument, name: NameArgument, /, *, reason: ReasonOption = "", session: Given) -> None:
    """Let nothing of an account or definition start.

    What runs already goes on to its end.
    """
    with opened(session) as world:
        paused = pausing.pause(world, kind, name, by=find_person(), reason=reason)
    _answer_pausing(session, paused)


def resume(
    what: Annotated[str, Parameter(help="The number of a run, a slot for its present run, or account or definition.")],
    name: Annotated[str | None, Parameter(help="The name of the account or definition.")] = None,
    /,
    *,
    reason: ReasonOption = "",
    session: Given,
) -> None:
    """Let a paused run go on, or an account or definition.

    The failed steps of a run are tried again; those that succeeded are not. `ostinato resume account NAME` and
    `ostinato resume definition NAME` undo `ostinato pause`.
    """
    if name is None and what in list(Pausable):
        raise NotPossible(f"which {what} is meant?", hint=f"write ostinato resume {what} NAME")
    if name is not None and what not in list(Pausable):
        raise NotPossible(f"a run has one name, and not {what} {name}", hint=f"write ostinato resume {what}")
    with opened(session) as world:
        if name is None:
            _answer_resumed(session, steering.resume(world, what, by=find_person(), reason=reason))
        else:
            _answer_pausing(session, pausing.resume(world, Pausable(what), name, by=find_person(), reason=reason))


def _trigger_plan(
    world: World, target: str, given: Any, options: TriggerOptions, *, by: Person, reason: str
) -> Started:
    arguments = {} if given is None else given
    if not isinstance(arguments, dict):
        raise NotPossible("the input of a plan is a JSON object", hint='write --input \'{"day": "2026-01-31"}\'')
    triggered = trigger_plan(world, target, (), arguments, by=by, options=options, reason=reason)
    run, error = triggered.run, triggered.error
    if error is not None:
        raise RunFailed(f"{run.work} cannot be planned: {error!r}", run=run.id, status=run.status)
    return Started(run, triggered.claim)


def _refuse_options(why: str, *given: object) -> None:
    """Refuse options that are not for what is named."""
    if any(option is not None for option in given):
        raise NotPossible(why, hint="which options are for what: ostinato trigger --help")


def _answer_resumed(session: Session, resumed: Resumed) -> None:
    if session.json:
        session.answer_json(plan_shapes.resumed(resumed))
        return
    again = f" It tries again: {', '.join(resumed.steps)}." if resumed.steps else ""
    session.answer([f"Run {resumed.run.id} of {name_of(resumed.run)} goes on.{again}"])
    _answer_gate(session, resumed.claim)


def _answer_started(session: Session, started: Started) -> None:
    if session.json:
        session.answer_json(shapes.started(started))
        return
    session.answer([f"Run {started.run.id} of {name_of(started.run)} waits for an agent."])
    _answer_gate(session, started.claim)


def _answer_gate(session: Session, claim: Verdict) -> None:
    """Say what stands against a run that is to go on, if anything does."""
    gate = claim.blocking
    if gate is not None:
        session.answer([Text.assemble("Not yet: ", (gate.reason, "yellow"), ".")])
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
