"""Where accounts and definitions are declared: files, Python modules, batch lists, databases, and what plug-ins add.

Owns the form of declarations and turns them into the records of ``ostinato.model``, or into problems with their
places. A source answers all or nothing: what it cannot load it does not guess. It knows nothing of what is stored.
"""

from ostinato.sources.checks import check_declarations
from ostinato.sources.protocols import AccountSource, DefinitionSource, Loaded, Source, SourceFactory
from ostinato.sources.registry import open_account_sources, open_definition_sources

__all__ = [
    "AccountSource",
    "DefinitionSource",
    "Loaded",
    "Source",
    "SourceFactory",
    "check_declarations",
    "open_account_sources",
    "open_definition_sources",
]
