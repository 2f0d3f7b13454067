"""``ostinato drain``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ostinato.cli.options import Flag, Given, ReasonOption
from ostinato.cli.project import opened
from ostinato.cli.session import Session
from ostinato.cli.words import count
from ostinato.errors import NotPossible
from ostinato.operations import draining, shapes
from ostinato.operations.draining import Draining
from ostinato.operations.people import find_person
from ostinato.world import World

LOOK_EVERY_SECONDS = 0.5


def drain(
    agent: Annotated[str, Parameter(help="The name of the agent.")],
    /,
    *,
    wait: Annotated[bool, Flag, Parameter(help="Come back when it has nothing left.")] = False,
    undo: Annotated[bool, Flag, Parameter(help="Let it take runs again.")] = False,
    reason: ReasonOption = "",
    session: Given,
) -> None:
    """Have an agent take no more runs.

    It stays, and ends what it has begun; of a plan only the steps under way, after which another agent goes on with it.
    That holds until it is undone, also for an agent of this name that is started anew.
    """
    if undo and wait:
        raise NotPossible("there is nothing to wait for when draining is undone", hint="leave --wait out")
    with opened(session) as world:
        if undo:
            drained = draining.undo_drain(world, agent, by=find_person(), reason=reason)
        else:
            drained = draining.drain(world, agent, by=find_person(), reason=reason)
            drained = _wait(session, world, drained) if wait else drained
    if session.json:
        session.answer_json(shapes.draining(drained))
    else:
        session.answer([_describe(drained)])


def _wait(session: Session, world: World, drained: Draining) -> Draining:
    """Look until the agent has nothing left, and say how much there is whenever that has changed."""
    told: int | None = None
    while not drained.is_over:
        if told != drained.agent.running:
            told = drained.agent.running
            session.tell(f"Agent {drained.agent.name} still has {count(told, 'run')}.")
        world.clock.sleep(LOOK_EVERY_SECONDS)
        drained = draining.look_at_drain(world, drained.agent.name)
        if not drained.agent.is_to_drain:
            raise NotPossible(f"somebody has let agent {drained.agent.name} take runs again")
    return drained


def _describe(drained: Draining) -> str:
    agent = drained.agent
    if not agent.is_to_drain:
        return f"Agent {agent.name} takes runs again."
    if drained.is_over:
        gone = "" if drained.alive else " It is not at work; when it is started again, it takes no runs."
        return f"Agent {agent.name} has nothing left, until: ostinato drain {agent.name} --undo.{gone}"
    left = f"; it still has {count(agent.running, 'run')}" if agent.running else ""
    return f"Agent {agent.name} takes no more runs{left}. How it stands: ostinato status"
