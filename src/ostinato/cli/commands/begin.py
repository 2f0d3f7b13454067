"""``ostinato init``: a new project, made of the files in ``ostinato/examples/starter``."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ostinato.cli.session import Session
from ostinato.clock import SystemClock
from ostinato.errors import ConfigurationError, NotPossible

TEMPLATE = Path(__file__).parents[2] / "examples" / "starter"
IGNORED = ".gitignore"
DAYS_MADE_UP_FOR = 3


def init(
    folder: Annotated[Path, Parameter(help="Where the project is to be. It is made if it is not there.")],
    /,
    *,
    add: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Add the project to what the folder has in it.")
    ] = False,
    session: Annotated[Session, Parameter(parse=False)],
) -> None:
    """Make a new project, ready to run.

    It has two accounts, two definitions and two small jobs in Python to replace by your own. No file that is there
    already is overwritten.
    """
    files = _list_files()
    if (folder / IGNORED).exists():
        del files[IGNORED]  # it is only a convenience
    _check_folder(folder, files, add=add)
    _write_files(folder, files)
    if session.json:
        session.answer_json({"folder": str(folder.absolute()), "files": sorted(files)})
    else:
        session.answer(_welcome(folder, files))


def _list_files() -> dict[str, Path]:
    """Return what a project is made of: the path of each file in it, and of the template."""
    files = sorted(path for path in TEMPLATE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    names = (str(path.relative_to(TEMPLATE)) for path in files)
    return {IGNORED if name == "gitignore" else name: path for name, path in zip(names, files, strict=True)}


def _write_files(folder: Path, files: dict[str, Path]) -> None:
    first_day = (SystemClock().now() - timedelta(days=DAYS_MADE_UP_FOR)).date()
    try:
        for name, template in files.items():
            text = template.read_text(encoding="utf-8").replace("{starts_on}", first_day.isoformat())
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{error.filename} cannot be written: {error.strerror}") from None


def _check_folder(folder: Path, files: dict[str, Path], *, add: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise NotPossible(f"{folder} is a file", hint="name a folder, or one that does not exist yet")
    if (folder / "ostinato.yaml").exists():
        raise NotPossible(f"{folder} has a project already", hint=f"run it: {_enter(folder)}ostinato up")
    taken = [name for name in files if (folder / name).exists()]
    if taken:
        raise NotPossible(
            f"{folder} has {' and '.join(taken)} already, which would be overwritten",
            hint="name another folder, and take from it what you need",
        )
    if not add and folder.is_dir() and any(not entry.name.startswith(".") for entry in folder.iterdir()):
        raise NotPossible(
            f"{folder} is not empty", hint=f"to add a project to what is in it: ostinato init {folder} --add"
        )


def _welcome(folder: Path, files: dict[str, Path]) -> list[str]:
    return [
        f"A new project is in {folder}:",
        *(f"  {name}" for name in sorted(files)),
        "",
        "Next:",
        *([f"  cd {folder}"] if folder.resolve() != Path.cwd() else []),
        "  ostinato validate           check what is declared",
        "  ostinato up --until-idle    run all that is due, then stop",
        "  ostinato slots              see what has run, and what will",
        "",
        f"Then put your own work into {folder / 'definitions' / 'daily.yaml'}.",
    ]


def _enter(folder: Path) -> str:
    return "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
