from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

import ostinato
from ostinato.documents import parse_yaml
from ostinato.sources.schema import SchemaKind, json_schema

jsonschema = pytest.importorskip("jsonschema")

EXAMPLE = Path(ostinato.__file__).parent / "examples" / "flights"


def errors_in(kind: SchemaKind, text: str) -> list[Any]:
    """Return what the schema of ``kind`` finds wrong with a document."""
    return list(jsonschema.Draft202012Validator(json_schema(kind)).iter_errors(parse_yaml(text, "f.yaml").value))


def list_properties(schema: Any) -> Iterator[tuple[str, Any]]:
    """Yield every property that a schema names, at any depth."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        for part in schema.values():
            yield from list_properties(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from list_properties(part)


@pytest.mark.parametrize("kind", get_args(SchemaKind))
def test_each_schema_is_one_and_its_examples_obey_it(kind: SchemaKind) -> None:
    """The published schemas are valid themselves, can be written as JSON, and hold for their own examples."""
    schema = json.loads(json.dumps(json_schema(kind)))

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["examples"]
    for example in schema["examples"]:
        jsonschema.Draft202012Validator(schema).validate(example)


@pytest.mark.parametrize("kind", get_args(SchemaKind))
def test_every_field_is_described(kind: SchemaKind) -> None:
    """An editor has something to say about each key."""
    named = [
        (name, field)
        for name, field in list_properties(json_schema(kind))
        if name not in ("every", "cron") and "$ref" not in field
    ]

    assert named
    assert [name for name, field in named if not field.get("description")] == []


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("project", "ostinato.yaml"),
        ("accounts", "accounts.yaml"),
        ("definitions", "definitions/daily.yaml"),
        ("definitions", "definitions/weekly.yaml"),
    ],
)
def test_the_example_obeys_the_schemas(kind: SchemaKind, file: str) -> None:
    """What we ship as an example is right in the eyes of an editor."""
    assert errors_in(kind, (EXAMPLE / file).read_text()) == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("project", "{}"),
        ("project", "accounts: [{sql: {url: x, query: q}}, {csv: a.csv}, {our_own: [1]}]"),
        ("project", "definitions: [{batch: {module: m, manage: manage.py, defaults: {retry: never}}}]"),
        ("project", "engine: {removals: {share: 0.5}}\nagent: {queues: io, log_size: 5, name: null}"),
        ("accounts", "accounts: {a: , b: {maintenance: true}, c: {maintenance: {from: 2026-01-01}, labels: {x: 5}}}"),
        ("definitions", "definitions: {}"),
        ("definitions", "definitions: {d: {command: [a, 5, 1.5], frequency: {every: 5m}, reads_from: x}}"),
        ("definitions", "definitions: {d: {shell: a, start: manual, retry: {series: [1m], lost: 0}}}"),
        ("definitions", "definitions: {d: {start: {at_start: {delay: 1m}}, frequency: {cron: '* * * * *'}}}"),
        ("definitions", "definitions: {d: {action: 'shop.flows:report', inputs: {a: [1, null]}, rescue: null}}"),
        ("definitions", "definitions: {d: {steps: {a: {command: [x]}, b: {shell: y, needs: a, rescue: skip}}}}"),
        ("definitions", "definitions: {d: {steps: [{name: a, action: 'm:f', retry: never, timeout: 5m}]}}"),
        ("definitions", "defaults: {time_limit: 5m}\ndefinitions: {d: {time_limit: null, environment: {A: 1}}}"),
    ],
)
def test_what_we_accept_obeys_the_schema(kind: SchemaKind, text: str) -> None:
    """An editor finds nothing wrong with what is right."""
    assert errors_in(kind, text) == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("project", "databse: x"),
        ("project", "accounts: [{yaml: a, csv: b}]"),
        ("project", "accounts: [{sql: {url: x}}]"),
        ("project", "engine: {interval: 5}"),
        ("project", "agent: {concurrency: 0}"),
        ("accounts", "accounts: {a b: {}}"),
        ("accounts", "accounts: {a: {timezone: UTC}}"),
        ("accounts", "accounts: {a: {weight: 0}}"),
        ("definitions", "{}"),
        ("definitions", "definitions: {a/b: {}}"),
        ("definitions", "definitions: {d: {comand: [a]}}"),
        ("definitions", "definitions: {d: {command: a}}"),
        ("definitions", "definitions: {d: {command: []}}"),
        ("definitions", "definitions: {d: {frequency: dayly}}"),
        ("definitions", "definitions: {d: {frequency: {each: 5m}}}"),
        ("definitions", "definitions: {d: {matrix: acount}}"),
        ("definitions", "definitions: {d: {start: later}}"),
        ("definitions", "definitions: {d: {start: {}}}"),
        ("definitions", "definitions: {d: {retry: {fixed: {attempts: 3}}}}"),
        ("definitions", "definitions: {d: {active: yes}}"),
        ("definitions", "definitions: {d: {action: report}}"),
        ("definitions", "definitions: {d: {steps: {}}}"),
        ("definitions", "definitions: {d: {steps: {a b: {command: [x]}}}}"),
        ("definitions", "definitions: {d: {steps: {a: {comand: [x]}}}}"),
        ("definitions", "definitions: {d: {steps: [{name: a, rescue: stop}]}}"),
        ("definitions", "definitions: {d: {steps: {a: {shell: x, retry: {lost: 1}}}}}"),
    ],
)
def test_an_editor_finds_mistakes_too(kind: SchemaKind, text: str) -> None:
    """What the schema can say is wrong, it does."""
    assert errors_in(kind, text)
