from __future__ import annotations

import re
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


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    """Migrations, examples and the type marker reach whoever installs the wheel; no tool's leavings do."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    package = ROOT / "src" / "ostinato"
    source = {path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}

    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("ostinato/")}

    assert packed == {path.relative_to(package.parent).as_posix() for path in source}


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
