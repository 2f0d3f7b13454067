"""What exactly was started for a step: its arguments and environment, and how to start the same by hand."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ostinato.errors import NotPossible, UnresolvedReference
from ostinato.executors.building import build_command
from ostinato.executors.commands import AGENT_VARIABLE, OUTPUT_VARIABLE, PROJECT_VARIABLE, Command
from ostinato.model.runs import ClaimedRun
from ostinato.model.steps import COMMAND, Step
from ostinato.model.work import WorkItem, WorkKind
from ostinato.operations.masking import is_secret, mask_arguments, mask_environment
from ostinato.operations.names import get_run, name_run
from ostinato.operations.plans import PlanDetails, pick_step, show_plan
from ostinato.store.claims import list_claimed_runs
from ostinato.world import World

_ITS_OWN = frozenset({AGENT_VARIABLE, PROJECT_VARIABLE, OUTPUT_VARIABLE})
"""What marks the processes of an agent, which ends those that it does not know, and where the run's output goes."""


@dataclass(frozen=True, slots=True)
class ShownCommand:
    """A command as it was started, or would be now, without secrets.

    ``environment`` is what it is given beside that of its agent. ``reproduce`` starts the same from a shell, on the
    machine of its agent: it is not taken for a process of that, and leaves the output of the run alone. Secrets are
    taken from the environment of that shell.
    """

    step: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    working_directory: Path
    reproduce: str


def show_command(world: World, run_id: int, *, step: str | None = None) -> ShownCommand:
    """Return the command of a run, or of one of its steps by name or number.

    ``NotPossible`` for what is not a command or has not begun, and where several steps are and none is named.
    """
    plan = show_plan(world, run_id)
    chosen = _choose_step(plan, step)
    command = _build(world, _get_claimed(world, run_id), plan, chosen)
    return ShownCommand(
        step=chosen.name,
        arguments=tuple(mask_arguments(command.arguments, command.environment)),
        environment=mask_environment(command.environment),
        working_directory=command.working_directory,
        reproduce=_reproduce(command),
    )


def _choose_step(plan: PlanDetails, which: str | None) -> Step:
    name = name_run(plan.run)
    if which is not None:
        step = pick_step(plan, which).row.step
        if step.action != COMMAND:
            raise NotPossible(f"step {step.name} of {name} is no command: it is {step.action}")
        return step
    commands = [shown.row.step for shown in plan.steps if shown.row.step.action == COMMAND]
    match commands:
        case [step]:
            return step
        case []:
            hint = f"what it does: ostinato show {plan.run.id}"
            raise NotPossible(
                f"{name} has no command{'' if plan.steps else ' yet'}: it is {plan.run.status}", hint=hint
            )
    raise NotPossible(f"{name} has {len(commands)} commands", hint="name the step that is meant")


def _get_claimed(world: World, run_id: int) -> ClaimedRun:
    with world.store.read() as tx:
        run = get_run(tx, run_id)
        if run.claimed_at is None:
            raise NotPossible(f"{name_run(run)} has not begun: it is {run.status}", hint="it has a command when it has")
        return list_claimed_runs(tx, [run_id])[0]


def _build(world: World, run: ClaimedRun, plan: PlanDetails, step: Step) -> Command:
    outputs = {shown.row.step.number: shown.row.step.output for shown in plan.steps}
    item = WorkItem(run.id, WorkKind.RUN, step, step.queue or run.queue, outputs=outputs)
    try:
        return build_command(
            run,
            item,
            agent=plan.run.agent or "",
            project=world.config.folder,
            logs=world.config.logs_folder,
            is_only_step=run.definition is not None and bool(run.definition.command),
            inherited={},
        )
    except (ValueError, UnresolvedReference) as error:
        raise NotPossible(f"step {step.name} cannot be made a command: {error}") from None


def _reproduce(command: Command) -> str:
    """Write what starts the same from a shell. What is secret is to be in the environment of that."""
    path, *_ = command.environment["PATH"].split(":", 1)
    given = {name: value for name, value in command.environment.items() if name not in _ITS_OWN | {"PATH"}}
    shown = mask_environment(given)
    variables = [
        f'{name}="${{{name}:?}}"' if is_secret(name) else f"{name}={shlex.quote(shown[name])}" for name in given
    ]
    arguments = shlex.join(mask_arguments(command.arguments, command.environment))
    return " ".join(
        [
            f"cd {shlex.quote(str(command.working_directory))} &&",
            f'env PATH={shlex.quote(path)}:"$PATH"',
            *variables,
            arguments,
        ]
    )
