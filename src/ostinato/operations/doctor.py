"""Looking for what is wrong with an installation: one check after another, each with what it means and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from ostinato.clock import Clock, SystemClock
from ostinato.durations import format_duration
from ostinato.errors import DeclarationError, NoDatabase, OstinatoError, SchemaMismatch
from ostinato.operations.declaring import read_sources
from ostinato.operations.repairing import SEEN_TO_BY_ENGINE, look_since, prescribe
from ostinato.policies.liveness import is_engine_late
from ostinato.store import health, journal
from ostinato.store.breaches import Offence
from ostinato.store.database import Tx
from ostinato.store.guards import list_missing_guards
from ostinato.store.invariants import INVARIANTS, Invariant
from ostinato.store.versioning import check_version, read_version
from ostinato.world import World, open_world

TOLERATED_SKEW = timedelta(seconds=5)
LOW_SPACE = 1_000_000_000
LEAST_SPACE = 100_000_000
_MEGABYTE = 1_000_000


class Health(StrEnum):
    """What a check found. ``warning`` works and may not for long; ``broken`` does not work, or not as promised."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was looked at, what was found, what that means, and what to do about it.

    ``remedies`` are what mends it, one thing that was found after the other.
    """

    name: str
    health: Health
    found: str
    means: str = ""
    hint: str = ""
    remedies: tuple[str, ...] = ()


def examine_project(config_file: Path) -> list[Check]:
    """Check a project from its file on, also where that cannot be read or its database cannot be opened."""
    try:
        world = open_world(config_file, create=False, check_schema=False)
    except OstinatoError as error:
        return [_broken("configuration", error, "nothing of the project can be used")]
    try:
        return [Check("configuration", Health.OK, f"{config_file} is sound"), *examine(world)]
    finally:
        world.close()


def examine(world: World, *, machine: Clock | None = None) -> list[Check]:
    """Check all that a project needs: its database, clocks, disks and sources, and the rows against the invariants.

    Nothing is changed. Where the database cannot be used, the checks that need it are left out. ``machine`` is the
    clock of this machine.
    """
    checks: list[Check] = []
    try:
        with world.store.read() as tx:
            checks.append(_check_database(tx, world))
            checks.append(schema := _check_schema(tx, world))
            checks += _check_sqlite(tx, world)
            checks += _check_clock(tx, machine or SystemClock())
            if schema.health is Health.OK:
                checks.append(_check_guards(tx))
                checks += _check_invariants(tx, world)
    except OstinatoError as error:
        checks.append(_broken("database", error, "no engine and no agent can work"))
    return [*checks, *_check_space(world), *_check_sources(world)]


def _check_database(tx: Tx, world: World) -> Check:
    return Check("database", Health.OK, f"{world.store.location} answers ({health.read_server_version(tx)})")


def _check_schema(tx: Tx, world: World) -> Check:
    version = read_version(tx)
    try:
        check_version(version, world.store.location)
    except (SchemaMismatch, NoDatabase) as error:
        return _broken("schema", error, "this program cannot work with the database")
    return Check("schema", Health.OK, f"schema {version} is the one this program needs")


def _check_sqlite(tx: Tx, world: World) -> Iterator[Check]:
    sqlite = health.read_sqlite_health(world.store, tx)
    if sqlite is not None:
        yield from judge_sqlite(sqlite)


def judge_sqlite(sqlite: health.SqliteHealth) -> Iterator[Check]:
    """Judge the version of SQLite, and how the file keeps its journal."""
    if sqlite.wal_reset_bug:
        yield Check(
            "SQLite version",
            Health.WARNING,
            f"SQLite {sqlite.version} has the WAL-reset bug",
            means="where several processes write at once, the file may be damaged; it is rare",
            hint="install pysqlite3, which brings SQLite 3.51.3 or newer, or use PostgreSQL",
        )
    else:
        yield Check("SQLite version", Health.OK, f"SQLite {sqlite.version} is free of the WAL-reset bug")
    if sqlite.journal_mode == "wal":
        yield Check("SQLite journal", Health.OK, "the file is in WAL mode")
    else:
        yield Check(
            "SQLite journal",
            Health.BROKEN,
            f"the file is in {sqlite.journal_mode} mode, not in WAL mode",
            means="writers and readers keep each other waiting, and everything is slow",
            hint="put the file on a disk of this machine: network file systems cannot hold it",
        )


def _check_clock(tx: Tx, machine: Clock) -> Iterator[Check]:
    there = health.read_clock(tx)
    if there is not None:
        yield judge_skew(machine.now() - there)


def judge_skew(skew: timedelta) -> Check:
    """Judge how far the clock of this machine is ahead of the database's."""
    if abs(skew) <= TOLERATED_SKEW:
        return Check("clock", Health.OK, "the clock of this machine and that of the database agree")
    where = "ahead of" if skew > timedelta(0) else "behind"
    return Check(
        "clock",
        Health.WARNING,
        f"the clock of this machine is {format_duration(abs(skew))} {where} that of the database",
        means="Ostinato goes by the database's clock, so times in logs differ from those it shows",
        hint="have both machines set their clocks by the network (NTP)",
    )


def _check_space(world: World) -> Iterator[Check]:
    folders = {"space for logs": world.config.logs_folder}
    if world.store.dialect == "sqlite" and world.store.url.database:
        folders["space for the database"] = Path(world.store.url.database).parent
    for name, folder in folders.items():
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        free = shutil.disk_usage(there).free
        yield judge_space(name, there, free)


def judge_space(name: str, folder: Path, free: int) -> Check:
    """Judge the ``free`` bytes of the disk that ``folder`` is on."""
    found = f"{free // _MEGABYTE} MB are free for {folder}"
    if free >= LOW_SPACE:
        return Check(name, Health.OK, found)
    means = "when the disk is full, runs fail and nothing can be recorded"
    hint = "make room, or move it to another disk"
    return Check(name, Health.BROKEN if free < LEAST_SPACE else Health.WARNING, found, means, hint)


def _check_sources(world: World) -> Iterator[Check]:
    means = "what it declared last stays in force; changes to it are not followed"
    try:
        desired = read_sources(world)
    except DeclarationError as error:
        yield _broken("sources", error, "no source can be loaded, so nothing that is declared is followed")
        return
    for kind, loads in (("account", desired.accounts), ("definition", desired.definitions)):
        for load in loads:
            name = f"{kind} source {load.source}"
            if load.error:
                yield Check(name, Health.BROKEN, load.error, means, hint="see: ostinato validate")
            else:
                rows = "1 row" if len(load.rows) == 1 else f"{len(load.rows)} rows"
                yield Check(name, Health.OK, f"it declares {rows}")


def _check_invariants(tx: Tx, world: World) -> Iterator[Check]:
    since = look_since(tx, world)
    last = next(iter(journal.list_passes(tx, limit=1)), None)
    asleep = is_engine_late(last, interval=world.config.engine.interval, now=world.clock.now())
    for invariant in INVARIANTS:
        yield _judge(invariant, invariant.find_offences(tx, since), asleep=asleep)


def _check_guards(tx: Tx) -> Check:
    missing = list_missing_guards(tx)
    if not missing:
        return Check("guards", Health.OK, "the database refuses what no program may do")
    return Check(
        "guards",
        Health.BROKEN,
        f"somebody has taken away: {', '.join(map(str, missing))}",
        means="the database does not refuse what no program may do, and a mistake breaks more than it should",
        hint="to put them back: ostinato doctor --repair",
    )


def _judge(invariant: Invariant, offences: Sequence[Offence], *, asleep: bool) -> Check:
    name = f"invariant {invariant.number}"
    if not offences:
        return Check(name, Health.OK, invariant.holds)
    found = "; ".join(map(str, offences))
    if asleep and all(offence.breach in SEEN_TO_BY_ENGINE for offence in offences):
        means = f"not true at present: {invariant.holds}; no engine is at work that would see to it"
        return Check(name, Health.WARNING, found, means, hint="start one: ostinato engine --forever, or ostinato up")
    return Check(
        name,
        Health.BROKEN,
        found,
        means=f"this should never be: {invariant.holds}",
        hint="it is a bug in Ostinato, or somebody has changed the database by hand; please report it",
        remedies=tuple(dict.fromkeys(map(prescribe, offences))),
    )


def _broken(name: str, error: OstinatoError, means: str) -> Check:
    return Check(name, Health.BROKEN, error.message, means, error.hint)
