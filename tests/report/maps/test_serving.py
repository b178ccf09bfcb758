"""The server of a map: whom it answers, and that nothing that is sent to it names a file."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import Browser

from audiolime_ext.errors import UsageError
from audiolime_ext.report.maps.serving import MapServer, require_port, serve
from audiolime_ext.report.maps.sounds import SECONDS
from tests.browser.pages import wait
from tests.report.maps.planted import planted_index, planted_map, with_sounds

PROGRAM = """
from pathlib import Path
from tests.report.maps.planted import planted_map, with_sounds
from audiolime_ext.report.maps.serving import serve
serve(planted_map(with_sounds(Path({folder!r}))))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MapServer]:
    with MapServer(planted_map(with_sounds(tmp_path_factory.mktemp("music")))) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def answer(server: MapServer, path: str, *, method: str = "GET", host: str | None = None) -> tuple[int, bytes, str]:
    """Status, content and kind of what is answered."""
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    if host != "":
        connection.putheader("Host", host or f"127.0.0.1:{server.server_port}")
    connection.endheaders()
    found = connection.getresponse()
    content = found.read()
    connection.close()
    return found.status, content, found.getheader("Content-Type") or ""


def test_the_page_and_excerpts_are_answered(server: MapServer) -> None:
    status, page, kind = answer(server, f"/{server.secret}/")
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert b"connect-src" in page
    assert b'class="map-sounds">{"served":true}<' in page
    status, sound, kind = answer(server, f"/{server.secret}/excerpt/5")
    assert (status, kind) == (200, "audio/mpeg")
    samples, sr = soundfile.read(io.BytesIO(sound))
    assert len(samples) / sr == pytest.approx(SECONDS, abs=0.1)
    assert answer(server, f"/{server.secret}/", host=f"localhost:{server.server_port}")[0] == 200


@pytest.mark.parametrize("path", ["", "excerpt/5"])
def test_head_is_answered_without_content(server: MapServer, path: str) -> None:
    status, content, kind = answer(server, f"/{server.secret}/{path}", method="HEAD")
    assert status == 200
    assert content == b""
    assert kind.startswith(("text/html", "audio/mpeg"))


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/excerpt/5", "/{secret}", "/{wrong}/", "/{wrong}/excerpt/5", "/{secret}/excerpt/"),
        *("/{secret}/../{secret}/", "/{secret}/excerpt/../../../../etc/passwd", "/{secret}/%2e%2e/%2e%2e/etc/passwd"),
        *("/{secret}/excerpt/5.wav", "/{secret}/excerpt/-1", "/{secret}/excerpt/05", "/{secret}/excerpt/12"),
        *("/{secret}/excerpt/999999999", "/{secret}/excerpt/9999999999", "/{secret}/0.wav", "/{secret}/?excerpt=5"),
        "http://127.0.0.1/{secret}/",
    ],
)
def test_nothing_else_is_there(server: MapServer, path: str) -> None:
    status, content, _ = answer(server, path.format(secret=server.secret, wrong="A" * 22))
    assert status == 404
    assert len(content) < 100


@pytest.mark.parametrize("host", ["", "evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil"])
def test_a_request_that_names_another_host_is_refused(server: MapServer, host: str) -> None:
    for path in (f"/{server.secret}/", f"/{server.secret}/excerpt/5"):
        status, content, _ = answer(server, path, host=host)
        assert status == 403
        assert b"this machine alone" in content


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(server: MapServer, method: str) -> None:
    assert answer(server, f"/{server.secret}/", method=method)[0] == 405


def test_what_is_no_request_is_refused_and_the_server_goes_on(server: MapServer) -> None:
    for sent in (b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"FETCH / HTTP/1.1\r\n\r\n", b"GET /<b> HTTP/9.9\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=20) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            told = b"".join(iter(lambda c=connection: c.recv(4096), b""))  # type: ignore[misc]
        assert b"<" not in told
    assert answer(server, f"/{server.secret}/")[0] == 200


def test_a_song_whose_file_changed_or_is_gone_is_refused_with_the_reason(server: MapServer) -> None:
    assert answer(server, f"/{server.secret}/excerpt/0")[:2] == (404, b"its file was changed since it was indexed")
    assert answer(server, f"/{server.secret}/excerpt/1")[:2] == (404, b"its file is gone")


def test_a_song_that_changes_while_the_server_runs_is_refused(tmp_path: Path) -> None:
    found = planted_map(with_sounds(tmp_path))
    with MapServer(found) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        (tmp_path / "7.wav").write_bytes(b"no sound")
        status, told, _ = answer(running, f"/{running.secret}/excerpt/7")
        assert (status, told) == (404, b"its file was changed since it was indexed")
        running.shutdown()
        thread.join()


def test_every_server_has_a_secret_of_its_own_and_listens_on_this_machine_alone(
    server: MapServer, tmp_path: Path
) -> None:
    with MapServer(planted_map(with_sounds(tmp_path))) as other:
        assert other.secret != server.secret
        assert other.server_address[0] == "127.0.0.1"
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{22}/", other.address)


def test_a_port_that_is_taken_or_is_none_is_told(server: MapServer) -> None:
    found = planted_map(planted_index(12))
    with pytest.raises(UsageError, match=rf"port {server.server_port} cannot be had .*choose another one"):
        serve(found, port=server.server_port)
    with pytest.raises(UsageError, match=rf"port {server.server_port} cannot be had"):
        require_port(server.server_port)
    for port in (70_000, -1):
        with pytest.raises(UsageError, match="ports go up to 65535"):
            serve(found, port=port)


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGINT between processes")
def test_ctrl_c_ends_it_without_a_traceback(tmp_path: Path) -> None:
    program = [sys.executable, "-c", PROGRAM.format(folder=str(tmp_path))]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline().startswith("open http://127.0.0.1:")
        running.send_signal(signal.SIGINT)
        assert running.stdout.read() == "ended\n"
        assert running.stderr.read() == ""
        assert running.wait(20) == 0


@pytest.mark.browser
def test_a_served_page_plays_what_it_asks_for_and_tells_why_it_cannot(browser: Browser, server: MapServer) -> None:
    page = browser.new_page()
    page.goto(server.address)
    wait(page, "globalThis.audiolime?.map")
    page.evaluate("audiolime.map.choose(5, true)")
    wait(page, "audiolime.map.heard.song === 5 && audiolime.map.heard.audio.currentTime > 0.05")
    page.evaluate("audiolime.map.choose(0, true)")
    wait(page, "document.querySelector('.message').textContent.includes('changed since it was indexed')")
    assert page.evaluate("audiolime.map.heard.song") == -1
    page.close()
