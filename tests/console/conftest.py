"""A real browser on a real console: the server as a child process, on a project whose night went wrong in places."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.console.browsing import SECONDS, Open, find_strangers, serve, take_screenshot
from tests.console.nights import make_empty_project, make_project
from tests.console.shops import make_shop

from ostinato.console.pages import is_built
from ostinato.testing.program import Program

HAS_FAILED = pytest.StashKey[bool]()
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Lend a browser to the tests of a module. While it is there, nobody else can run an event loop in this thread."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium here: apt-get install chromium")
    if not is_built():
        pytest.skip("the console is not built: make console")
    expect.set_options(timeout=SECONDS * 1_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of a project with a night of failures, which nobody changes."""
    return make_project(tmp_path_factory.mktemp("shops"), datetime.now(UTC))


@pytest.fixture(scope="session")
def console(project: Path) -> Iterator[str]:
    """Lend the address of the console of the night of failures."""
    with serve(project) as url:
        yield url


@pytest.fixture(scope="session")
def empty_console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Lend the address of the console of a project that declares nothing."""
    with serve(make_empty_project(tmp_path_factory.mktemp("empty"))) as url:
        yield url


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Give the program in a project of real commands and plans; each test changes what no other looks at."""
    return make_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def shop_console(shop: Program) -> Iterator[str]:
    """Lend the address of the console of that project."""
    with serve(shop.folder / "ostinato.yaml") as url:
        yield url


@pytest.fixture
def own_project(project: Path, tmp_path: Path) -> Path:
    """Give the file of a project with a night of failures that this test may change."""
    shutil.copytree(project.parent, tmp_path / "shops")
    return tmp_path / "shops" / project.name


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures know that their test has failed."""
    report = yield
    item.stash.setdefault(HAS_FAILED, False)
    item.stash[HAS_FAILED] |= report.failed
    return report


@pytest.fixture
def open_page(browser: Browser, console: str, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Lend a function that opens a page of the console, and see that nothing on it failed or left the server.

    Of a test that fails a picture of each page is kept.
    """
    problems: list[str] = []
    pages: list[Page] = []
    with ExitStack() as contexts:

        def open_page(path: str = "/", *, url: str = console, **options: object) -> Page:
            context = browser.new_context(base_url=url, **{"viewport": {"width": 1400, "height": 900}, **options})  # type: ignore[arg-type]
            contexts.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(SECONDS * 1_000)
            pages.append(page)
            page.on("pageerror", lambda error: problems.append(f"{path}: {error}"))
            page.on("request", lambda request: problems.extend(find_strangers(request, url)))
            page.goto(path)
            return page

        yield open_page
        if request.node.stash[HAS_FAILED]:
            for number, page in enumerate(pages):
                take_screenshot(page, f"failed-{request.node.name.replace('/', '-')}-{number}")
    assert problems == []
