"""The code of a project: what has to be importable, or imported, before its actions are planned or carried out."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path

from ostinato.errors import ConfigurationError


def load_project_code(folder: Path, modules: Iterable[str]) -> None:
    """Let the modules in ``folder`` be imported by name, and import those that the project names.

    Middleware and subscriptions are in force where their modules have been imported. ``ConfigurationError`` says which
    module cannot be, and why.
    """
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:  # a module may fail in any way while it is imported
            raise ConfigurationError(
                f"the module {name}, which the project names, cannot be imported: {type(error).__name__}: {error}",
                hint="mend it, or take it out of modules: in ostinato.yaml",
            ) from error
