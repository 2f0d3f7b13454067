"""The reference of all files that people write, from their JSON Schemas: the page is never edited by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from ostinato.sources.schema import SchemaKind, json_schema

Schema = dict[str, Any]
Row = tuple[str, str, str, str]

_HEAD = """# Configuration

Generated from the JSON Schemas that `ostinato schema` prints, by `make docs`.

Keys below keys are written with dots. A duration is written like `30s`, `15m`, `1h30m` or `10d`.
"""

_TITLES: tuple[tuple[SchemaKind, str], ...] = (
    ("project", "The project file `ostinato.yaml`"),
    ("accounts", "Files with accounts"),
    ("definitions", "Files with definitions"),
)
_DURATIONS = ["30s", "15m", "1h30m", "10d"]
_WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}


def render_configuration() -> str:
    """Return the page about the files that people write."""
    return "\n".join([_HEAD, *(_render_file(kind, title) for kind, title in _TITLES)])


def _render_file(kind: SchemaKind, title: str) -> str:
    schema = json_schema(kind)
    rows = "".join(f"| {' | '.join(row)} |\n" for row in _list_rows(schema, schema["$defs"], ""))
    example = yaml.safe_dump(schema["examples"][0], sort_keys=False, default_flow_style=None, width=100)
    about = schema["description"].replace("``", "`")
    table = f"| key | value | default | means |\n|---|---|---|---|\n{rows}"
    return f"## {title}\n\n{about}\n\n```yaml\n{example}```\n\n{table}"


def _list_rows(form: Schema, forms: Schema, path: str) -> Iterator[Row]:
    required = form.get("required", [])
    for name, node in form["properties"].items():
        key = f"{path}{name}"
        default = "required" if name in required else _default(node)
        yield f"`{key}`", _value(node, forms), default, _text(_description(node, forms))
        if name != "defaults":  # these are the keys of a definition once more
            yield from _list_below(node, forms, key)


def _list_below(node: Schema, forms: Schema, key: str) -> Iterator[Row]:
    for option in _options(node):
        if "$ref" in option:
            yield from _list_rows(_follow(option, forms), forms, f"{key}.")
        elif isinstance(option.get("items"), dict) and "properties" in option["items"]:
            yield from _list_rows(option["items"], forms, f"{key}[].")
        elif isinstance(option.get("additionalProperties"), dict):
            yield from _list_below(option["additionalProperties"], forms, f"{key}.NAME")


def _options(node: Schema) -> list[Schema]:
    """Return the forms that a value may have, but for that of being left out."""
    options = [option for one in node["anyOf"] for option in _options(one)] if "anyOf" in node else [node]
    return [option for option in options if option.get("type") != "null"]


def _value(node: Schema, forms: Schema) -> str:
    kinds = dict.fromkeys(_one_value(option, forms) for option in _options(node))
    return "text" if set(kinds) == {"text", "whole number", "number"} else " or ".join(kinds)


def _one_value(node: Schema, forms: Schema) -> str:
    if "enum" in node:
        return ", ".join(f"`{word}`" for word in node["enum"])
    if "const" in node:
        return f"`{node['const']}`"
    if node.get("examples") == _DURATIONS:
        return "duration"
    if node.get("format") == "date":
        return "date"
    if node.get("type") == "array":
        return f"list of {_value(node['items'], forms)}"
    if "$ref" in node or node.get("type") == "object" or "properties" in node:
        return "keys"
    kinds = node.get("type", "anything")
    return " or ".join(_WORDS.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _description(node: Schema, forms: Schema) -> str:
    if "description" in node or "$ref" not in node:
        return str(node.get("description", ""))
    return str(_follow(node, forms).get("description", ""))


def _follow(node: Schema, forms: Schema) -> Schema:
    found: Schema = forms[node["$ref"].rpartition("/")[2]]
    return found


def _default(node: Schema) -> str:
    default = node.get("default")
    if default is None or default in ({}, [], ""):
        return ""
    written = yaml.safe_dump(default, default_flow_style=True, width=1_000).removesuffix("...\n").strip()
    return f"`{written}`"


def _text(description: str) -> str:
    return " ".join(description.replace("``", "`").replace("|", "\\|").split())
