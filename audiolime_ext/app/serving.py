"""The app on an address, until it is told to end."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import uvicorn

from audiolime_ext.app.folders import require_usable
from audiolime_ext.app.guard import MOST_HEADERS
from audiolime_ext.app.server import create_app
from audiolime_ext.app.settings import Settings
from audiolime_ext.errors import UsageError

_PATIENCE_S = 5  # for answers that are under way when the server ends
_MOST_CONNECTIONS = 500


def serve(
    settings: Settings, *, told: Callable[[str], object], troubled: Callable[[str], object] | None = None
) -> None:
    """Serve the app until Ctrl-C, or SIGTERM.

    Parameters
    ----------
    settings : Settings
        Settings of the server.
    told : callable of one str
        Function that is told the address once the server answers.
    troubled : callable of one str or None
        Function that is told what is wrong with a model, a separator or a label, once that is known; None: none.

    Raises
    ------
    UsageError
        If strangers could use it, the port cannot be had, or its folder is another server's, or holds
        songs that were kept though nothing is to be.
    OutputError
        If its folder cannot be written.
    KeyboardInterrupt
        If it was told to end; nothing is half done then.
    """
    settings.require_safe()
    with bound(settings.host, settings.port) as listening:
        settings = replace(settings, port=int(listening.getsockname()[1]))
        require_usable(settings)
        app = create_app(settings, troubled)
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="on",
            log_level="error",
            access_log=False,  # addresses hold tokens
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_MOST_CONNECTIONS,
            h11_max_incomplete_event_size=MOST_HEADERS * 2,
            timeout_graceful_shutdown=_PATIENCE_S,
        )
        _Server(config, app.state, lambda: told(address(settings))).run(sockets=[listening])


def address(settings: Settings) -> str:
    """The address of the home, with the token.

    Parameters
    ----------
    settings : Settings
        Host, port and token.

    Examples
    --------
    >>> address(Settings()), address(Settings(host="10.0.0.1", port=80, token="a-secret-of-many-letters"))
    ('http://127.0.0.1:8347/', 'http://10.0.0.1:80/t/a-secret-of-many-letters/')
    """
    named = own_address(settings.host) if settings.host in ("0.0.0.0", "::") else settings.host
    host = f"[{named}]" if ":" in named else named
    return f"http://{host}:{settings.port}/{f't/{settings.token}/' if settings.token else ''}"


def own_address(everywhere: str) -> str:
    """The address by which other machines reach this one: that of the way out, else the machine's name.

    Parameters
    ----------
    everywhere : {"0.0.0.0", "::"}
        Addresses on which the server listens, all of IPv4 or of IPv6.

    Examples
    --------
    >>> own_address("0.0.0.0") not in ("0.0.0.0", "127.0.0.1")
    True
    """
    family, far = (socket.AF_INET6, "2001:db8::1") if ":" in everywhere else (socket.AF_INET, "192.0.2.1")
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as way:
        way.connect((far, 9))  # nothing is sent
        found = str(way.getsockname()[0])
        if not ipaddress.ip_address(found).is_loopback:
            return found
    return socket.gethostname()


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Parameters
    ----------
    host : str
        Address, or the name of one.
    port : int
        Port, 0 to 65,535; 0: a free one.

    Raises
    ------
    UsageError
        If it cannot be had.
    """
    if not 0 <= port <= 65_535:
        raise UsageError(f"port {port} is none; ports go up to 65535, and with 0 a free one is taken")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(
            f"{host}, port {port}, cannot be had ({reason}); choose another port with --port, or 0 for a free one"
        ) from error


class _Server(uvicorn.Server):
    """Says when it answers, and lets those who follow the progress go when it is told to end."""

    def __init__(self, config: uvicorn.Config, state: Any, begun: Callable[[], object]) -> None:
        super().__init__(config)
        self.state, self.begun = state, begun

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        if self.started:
            self.begun()

    def handle_exit(self, sig: int, frame: Any) -> None:
        if self.should_exit:  # it ends already; pressed once more, it would leave its work as it lies
            return
        super().handle_exit(sig, frame)
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # what is cut off from here on is no fault
        self.loop.call_soon_threadsafe(self.state.desk.board.close)
