"""The page of a large map, served on this machine alone: a song's excerpt is cut when it is asked for.

Invariants:

- *Only this machine is answered*: the server listens on 127.0.0.1, and refuses a request that names another host (a
  page of the web could otherwise have its own name lead here).
- *Only who was given the address is answered*: it holds a secret of 128 random bits, anew each time.
- *Nothing that a client sends names a file*: it asks for the page, or for the number of a song; files are those of the
  index, and only with the bytes that were indexed.
- Whatever cannot be played is answered with a reason, and the server goes on.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.progress.stages import reporting
from audiolime_ext.recommendation.maps.result import EmbeddingMap
from audiolime_ext.report.maps.page import served_html
from audiolime_ext.report.maps.sounds import KBPS, Excerpt, excerpt

HOST = "127.0.0.1"
MOST_AT_ONCE = 2  # recordings in memory
MOST_KEPT = 200  # excerpts, 40 kB each
_PATH = re.compile(r"/([A-Za-z0-9_-]{22})/(?:excerpt/(0|[1-9][0-9]{0,8}))?")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def _say(text: str) -> None:
    print(text, flush=True)  # with all that was printed before


def serve(
    found: EmbeddingMap, *, port: int = 0, title: str | None = None, told: Callable[[str], object] = _say
) -> None:
    """Serve the page of a map until Ctrl-C.

    Parameters
    ----------
    found : EmbeddingMap
        Map of songs.
    port : int
        Port on 127.0.0.1, up to 65,535; 0: a free one.
    title : str or None
        Title of the page; None: the index's name.
    told : callable of one str
        Function that is told the address once the server answers, and when it ends.

    Raises
    ------
    UsageError
        If there is no such port, or it cannot be had.
    """
    with MapServer(found, port=port, title=title) as server:
        try:
            told(f"open {server.address} in a browser of this machine; Ctrl-C ends it")
            server.serve_forever()
        except KeyboardInterrupt:
            told("ended")


def require_port(port: int) -> None:
    """Raise `UsageError` if a port is none, or can be seen not to be had: better now than after a map has been made.

    Parameters
    ----------
    port : int
        Port on 127.0.0.1; 0: a free one.

    Examples
    --------
    >>> require_port(0)
    """
    with _having(port), socket.create_server((HOST, port)):
        pass


@contextmanager
def _having(port: int) -> Iterator[None]:
    if not 0 <= port <= 65_535:
        raise UsageError(f"port {port} is none; ports go up to 65535, and with 0 a free one is taken")
    try:
        yield
    except OSError as error:
        reason = str(error) if error.errno is None else os.strerror(error.errno)
        raise UsageError(
            f"port {port} cannot be had ({reason}); choose another one, or leave it out: then a free one is taken"
        ) from error


class MapServer(ThreadingHTTPServer):
    """A server that holds the page of a map, and cuts excerpts; `address` is where it answers."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # there it would let two servers have one port

    def __init__(self, found: EmbeddingMap, *, port: int = 0, title: str | None = None) -> None:
        with _having(port):
            super().__init__((HOST, port), _Answers)
        self.secret = secrets.token_urlsafe(16)
        self.hosts = [f"{name}:{self.server_port}" for name in (HOST, "localhost")]
        self.n_songs = len(found.places)
        self.excerpt = _cutting(found)
        try:
            self.page = served_html(found, title=title).encode("utf-8", "legible")
        except BaseException:
            self.server_close()
            raise

    @property
    def address(self) -> str:
        """Where the page is, with the secret."""
        return f"http://{HOST}:{self.server_port}/{self.secret}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong; a client that goes away in the middle of an answer is no error of ours."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def _cutting(found: EmbeddingMap) -> Callable[[int], Excerpt]:
    """What cuts the excerpt of a song, a few at a time; those that were heard last are kept."""
    few = threading.Semaphore(MOST_AT_ONCE)

    @lru_cache(maxsize=MOST_KEPT)
    def kept(number: int) -> Excerpt:
        cut = excerpt(found, number, KBPS[0])
        if not cut.encoded:
            raise _Unplayable(cut.told)  # nor is this kept: the file may come back
        return cut

    def cut(number: int) -> Excerpt:
        with few, reporting(False):
            return kept(number)

    return cut


class _Unplayable(Exception):
    """Why there is no sound of a song."""


class _Answers(BaseHTTPRequestHandler):
    server: MapServer
    server_version, sys_version = "audiolime", ""
    timeout = 30  # seconds for which a silent client is waited for

    def do_GET(self) -> None:
        """Answer with the page, an excerpt, or the reason why not."""
        status, kind, content = self._found()
        self._answer(status, kind, content)

    do_HEAD = do_GET

    def _refuse(self) -> None:
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b"only GET and HEAD are answered", Allow="GET, HEAD")

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = _refuse

    def _found(self) -> tuple[HTTPStatus, str, bytes]:
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or hosts[0].lower() not in self.server.hosts:
            return HTTPStatus.FORBIDDEN, "text/plain", b"this server answers this machine alone"
        asked = _PATH.fullmatch(self.path)
        if asked is None or not hmac.compare_digest(asked[1], self.server.secret):
            return HTTPStatus.NOT_FOUND, "text/plain", b"nothing is here"
        if asked[2] is None:
            return HTTPStatus.OK, "text/html", self.server.page
        if int(asked[2]) >= self.server.n_songs:
            return HTTPStatus.NOT_FOUND, "text/plain", b"the map has no song of this number"
        try:
            return HTTPStatus.OK, "audio/mpeg", self.server.excerpt(int(asked[2])).encoded
        except _Unplayable as error:
            return HTTPStatus.NOT_FOUND, "text/plain", str(error).encode("utf-8", "legible")
        except (OSError, RuntimeError, ValueError, MemoryError) as error:
            reason = f"it cannot be played: {legible(str(error) or type(error).__name__)}"
            return HTTPStatus.UNPROCESSABLE_ENTITY, "text/plain", reason.encode("utf-8", "legible")

    def _answer(self, status: HTTPStatus, kind: str, content: bytes, **more: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind if kind.startswith("audio") else f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in {**_HEADERS, **more}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer to a request that is none, in plain text."""
        self.send_response_only(code, "Error")
        for name, value in {**_HEADERS, "Content-Type": "text/plain; charset=utf-8", "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"this is no request that is answered here")

    def log_message(self, format: str, *_: Any) -> None:
        """Nothing is written for each request."""
