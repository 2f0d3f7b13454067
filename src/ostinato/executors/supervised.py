"""The commands of an agent, as the agent sees them: carried out by supervisors, its own and those that it found.

It starts a supervisor when the first command is to begin. Those that predecessors left go on with what they have.
Where a supervisor was killed, what lives of its commands is killed as well; only then are they told as lost.
"""

from __future__ import annotations

import math
import os
import selectors
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

import structlog

from ostinato.executors.commands import COMMAND_VARIABLE, Command, Key
from ostinato.executors.executor import Ended
from ostinato.executors.links import SETTLE_SECONDS, Link, SupervisorSettings
from ostinato.executors.logs import seal_log
from ostinato.executors.outcomes import conclude
from ostinato.executors.records import (
    CommandRecord,
    list_supervisor_folders,
    make_supervisor_folder,
    read_record,
)
from ostinato.executors.wire import Message, describe_command
from ostinato.model.evidence import EndKind, Evidence

log = structlog.get_logger()


class Stage(Enum):
    """Where a command stands for its agent: not adopted, its end not told yet, or told and not on record yet."""

    LEFT = auto()
    UNDER_WAY = auto()
    TOLD = auto()


@dataclass(slots=True)
class _Known:
    link: Link
    record: CommandRecord
    stage: Stage
    is_unwanted: bool = False


class SupervisedCommands:
    """The commands of one agent. To be used by one thread. Supervisors keep their folders in ``folder``."""

    def __init__(self, selector: selectors.BaseSelector, *, folder: Path, settings: SupervisorSettings) -> None:
        self._selector = selector
        self._folder = folder
        self._settings = settings
        self._agent = ""
        self._own: Link | None = None
        self._links: list[Link] = []
        self._known: dict[Key, _Known] = {}
        self._ended: list[Ended] = []

    def __len__(self) -> int:
        return sum(known.stage is Stage.UNDER_WAY for known in self._known.values()) + len(self._ended)

    # --- what predecessors left --------------------------------------------------------------------------------------

    def open(self, agent: str) -> None:
        """Look for what predecessors of this name have left. ``NotPossible`` where something cannot be ended."""
        self._agent = agent
        for folder in list_supervisor_folders(self._folder / agent):
            link = Link(folder, self._selector, self._take_message)
            self._links.append(link)
            if not link.greet():
                link.settle_now()
                for record in folder.list_records():
                    if record.end is not None:
                        self._take_in(link, record)
                    else:
                        _seal(record)
        self._drop_idle_links()

    def list_left(self) -> dict[Key, int]:
        """List the commands that are not adopted, each with the number of its try."""
        return {key: known.record.try_number for key, known in self._known.items() if known.stage is Stage.LEFT}

    def adopt(self, key: Key) -> bool:
        """Go on with a command that a predecessor left."""
        known = self._known.get(key)
        if known is None or known.stage is not Stage.LEFT:
            return False
        known.stage = Stage.UNDER_WAY
        self._tell_if_ended(known)
        return True

    # --- commands ----------------------------------------------------------------------------------------------------

    def start(self, command: Command) -> None:
        """Begin a command. That of the same key which was told to have ended is on record, then."""
        key, known = command.key, self._known.get(command.key)
        if known is not None and known.record.end is None:
            raise ValueError(f"step {key[1]} of run {key[0]} is being carried out already")
        if known is not None:
            self._drop(known)
        record = CommandRecord(key, command.try_number, Path(os.path.abspath(command.log)))  # noqa: PTH100
        try:
            link = self._ensure_supervisor()
        except (OSError, subprocess.SubprocessError) as error:
            message = f"not started: the supervisor of commands cannot be started: {error}"
            self._ended.append(conclude(key, Evidence(EndKind.NOT_STARTED, message), record.output))
            return
        self._known[key] = _Known(link, record, Stage.UNDER_WAY)
        marked = {**command.environment, COMMAND_VARIABLE: link.name_next_command()}
        said = describe_command(replace(command, environment=marked))
        link.send(do="start", command=said)

    def end(self, key: Key, kind: EndKind, why: str) -> None:
        """Ask a command to end, and have it made to; one that has ended or was asked is left alone."""
        known = self._known.get(key)
        if known is not None and known.stage is Stage.UNDER_WAY:
            known.link.send(do="end", key=key, kind=kind, why=why)

    def kill(self, key: Key, kind: EndKind, why: str) -> None:
        """End a command at once. One that a predecessor left and that has ended is forgotten."""
        known = self._known.get(key)
        if known is None or known.stage is Stage.TOLD:
            return
        if known.stage is Stage.LEFT:
            if known.record.end is not None:
                self._drop(known)
                return
            known.stage, known.is_unwanted = Stage.UNDER_WAY, True
        known.link.send(do="kill", key=key, kind=kind, why=why)

    def forget(self, key: Key) -> None:
        """Throw away what is kept of a command whose end was told."""
        known = self._known.get(key)
        if known is not None and known.stage is Stage.TOLD:
            self._drop(known)

    def look_after(self) -> list[Ended]:
        """Return what became of the commands that have ended since."""
        for link in list(self._links):
            if not link.is_alive and not link.is_settled and link.settle():
                self._bury(link)
        ended, self._ended = self._ended, []
        return ended

    def seconds_until_due(self) -> float:
        """Return how soon ``look_after`` has something to do though no descriptor says so."""
        if self._ended:
            return 0.0
        is_settling = any(not link.is_alive and not link.is_settled for link in self._links)
        return SETTLE_SECONDS if is_settling else math.inf

    def leave(self) -> None:
        """Let go of all commands: they go on."""
        for link in self._links:
            link.hang_up()
        self._let_go()

    def close(self) -> None:
        """Kill all that is under way, without a word about it."""
        for link in self._links:
            if not link.finish():
                log.warning("supervisor_not_gone", agent=self._agent, folder=str(link.folder.path))
            elif not link.folder.list_records():
                link.folder.remove_all()
        self._let_go()

    # --- supervisors -------------------------------------------------------------------------------------------------

    def _ensure_supervisor(self) -> Link:
        if not self._agent:
            raise RuntimeError("an executor must be opened before it is given commands")
        if self._own is None or not self._own.is_alive:
            self._own = Link(make_supervisor_folder(self._folder / self._agent), self._selector, self._take_message)
            self._own.start(self._settings)
            self._links.append(self._own)
        return self._own

    def _take_message(self, link: Link, message: Message) -> None:
        match message["say"]:
            case "here":
                for said in message["commands"]:
                    self._take_in(link, read_record(said))
            case "ended":
                self._note_end(link, read_record(message["command"]))
            case "warning":
                log.warning(message["event"], agent=self._agent, **message["details"])

    def _take_in(self, link: Link, record: CommandRecord) -> None:
        """Take note of a command that a predecessor left. Of two tries of a step only the later is not on record."""
        known = self._known.get(record.key)
        if known is not None and known.record.try_number > record.try_number:
            link.forget(record)
            return
        if known is not None:
            known.link.forget(known.record)
        self._known[record.key] = _Known(link, record, Stage.LEFT)

    def _note_end(self, link: Link, record: CommandRecord) -> None:
        known = self._known.get(record.key)
        if known is None or known.link is not link:
            link.forget(record)
            return
        known.record = record
        if known.stage is Stage.UNDER_WAY:
            self._tell_if_ended(known)

    def _tell_if_ended(self, known: _Known) -> None:
        record = known.record
        if record.end is None:
            return
        known.stage = Stage.TOLD
        self._ended.append(conclude(record.key, record.end, record.output))
        if known.is_unwanted:
            self._drop(known)

    def _bury(self, link: Link) -> None:
        """Tell what became of the commands of a supervisor that is dead. What it wrote down before, it is."""
        log.info("supervisor_gone", agent=self._agent, errors=link.folder.read_errors())
        ends = [record for record in link.folder.list_records() if record.end is not None]
        written = {(record.key, record.try_number): record for record in ends}
        lost = Evidence(EndKind.LOST, "its supervisor was killed")
        for known in [known for known in self._known.values() if known.link is link and known.record.end is None]:
            key = known.record.key
            ended = written.get((key, known.record.try_number))
            if ended is None:
                _seal(known.record)
                log.warning("command_lost", agent=self._agent, run=key[0], step=key[1])
            if ended is None and known.stage is Stage.LEFT:
                del self._known[key]
            else:
                self._note_end(link, ended or replace(known.record, end=lost))
        self._drop_idle_links()

    def _drop(self, known: _Known) -> None:
        """Have a command forgotten, and its supervisor too if it was the last one it had for us."""
        del self._known[known.record.key]
        known.link.forget(known.record)
        self._drop_idle_links()

    def _drop_idle_links(self) -> None:
        """Let go of supervisors that have nothing for us any more. Those that live end themselves."""
        busy = {id(known.link) for known in self._known.values()}
        for link in [link for link in self._links if id(link) not in busy]:
            if link.is_alive and link is self._own:
                continue
            if link.is_alive:
                link.hang_up()
            elif link.is_settled:
                link.folder.remove_all()
            else:
                continue
            self._links.remove(link)

    def _let_go(self) -> None:
        self._links.clear()
        self._known.clear()
        self._ended.clear()
        self._own = None


def _seal(record: CommandRecord) -> None:
    """Bring the log of a command that was lost into its final form."""
    with suppress(OSError):  # a log that is not sealed reads just the same
        seal_log(record.log)
