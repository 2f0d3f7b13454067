"""What browser tests do besides looking: serving a project, and keeping pictures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SECONDS = 20.0
"""How long something may take to show. Only a failure takes that long."""

Open = Callable[..., Page]
"""Opens a page of the console: a path, and options of the browser's context."""


def find_strangers(request: Request, url: str) -> list[str]:
    """Return the address of a request that goes to any other server."""
    asked, ours = urlsplit(request.url), urlsplit(url)
    return [] if asked.scheme == "data" or asked.netloc == ours.netloc else [request.url]


@contextmanager
def serve(project: Path, *, port: int = 0) -> Iterator[str]:
    """Serve the console of a project by a process of its own; give its address."""
    command = [sys.executable, "-m", "ostinato", "--project", str(project), "--json", "console", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as server:
        assert server.stdout
        try:
            yield json.loads(server.stdout.readline())["url"]
        finally:
            server.terminate()
            server.stdout.close()
            server.wait(SECONDS)


def take_screenshot(page: Page, name: str) -> None:
    """Keep a picture of a page, for people to look at. Git ignores it."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
