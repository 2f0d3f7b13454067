"""Writes the generated pages of the documentation: ``make docs``. A test holds the pages against it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ostinato.api.app import describe_api
from ostinato.calendar import __doc__ as calendar_rules
from ostinato.cli.configuration_reference import render_configuration
from ostinato.cli.reference import render_cli
from ostinato.model.statuses import FINAL_RUN_STATUSES, StepStatus
from ostinato.model.transitions import INITIAL_RUN_STATUSES, RUN_TRANSITIONS, STEP_TRANSITIONS, Edge

DOCS = Path(__file__).parent
FINAL_STEP_STATUSES = {StepStatus.SUCCESS, StepStatus.SKIPPED, StepStatus.CANCELLED}


def render_pages() -> dict[Path, str]:
    """Return the text of every generated page by its path."""
    api = describe_api()
    return {
        DOCS.parent / "console" / "openapi.json": json.dumps(api, indent=1, ensure_ascii=False) + "\n",
        DOCS / "lifecycle.md": render_lifecycle(),
        DOCS / "reference" / "api.md": render_api(api),
        DOCS / "reference" / "cli.md": render_cli(),
        DOCS / "reference" / "configuration.md": render_configuration(),
        DOCS / "reference" / "time.md": render_time(),
    }


def render_lifecycle() -> str:
    """Draw both state machines as diagrams and as tables."""
    run = _section("Run", RUN_TRANSITIONS, INITIAL_RUN_STATUSES, FINAL_RUN_STATUSES)
    step = _section("Step", STEP_TRANSITIONS, {StepStatus.PENDING}, FINAL_STEP_STATUSES)
    return f"""# Lifecycle

Generated from the transition tables in `ostinato.model.transitions` by `make docs`.
The database refuses every change of the status of a run or a step that is not drawn here.

{run}
{step}"""


def render_api(api: dict[str, Any]) -> str:
    """List the routes of the API by subject, with what each takes."""
    routes: dict[str, list[str]] = {}
    for path, operations in api["paths"].items():
        for method, operation in operations.items():
            taken = (name["name"] for name in operation.get("parameters", []) if name["in"] == "query")
            says = operation["description"].replace("\n", " ")
            line = f"| `{method.upper()} {path}` | {says} | {', '.join(f'`{name}`' for name in taken)} |"
            routes.setdefault(operation["tags"][0], []).append(line)
    sections = "\n".join(
        f"## {subject.capitalize()}\n\n| route | what it does | parameters |\n|---|---|---|\n" + "\n".join(lines) + "\n"
        for subject, lines in routes.items()
    )
    return f"""# REST API

Generated from the routes in `ostinato.api` by `make docs`. A server has the whole description, with every key of every
answer, as OpenAPI at `/api/v1/openapi.json`. [How to serve it](../howto/console.md).

{api["info"]["description"]}
{sections}"""


def render_time() -> str:
    """Show what the calendar says of wall clocks that jump."""
    return f"""# Time

Generated from the documentation of `ostinato.calendar` by `make docs`.

```text
{(calendar_rules or "").strip()}
```
"""


def _section(title: str, edges: Sequence[Edge[Any]], initial: Any, final: Any) -> str:
    return f"""## {title}

```mermaid
stateDiagram-v2
{_diagram(edges, initial, final)}
```

| from | to | when | by |
|---|---|---|---|
{_table(edges)}
"""


def _diagram(edges: Sequence[Edge[Any]], initial: Any, final: Any) -> str:
    lines = [f"    [*] --> {status}" for status in sorted(initial)]
    lines += [f"    {edge.source} --> {edge.target}" for edge in edges]
    lines += [f"    {status} --> [*]" for status in sorted(final)]
    return "\n".join(lines)


def _table(edges: Sequence[Edge[Any]]) -> str:
    return "\n".join(
        f"| {edge.source} | {edge.target} | {edge.trigger} | {', '.join(sorted(edge.by))} |" for edge in edges
    )


if __name__ == "__main__":
    for path, page in render_pages().items():
        path.write_text(page, encoding="utf-8")
