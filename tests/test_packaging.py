from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
LOCK_FILES = sorted(ROOT.glob("requirements*.lock"))


def locked(lock_file: Path) -> list[Requirement]:
    """Read the packages that a lock file pins."""
    pins = re.findall(r"^(\w.*?) \\$", lock_file.read_text(), re.MULTILINE)
    return [Requirement(pin) for pin in pins]


def declared() -> list[Requirement]:
    """Read what pyproject.toml asks for: to run, with every extra, and to build."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = document["project"]
    extras, builders = project["optional-dependencies"].values(), document["dependency-groups"].values()
    lines = chain(project["dependencies"], *extras, *builders)
    return [Requirement(line) for line in lines if not line.startswith("ostinato[")]


def build_wheel(root: Path, folder: Path, **environment: str) -> tuple[set[str], str]:
    """Build the wheel of the sources at ``root``; return which files of the package are in it, and what was said."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(
        command, cwd=root, check=True, capture_output=True, text=True, env={**os.environ, **environment}
    )
    (wheel,) = folder.glob("*.whl")
    return {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("ostinato/")}, built.stderr


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    """Migrations, examples, the console and the type marker reach whoever installs it; no tool's leavings do."""
    packed, _ = build_wheel(ROOT, tmp_path)

    package = ROOT / "src" / "ostinato"
    source = {path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert packed == {path.relative_to(package.parent).as_posix() for path in source}
    assert "ostinato/console/static/index.html" in packed


def test_a_package_without_its_console_is_built_where_npm_reaches_nothing(tmp_path: Path) -> None:
    """Whoever has no npm registry has all the rest, and is told what is missing and how to have it."""
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "src" / "ostinato").mkdir(parents=True)
    shutil.copy(ROOT / "src" / "ostinato" / "__init__.py", tmp_path / "src" / "ostinato")
    shutil.copytree(ROOT / "console", tmp_path / "console", ignore=shutil.ignore_patterns("node_modules"))
    nowhere = {"npm_config_registry": "http://127.0.0.1:1/", "npm_config_cache": str(tmp_path / "cache")}

    packed, said = build_wheel(tmp_path, tmp_path / "dist", **nowhere)

    assert packed == {"ostinato/__init__.py"}
    assert "NOTICE: the web console was not built: npm ci failed" in said
    assert "make console" in said


def test_the_lock_file_of_the_console_pins_by_hash_and_names_no_place() -> None:
    """Each package has its hash; where to get it from is the user's own setting."""
    locked = json.loads((ROOT / "console" / "package-lock.json").read_text())["packages"]
    del locked[""]

    assert locked
    assert all("integrity" in package and "resolved" not in package for package in locked.values())


@pytest.mark.parametrize("lock_file", LOCK_FILES, ids=lambda path: path.name)
def test_a_lock_file_pins_by_hash_and_names_no_place(lock_file: Path) -> None:
    """Each package has one version and its hashes; where to get it from is the user's own setting."""
    text = lock_file.read_text()
    blocks = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]

    assert len(blocks) == len(locked(lock_file)) > 0
    assert all("==" in block and "--hash=sha256:" in block for block in blocks)
    assert not re.search(r"://|^ *--(?!hash=)|^-|\.(org|com|net)\b", text, re.MULTILINE)


@pytest.mark.parametrize("requirement", declared(), ids=lambda requirement: requirement.name)
def test_the_lock_file_satisfies_what_is_declared(requirement: Requirement) -> None:
    """After a change of pyproject.toml somebody ran ``make lock``."""
    pins = [pin for pin in locked(ROOT / "requirements.lock") if pin.name.lower() == requirement.name.lower()]
    versions = [next(iter(pin.specifier)).version for pin in pins]

    assert versions
    assert all(requirement.specifier.contains(version) for version in versions)


@pytest.mark.parametrize("lock_file", LOCK_FILES, ids=lambda path: path.name)
def test_the_lock_files_agree(lock_file: Path) -> None:
    """What ``make demo`` installs need not be installed again by ``make test``."""
    assert {str(pin) for pin in locked(lock_file)} <= {str(pin) for pin in locked(ROOT / "requirements.lock")}
