"""The pages of the console as files: what is served under which path, how long it may be kept, what it may do.

The app is built into ``static``, which is no part of the sources. Where it is missing, a page says so.
"""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(__file__).parent / "static"
"""Where the app is built into."""

_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
"""Nothing from elsewhere, and no script that is not a file of ours. Styles are set on elements by what draws graphs."""

SECURITY_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""What every answer carries, of pages and of the API."""

_NOT_BUILT = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Ostinato</title>
<h1>The console is not built here</h1>
<p>This is a checkout of the sources, and its pages have not been built. To build them: <code>make console</code>.
A package of Ostinato has them with it.</p>
<p>The API works: <a href="/api/v1/status">/api/v1/status</a>, described in
<a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>
</html>
"""


def is_built(static: Path = STATIC) -> bool:
    """Tell whether there are pages to be served."""
    return (static / "index.html").is_file()


class Pages:
    """Serves the pages, and hands what is below ``/api/`` on to ``api``. Every answer carries the security headers."""

    def __init__(self, api: ASGIApp, *, static: Path = STATIC) -> None:
        self._api = api
        self._static = static.resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._api(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (SECURITY_HEADERS | {"Cache-Control": "no-store"}).items():
                    headers.setdefault(name, value)
            await send(message)

        path = scope["path"]
        answer = self._api if path == "/api" or path.startswith("/api/") else self._find_page(path, scope["method"])
        await answer(scope, receive, send_with_headers)

    def _find_page(self, path: str, method: str) -> Response:
        if method not in ("GET", "HEAD"):
            return PlainTextResponse(
                "pages are only read\n", HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "GET, HEAD"}
            )
        file = self._find_file(path)
        if file is not None:
            return _serve(file, _FOR_EVER if path.startswith("/assets/") else _ASK_AGAIN)
        if path.startswith("/assets/"):
            return PlainTextResponse(
                "there is no such file\n", HTTPStatus.NOT_FOUND, headers={"Cache-Control": _ASK_AGAIN}
            )
        if not is_built(self._static):
            return HTMLResponse(_NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE, headers={"Cache-Control": "no-store"})
        return _serve(self._static / "index.html", _ASK_AGAIN)

    def _find_file(self, path: str) -> Path | None:
        """Return the file that a path names, if there is one; none outside of the folder of the pages."""
        try:
            file = (self._static / path.lstrip("/")).resolve()
            return file if file.is_relative_to(self._static) and file.is_file() else None
        except (OSError, ValueError):  # no file could have such a name
            return None


def _serve(file: Path, caching: str) -> FileResponse:
    return FileResponse(file, headers={"Cache-Control": caching})
