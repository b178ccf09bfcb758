"""Who is answered: what every request must be before anything reads it, and what every answer says.

- *This machine alone*, unless there is a token: a request that names another host is refused, since a page of the web
  can have its own name lead here (DNS rebinding).
- *Only who knows the token*, where there is one: in a header (``Authorization: Bearer``), or as the first part of the
  path (``/t/TOKEN/…``), which the pages' relative links keep. It is compared in constant time. There are no cookies, so
  no other site's page can act for a reader.
- *Only our own pages write*: a browser says where a request comes from (``Origin``, ``Sec-Fetch-Site``), and another
  origin than this one is refused.
- *Bounded*: headers, addresses, and how often one client may write.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from audiolime_ext.app.settings import Settings
from audiolime_ext.files.plain import to_json

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOCAL = frozenset(["127.0.0.1", "localhost", "[::1]"])
MOST_HEADERS = 16_384  # bytes
MOST_PATH = 2000  # bytes, with the query
MOST_CLIENTS = 10_000  # whose rates are remembered
_READS = ("GET", "HEAD")
_MINUTE_S = 60.0
HEADERS = {
    b"cache-control": b"no-store",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
_PAGE_POLICY = b"frame-ancestors 'none'"  # pages say the rest themselves
_POLICY = b"default-src 'none'; frame-ancestors 'none'; sandbox"


class Rate:
    """How often each client may write: a bucket that fills evenly.

    Parameters
    ----------
    per_minute : int
        Number of times in a minute, and at once.
    clock : callable without arguments, giving float
        Clock in seconds.

    Examples
    --------
    >>> rate = Rate(1, clock=lambda: 0.0)
    >>> rate.wait_s("here"), rate.wait_s("here")
    (0, 60)
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute, self.clock = per_minute, clock
        self._left: dict[str, tuple[float, float]] = {}  # what is left, and when that was so

    def wait_s(self, client: str) -> int:
        """Seconds until a client may write; 0: it may now, which is counted."""
        now, per_s = self.clock(), self.per_minute / _MINUTE_S
        left, then = self._left.pop(client, (float(self.per_minute), now))
        left = min(float(self.per_minute), left + (now - then) * per_s)
        wait = 0 if left >= 1 else int((1 - left) / per_s) or 1
        self._left[client] = (left if wait else left - 1, now)
        while len(self._left) > MOST_CLIENTS:  # those that were heard of longest ago
            del self._left[next(iter(self._left))]
        return wait


class Guard:
    """Stands before the app: an ASGI application around another."""

    def __init__(self, app: App, settings: Settings, rate: Rate) -> None:
        self.app, self.settings, self.rate = app, settings, rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or have the app answer."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        said = _saying(send)
        refusal = self._refusal(scope)
        if refusal is None:
            scope = self._without_token(scope)
            await self.app(scope, receive, said)
            return
        status, told, headers = refusal
        content = to_json({"detail": told}).encode()
        kind = {b"content-type": b"application/json", b"content-length": str(len(content)).encode()}
        await said({"type": "http.response.start", "status": status, "headers": [*(kind | headers).items()]})
        await said({"type": "http.response.body", "body": content})

    def _refusal(self, scope: Scope) -> tuple[int, str, dict[bytes, bytes]] | None:
        """Status, reason and headers of a refusal; None: the request may pass."""
        headers: list[tuple[bytes, bytes]] = list(scope["headers"])
        if sum(len(name) + len(value) for name, value in headers) > MOST_HEADERS:
            return 431, "the headers are too long", {}
        if len(scope["path"].encode("utf-8", "replace")) + len(scope.get("query_string", b"")) > MOST_PATH:
            return 414, "the address is too long", {}
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1 or (self.settings.token is None and _hostname(hosts[0]) not in LOCAL):
            return 403, "this server answers this machine alone, under 127.0.0.1 and localhost", {}
        client = str((scope.get("client") or ("",))[0])
        if not self._knows_token(scope, headers):
            if wait := self.rate.wait_s(client):
                return _too_often(wait)
            return 401, "the token is missing or wrong; open the address that the server printed", _BEARER
        if scope["method"] in _READS:
            return None
        if not _is_ours(headers, hosts[0]):
            return 403, "a page of another site may not do that", {}
        if wait := self.rate.wait_s(client):
            return _too_often(wait)
        return None

    def _knows_token(self, scope: Scope, headers: list[tuple[bytes, bytes]]) -> bool:
        if self.settings.token is None:
            return True
        token = self.settings.token.encode()
        given = [value[7:].strip() for name, value in headers if name == b"authorization" and _is_bearer(value)]
        given += [_first_part(scope)] if str(scope["path"]).startswith("/t/") else []
        return any(hmac.compare_digest(one, token) for one in given)

    def _without_token(self, scope: Scope) -> Scope:
        """The request as the app has it: its path without the token."""
        path = str(scope["path"])
        if self.settings.token is None or not path.startswith("/t/"):
            return scope
        rest = path[3:].partition("/")
        return {**scope, "path": f"/{rest[2]}" if rest[1] else "/t", "raw_path": None}


_BEARER = {b"www-authenticate": b"Bearer"}


def _too_often(wait: int) -> tuple[int, str, dict[bytes, bytes]]:
    return 429, f"too many requests; try again in {wait} s", {b"retry-after": str(wait).encode()}


def _hostname(host: bytes) -> str:
    """The name in a Host header, without the port: ``localhost:8347``, ``[::1]:8347``."""
    name = host.decode("latin-1").lower()
    head, mark, port = name.rpartition(":")
    return head if mark and port.isdecimal() and (":" not in head or head.endswith("]")) else name


def _is_bearer(value: bytes) -> bool:
    return value[:7].lower() == b"bearer "


def _first_part(scope: Scope) -> bytes:
    return str(scope["path"])[3:].partition("/")[0].encode("utf-8", "replace")


def _is_ours(headers: list[tuple[bytes, bytes]], host: bytes) -> bool:
    """Whether a writing request comes from a page of this server, or from no page."""
    for name, value in headers:
        if name == b"sec-fetch-site" and value not in (b"same-origin", b"none"):
            return False
        if name == b"origin":
            try:
                there = urlsplit(value.decode("latin-1")).netloc
            except ValueError:
                return False
            if there.lower() != host.decode("latin-1").lower():
                return False
    return True


def _saying(send: Send) -> Send:
    """Send with the headers that every answer has."""

    async def said(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower(): value for name, value in message.get("headers", ())}
            is_page = own.get(b"content-type", b"").startswith(b"text/html")
            policy = {b"content-security-policy": _PAGE_POLICY if is_page else _POLICY}
            message = {**message, "headers": [*(HEADERS | policy | own).items()]}
        await send(message)

    return said
