"""Text files as plain values with the line of every key, and forms that say what may stand in them.

Owns encodings, syntax (YAML, JSON, CSV) and the sentences in which wrong values are refused. It knows nothing
of what is declared: forms are written by those who take them. Every error is a ``DeclarationError``.
"""

from ostinato.documents.csv_files import read_csv
from ostinato.documents.json_files import parse_json, read_json
from ostinato.documents.places import Document, Key, Place, Spot
from ostinato.documents.text_files import read_text
from ostinato.documents.yaml_files import parse_yaml, read_yaml

__all__ = [
    "Document",
    "Key",
    "Place",
    "Spot",
    "parse_json",
    "parse_yaml",
    "read_csv",
    "read_json",
    "read_text",
    "read_yaml",
]
