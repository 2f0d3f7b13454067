"""The forms of the project file and of declarations as JSON Schema (2020-12), for editors and for the docs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from ostinato.config import ProjectForm
from ostinato.documents.forms import Form
from ostinato.durations import format_duration
from ostinato.sources.account_rows import AccountsForm
from ostinato.sources.batch import BatchForm
from ostinato.sources.definition_rows import DefinitionsForm
from ostinato.sources.registry import ACCOUNT_SOURCES, DEFINITION_SOURCES
from ostinato.sources.sql import SqlForm

SchemaKind: TypeAlias = Literal["project", "accounts", "definitions"]

_FORMS: Mapping[SchemaKind, type[Form]] = {
    "project": ProjectForm,
    "accounts": AccountsForm,
    "definitions": DefinitionsForm,
}
_OPTION_FORMS: Mapping[str, type[Form]] = {"sql": SqlForm, "batch": BatchForm}

_PATH = {"type": "string", "description": "A path, or a pattern such as folder/*.yaml, from the project folder."}
_LIST = {"type": "string", "description": "A list, or a function that returns one: package.module:name."}

_EXAMPLES: Mapping[SchemaKind, Mapping[str, Any]] = {
    "project": {
        "database": "sqlite:///ostinato.db",
        "accounts": [{"file": "accounts.yaml"}],
        "definitions": [{"yaml": "definitions/*.yaml"}],
        "engine": {"interval": "5s", "create_ahead": "10d"},
        "agent": {"concurrency": 5},
    },
    "accounts": {
        "accounts": {
            "acme-uk": {"time_zone": "Europe/London", "starts_on": "2024-01-01", "labels": {"tier": "gold"}},
            "acme-us": {"maintenance": {"from": "2026-02-01T00:00", "until": "2026-02-02T00:00"}},
        }
    },
    "definitions": {
        "defaults": {"frequency": "daily", "matrix": "account"},
        "definitions": {
            "update_agg_sales": {
                "command": ["python", "-m", "shop.sales", "--account", "{account}", "--date", "{start_date}"],
                "retry": {"exponential": {"attempts": 5, "base": "30s", "max": "1h"}},
                "reads_from": ["attrib_sales"],
                "writes_to": ["agg_sales"],
            },
            "refresh_stock": {
                "steps": {
                    "extract": {"command": ["python", "-m", "shop.extract", "{account}"], "timeout": "10m"},
                    "check": {"action": "shop.quality:check", "inputs": {"rows": "{steps.extract.rows}"}},
                    "load": {"command": ["python", "-m", "shop.load"], "needs": ["extract"], "after": ["check"]},
                },
            },
        },
    },
}


def json_schema(kind: SchemaKind) -> dict[str, Any]:
    """Return the JSON Schema of the project file, or of a file of accounts or definitions.

    What it refuses is refused when it is read; not all that it accepts is accepted, for a schema cannot compare dates,
    say, or know which commands need an account.
    """
    form = _FORMS[kind]
    forms = [form, *(_OPTION_FORMS.values() if kind == "project" else ())]
    _, schema = models_json_schema([(each, "validation") for each in forms], schema_generator=_Generator)
    definitions = schema["$defs"]
    root = definitions.pop(form.__name__)
    if kind == "project":
        root["properties"]["accounts"]["items"] = _describe_entry(ACCOUNT_SOURCES.built_in)
        root["properties"]["definitions"]["items"] = _describe_entry(DEFINITION_SOURCES.built_in)
    example = {"examples": [_EXAMPLES[kind]]}
    return {"$schema": GenerateJsonSchema.schema_dialect, **root, **example, "$defs": definitions}


class _Generator(GenerateJsonSchema):
    """Leaves out titles that only repeat a name, and writes defaults as they would be declared."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> dict[str, Any]:
        written = super().model_schema(schema)
        written.pop("title", None)
        return written

    def dict_schema(self, schema: core_schema.DictSchema) -> dict[str, Any]:
        """Hold keys to their pattern, which pydantic takes for a condition."""
        written = super().dict_schema(schema)
        for pattern, values in written.pop("patternProperties", {}).items():
            written["propertyNames"] = {**written.get("propertyNames", {}), "pattern": pattern}
            written["additionalProperties"] = values
        return written

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return format_duration(dft)
        if isinstance(dft, Form):
            return dft.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return super().encode_default(dft)


def _describe_entry(kinds: Mapping[str, str]) -> dict[str, Any]:
    """Return the schema of a source: one key, a kind. Plug-ins may add further kinds."""
    options = {kind: _LIST if kind == "python" else _PATH for kind in kinds}
    forms = {kind: {"$ref": f"#/$defs/{form.__name__}"} for kind, form in _OPTION_FORMS.items() if kind in kinds}
    return {"type": "object", "minProperties": 1, "maxProperties": 1, "properties": {**options, **forms}}
