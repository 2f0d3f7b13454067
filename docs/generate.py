"""Writes the generated pages of the documentation: ``make docs``. A test holds the pages against it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ostinato.calendar import __doc__ as calendar_rules
from ostinato.cli.configuration_reference import render_configuration
from ostinato.cli.reference import render_cli
from ostinato.model.statuses import FINAL_RUN_STATUSES, StepStatus
from ostinato.model.transitions import INITIAL_RUN_STATUSES, RUN_TRANSITIONS, STEP_TRANSITIONS, Edge

DOCS = Path(__file__).parent
FINAL_STEP_STATUSES = {StepStatus.SUCCESS, StepStatus.SKIPPED, StepStatus.CANCELLED}


def render_pages() -> dict[Path, str]:
    """Return the text of every generated page by its path."""
    return {
        DOCS / "lifecycle.md": render_lifecycle(),
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
