"""Transfers from servers that never end, promise too much, or send hardly anything: none is waited for without end."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from audiolime_ext.errors import MissingError
from audiolime_ext.networks import downloads


class Odd(http.server.BaseHTTPRequestHandler):
    """Does what the path says, until the other side hangs up."""

    def do_GET(self) -> None:
        with suppress(OSError):
            getattr(self, self.path[1:].partition("/")[0])()

    def redirects(self) -> None:
        self.send_response(302)
        self.send_header("Location", f"{self.path}/on")
        self.end_headers()

    def announces(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(10**12))
        self.end_headers()
        self.drips()

    def gushes(self) -> None:
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(bytes(1 << 16))

    def drips(self) -> None:
        while True:
            self.wfile.write(b"H")
            time.sleep(0.05)

    def greets(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\nDate: ")
        self.drips()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that misbehaves."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("deed", "patience_s", "message"),
    [
        ("redirects", 60, r"HTTP Error 302: .*infinite loop.*"),
        ("announces", 60, r"it holds more than 1500000 bytes"),
        ("gushes", 60, r"it holds more than 1500000 bytes"),
        ("drips", 1, r"less than 10 kB came within 1 s"),
        ("greets", 1, r"less than 10 kB came within 1 s"),
    ],
)
def test_no_server_is_waited_for_or_stored_without_end(
    odd: str, deed: str, patience_s: float, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_PATIENCE_S", patience_s)
    with pytest.raises(MissingError, match=rf"^could not download {odd}/{deed}/file: {message}. Try again"):
        downloads.from_release(f"{deed}/file", tmp_path, title="weights", published_mb=0.5, host=odd)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1_500_000 + (1 << 18)
