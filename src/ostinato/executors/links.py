"""The agent's way to a supervisor: to start one, to find one that a predecessor left, and what to do when it dies."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from ostinato.clock import SystemClock
from ostinato.errors import NotPossible
from ostinato.executors.leftovers import kill_commands
from ostinato.executors.logs import discard_output
from ostinato.executors.records import CommandRecord, SupervisorFolder
from ostinato.executors.supervisor import SupervisorOptions
from ostinato.executors.wire import Connection, Message

ANSWER_SECONDS = 60.0
"""How long a supervisor that lives may take to answer, which a disk may delay, and one that has hung up to be gone."""
PATIENCE_SECONDS = 30.0
"""How long processes may take to be gone that are killed."""
SETTLE_SECONDS = 0.05
"""How long to wait before looking again whether something is gone."""
LONGEST_ADDRESS = 100
"""How many bytes the address of a socket may have. Systems allow a few more."""

_PROGRAM = Path(__file__).with_name("supervisor_program.py")


@dataclass(frozen=True, slots=True)
class SupervisorSettings:
    """What all supervisors of an agent are told. ``log_size`` is how many bytes of each log are kept."""

    log_size: int
    kill_after: timedelta
    orphan_timeout: timedelta


class Link:
    """One supervisor, as an agent sees it: while that lives, somebody to talk to; then what lies in its folder.

    ``on_message`` is called with the link and what the supervisor says.
    """

    def __init__(
        self,
        folder: SupervisorFolder,
        selector: selectors.BaseSelector,
        on_message: Callable[[Link, Message], None],
    ) -> None:
        self.folder = folder
        self.is_settled = False
        self._clock = SystemClock()  # processes take their time, whatever the agent's clock does
        self._selector = selector
        self._on_message = on_message
        self._connection: Connection | None = None
        self._is_welcome = False
        self._lost_at = self._clock.monotonic()
        self._starts = 0

    @property
    def is_alive(self) -> bool:
        """Tell whether the supervisor has not hung up."""
        return self._connection is not None

    def start(self, settings: SupervisorSettings) -> None:
        """Start the supervisor. ``OSError`` or ``SubprocessError`` where that is not possible."""
        self._connect(_launch(self.folder, settings))

    def greet(self) -> bool:
        """Be the agent whom the supervisor serves from now on; tell whether it has answered to that."""
        if not self.folder.is_locked():
            return False
        channel = socket.socket(socket.AF_UNIX)
        try:
            with _short(self.folder.socket) as address:
                channel.connect(address)
        except OSError:
            channel.close()
            return False
        self._connect(channel)
        self.send(do="hello", pid=os.getpid())
        self._wait(lambda: self._is_welcome, ANSWER_SECONDS)
        if not self._is_welcome:
            self.hang_up()
        return self._is_welcome

    def send(self, **message: Any) -> None:
        """Say something to the supervisor. One that has hung up does not hear it."""
        if self._connection is not None:
            self._connection.send(**message)

    def name_next_command(self) -> str:
        """Return a mark for the next command that is started here."""
        self._starts += 1
        return f"{self.folder.name}.{self._starts}"

    def forget(self, record: CommandRecord) -> None:
        """Throw away what is kept of a command that has ended."""
        if self.is_alive:
            self.send(do="forget", key=record.key)
            return
        with suppress(ValueError):  # whoever begins this step again removes it, or says why not
            discard_output(record.output)
        self.folder.remove(record.key)

    def hang_up(self) -> None:
        """Talk no more to the supervisor, which goes on as long as it has something to do."""
        if self._connection is not None:
            self._wait(lambda: self._connection is None or not self._connection.has_unsent, ANSWER_SECONDS)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def finish(self) -> bool:
        """End the supervisor with all it does, and wait for it to be gone; tell whether nothing is left of it."""
        self.send(do="close")
        self._wait(lambda: not self.is_alive, PATIENCE_SECONDS)
        self.hang_up()
        with suppress(NotPossible):
            self.settle_now()
        return self.is_settled

    def settle(self) -> bool:
        """Kill what is left of a supervisor that has hung up; tell whether nothing lives of it any more.

        To be asked again until it is so.
        """
        if not self.is_settled and (not self.folder.is_locked() or self._is_beyond_hope()):
            self.is_settled = not kill_commands(self.folder.name, self.folder.list_records())
        return self.is_settled

    def settle_now(self) -> None:
        """Wait until nothing lives of a supervisor that has hung up; ``NotPossible`` where something does not end."""
        give_up_at = self._clock.monotonic() + ANSWER_SECONDS + PATIENCE_SECONDS
        while not self.settle():
            if self._clock.monotonic() > give_up_at:
                raise NotPossible(
                    f"what a supervisor of commands left behind cannot be ended ({self.folder.path})",
                    hint="end its processes by hand, then start the agent again",
                )
            self._clock.sleep(SETTLE_SECONDS)

    def _is_beyond_hope(self) -> bool:
        """Tell whether a supervisor that does not let go of its lock for long is dead; kill it if it is not.

        If it is, the lock is held by something that was forked while it was handed over.
        """
        if self._clock.monotonic() < self._lost_at + ANSWER_SECONDS:
            return False
        holder = self.folder.find_holder()
        if holder is not None:
            with suppress(ProcessLookupError):
                os.kill(holder, signal.SIGKILL)
        return holder is None

    def _connect(self, channel: socket.socket) -> None:
        self._connection = Connection(
            channel,
            self._selector,
            on_message=self._take_message,
            on_end=self._note_end,
        )

    def _take_message(self, message: Message) -> None:
        self._is_welcome = self._is_welcome or message["say"] == "here"
        self._on_message(self, message)

    def _note_end(self) -> None:
        self._connection = None
        self._lost_at = self._clock.monotonic()

    def _wait(self, is_done: Callable[[], bool], seconds: float) -> None:
        """Wait, for a while, until something is so that the supervisor brings about."""
        give_up_at = self._clock.monotonic() + seconds
        while self._connection is not None and not is_done() and self._clock.monotonic() < give_up_at:
            self._connection.wait(SETTLE_SECONDS)


def _launch(folder: SupervisorFolder, settings: SupervisorSettings) -> socket.socket:
    """Start a supervisor; return our end of the conversation with it.

    It is given its lock, and the socket at which successors knock: so both are there before it is, and there is no
    moment at which it lives and cannot be found.
    """
    ours, theirs = socket.socketpair()
    listener = socket.socket(socket.AF_UNIX)
    lock = folder.lock()
    try:
        with _short(folder.socket) as address:
            listener.bind(address)
        listener.listen()
        options = SupervisorOptions(
            folder=str(folder.path),
            lock=lock,
            listener=listener.fileno(),
            channel=theirs.fileno(),
            agent=os.getpid(),
            log_size=settings.log_size,
            kill_after=settings.kill_after.total_seconds(),
            orphan_timeout=settings.orphan_timeout.total_seconds(),
        )
        _run_program(folder, options)
    except BaseException:
        ours.close()
        folder.remove_all()
        raise
    finally:
        os.close(lock)
        listener.close()
        theirs.close()
    return ours


def _run_program(folder: SupervisorFolder, options: SupervisorOptions) -> None:
    """Run the supervisor's program, which goes on when the process that is waited for here has ended."""
    utf8 = f"utf8={sys.flags.utf8_mode}"
    with folder.errors.open("wb") as errors:
        subprocess.run(
            [sys.executable, "-I", "-S", "-X", utf8, str(_PROGRAM), options.to_text()],
            pass_fds=(options.lock, options.listener, options.channel),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            check=True,
        )


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """Give a name for ``path`` that is short enough for the address of a socket, for as long as the block takes."""
    if len(os.fsencode(path)) <= LONGEST_ADDRESS:
        yield str(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder, "s")
        link.symlink_to(path.parent)
        yield str(link / path.name)
