"""The supervisor: it carries out commands for an agent, and outlives it.

A program of its own, with one thread, in a session of its own. It starts commands, keeps their logs, enforces their
time limits, ends them, finds what they leave behind, and keeps how they ended until an agent has that on record. It
knows no runs and no store, and imports little: it may live long, beside an agent of another version.

It serves one agent at a time. A successor is heard when all is done that its predecessor asked for.
"""

from __future__ import annotations

import json
import math
import os
import selectors
import signal
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from ostinato.clock import SystemClock
from ostinato.durations import format_duration
from ostinato.executors.commands import Key
from ostinato.executors.kernel import open_exit_watch
from ostinato.executors.logs import discard_output
from ostinato.executors.processes import Processes
from ostinato.executors.records import CommandRecord, SupervisorFolder
from ostinato.executors.strays import adopt_strays, read_process
from ostinato.executors.wire import Connection, Message, read_command
from ostinato.model.evidence import EndKind, Evidence

VERSION = 1
RETRY_SECONDS = 2.0
"""How long to wait before an end is written again that the disk did not take."""
LONGEST_PAUSE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class SupervisorOptions:
    """What a supervisor is told when it is started. Spans are in seconds.

    ``lock``, ``listener`` and ``channel`` are descriptors: of the lock that proves its life, the socket at which
    successors of the agent knock, and the end of the conversation with the agent whose process is ``agent``.
    """

    folder: str
    lock: int
    listener: int
    channel: int
    agent: int
    log_size: int
    kill_after: float
    orphan_timeout: float

    def to_text(self) -> str:
        """Return the options as the program reads them."""
        return json.dumps(asdict(self))


class Supervisor:
    """The commands of one agent, and the conversation with it."""

    def __init__(self, options: SupervisorOptions) -> None:
        self._clock = SystemClock()
        self._folder = SupervisorFolder(Path(options.folder))
        self._orphan_timeout = options.orphan_timeout
        self._selector = selectors.DefaultSelector()
        self._strays = adopt_strays()
        self._processes = Processes(
            self._clock,
            self._selector,
            log_size=options.log_size,
            warn=self._warn,
            kill_after=timedelta(seconds=options.kill_after),
            strays=self._strays,
        )
        self._records: dict[Key, CommandRecord] = {}
        self._unwritten: set[Key] = set()
        self._write_at = math.inf
        self._agent: Connection | None = None
        self._agent_watch: int | None = None
        self._orphan_at = math.inf
        self._is_orphan = self._is_stopping = self._is_closing = False
        self._listener = socket.socket(fileno=options.listener)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._serve(self._connect(socket.socket(fileno=options.channel)), options.agent)

    def run(self) -> None:
        """Serve until nobody needs it any more."""
        self._heed_signals()
        while not self._is_done():
            pause = min(self._seconds_until_due(), self._processes.seconds_until_due(), LONGEST_PAUSE_SECONDS)
            for key, _ in self._selector.select(pause):
                key.data()
            for command, evidence in self._processes.look_after():
                self._note_end(command.key, evidence)
            self._do_what_is_due()
        self._finish()

    # --- commands ----------------------------------------------------------------------------------------------------

    def _start(self, message: Message) -> None:
        """Begin a command. Asked twice, it begins once."""
        command = read_command(message["command"])
        known = self._records.get(command.key)
        if known is not None and (known.end is None or known.try_number == command.try_number):
            return
        record = self._records[command.key] = CommandRecord(command.key, command.try_number, command.log)
        if self._is_stopping:
            self._note_end(command.key, Evidence(EndKind.STOPPED, "not started: its supervisor was told to end"))
            return
        pid = self._processes.start(command)
        if pid is not None:
            process = read_process(pid)
            started = None if process is None else process.started
            self._records[command.key] = replace(record, pid=pid, started=started)
            with suppress(OSError):  # it says where to look for processes if this one is killed; they bear marks, too
                self._folder.write(self._records[command.key])

    def _note_end(self, key: Key, evidence: Evidence) -> None:
        if self._is_closing and evidence.kind is EndKind.STOPPED:
            self._drop(key)
            return
        record = self._records[key] = replace(self._records[key], end=evidence)
        self._write(record)
        if self._agent is not None:
            self._agent.send(say="ended", command=record.to_json())

    def _write(self, record: CommandRecord) -> None:
        """Write an end down, or have that done again as long as the disk does not take it."""
        try:
            self._folder.write(record)
        except OSError as error:
            self._unwritten.add(record.key)
            self._write_at = self._clock.monotonic() + RETRY_SECONDS
            self._warn("end_not_written", run=record.key[0], step=record.key[1], error=str(error))

    def _forget(self, key: Key) -> None:
        if key in self._records and self._records[key].end is not None:
            self._drop(key)

    def _drop(self, key: Key) -> None:
        record = self._records.pop(key)
        self._unwritten.discard(key)
        with suppress(ValueError):  # whoever begins this step again removes it, or says why not
            discard_output(record.output)
        self._folder.remove(key)

    # --- the agent ---------------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        with suppress(OSError):  # whoever knocked is gone again
            self._connect(self._listener.accept()[0])

    def _connect(self, channel: socket.socket) -> Connection:
        connection: Connection
        connection = Connection(
            channel,
            self._selector,
            on_message=lambda message: self._heed(connection, message),
            on_end=lambda: self._lose(connection),
        )
        return connection

    def _heed(self, connection: Connection, message: Message) -> None:
        key = (message["key"][0], message["key"][1]) if "key" in message else (0, 0)
        match message["do"]:
            case "hello":
                self._welcome(connection, message)
            case "start":
                self._start(message)
            case "end":
                self._processes.end(key, EndKind(message["kind"]), message["why"])
            case "kill":
                self._processes.kill(key, EndKind(message["kind"]), message["why"])
            case "forget":
                self._forget(key)
            case "close":
                self._is_stopping = self._is_closing = True
                self._processes.kill_all(EndKind.STOPPED, "its agent ended")

    def _welcome(self, connection: Connection, message: Message) -> None:
        """Serve a successor, once all is done that its predecessor, which is dead, has asked for."""
        if self._agent is not None and self._agent is not connection:
            self._agent.heed()
        self._drop_agent()
        self._serve(connection, message["pid"])
        connection.send(say="here", version=VERSION, commands=[record.to_json() for record in self._records.values()])

    def _serve(self, connection: Connection, agent: int) -> None:
        """Have a connection be the agent's. Its end may come late if the agent left a fork of itself: watch it, too."""
        self._agent, self._orphan_at, self._is_orphan = connection, math.inf, False
        self._agent_watch = watch = open_exit_watch(agent)
        if watch is not None:
            self._selector.register(watch, selectors.EVENT_READ, partial(self._see_agent_die, connection))

    def _see_agent_die(self, connection: Connection) -> None:
        connection.heed()
        if self._agent is connection:
            self._drop_agent()

    def _lose(self, connection: Connection) -> None:
        if self._agent is connection:
            self._drop_agent()

    def _drop_agent(self) -> None:
        if self._agent is not None:
            self._agent.close()
            self._agent = None
            self._orphan_at = self._clock.monotonic() + self._orphan_timeout
        if self._agent_watch is not None:
            self._selector.unregister(self._agent_watch)
            os.close(self._agent_watch)
            self._agent_watch = None

    def _warn(self, event: str, **details: object) -> None:
        if self._agent is not None:
            self._agent.send(say="warning", event=event, details=details)

    # --- time and signals --------------------------------------------------------------------------------------------

    def _heed_signals(self) -> None:
        """Be woken by signals. None is ignored: commands would inherit that."""
        waker, woken = socket.socketpair()
        waker.setblocking(False)
        woken.setblocking(False)
        self._selector.register(woken, selectors.EVENT_READ, partial(self._heed_children, woken))
        signal.set_wakeup_fd(waker.detach(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGTERM, self._note_sigterm)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def _heed_children(self, woken: socket.socket) -> None:
        woken.recv(4096)
        self._strays.reap()

    def _note_sigterm(self, *_: object) -> None:
        self._is_stopping = True  # a signal comes between any two lines: what follows from it is done later

    def _seconds_until_due(self) -> float:
        orphan_at = math.inf if self._is_orphan else self._orphan_at
        return max(0.0, min(orphan_at, self._write_at) - self._clock.monotonic())

    def _do_what_is_due(self) -> None:
        now = self._clock.monotonic()
        if self._is_stopping:
            self._processes.end_all(EndKind.STOPPED, "its supervisor was told to end")
        if now >= self._write_at:
            self._write_at = math.inf
            unwritten, self._unwritten = self._unwritten, set()
            for key in unwritten:
                self._write(self._records[key])
        if now >= self._orphan_at and not self._is_orphan:
            self._is_orphan = True
            span = format_duration(timedelta(seconds=self._orphan_timeout))
            self._processes.end_all(EndKind.LOST, f"no agent came back for it within {span}")

    def _is_done(self) -> bool:
        if len(self._processes) > 0:
            return False
        is_needed = self._agent is not None or (self._unwritten and not self._is_orphan)
        return self._is_stopping or not is_needed

    def _finish(self) -> None:
        """Leave nothing but ends that nobody has on record."""
        self._listener.close()
        if self._records:
            self._folder.socket.unlink(missing_ok=True)
        else:
            self._folder.remove_all()


def serve(options: str) -> None:
    """Be the supervisor that ``options`` describe."""
    given = SupervisorOptions(**json.loads(options))
    os.chdir("/")
    for descriptor in (given.lock, given.listener, given.channel):
        os.set_inheritable(descriptor, False)
    with suppress(OSError):  # it is of use only when this process hangs
        SupervisorFolder(Path(given.folder)).sign()
    Supervisor(given).run()
