"""The app on a real address: connections that break, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audiolime_ext.app.jobs import FILE, UPLOAD, Jobs
from audiolime_ext.app.serving import address, bound, serve
from audiolime_ext.app.settings import Settings
from audiolime_ext.errors import OutputError, UsageError
from tests.app.songs import LOUD, QUIET, left, settings

B = "xxboundaryxx"
HEAD = f'--{B}\r\nContent-Disposition: form-data; name="file"; filename="song.wav"\r\n\r\n'.encode()
END = f"\r\n--{B}--\r\n".encode()
BODY = HEAD + QUIET + END


def using(limits: Settings, act: Callable[[str], None]) -> list[BaseException]:
    """Serve in this thread, as the command does, while `act` uses the address in another; then Ctrl-C."""
    failures: list[BaseException] = []

    def client(where: str) -> None:
        try:
            act(where)
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    def told(where: str) -> None:
        threading.Thread(target=client, args=(where,)).start()

    with pytest.raises(KeyboardInterrupt):
        serve(replace(limits, port=0), told=told)
    if failures:
        raise failures[0]
    return failures


def asked(where: str, path: str = "", body: bytes | None = None) -> Any:
    kind = {"Content-Type": f"multipart/form-data; boundary={B}"} if body else {}
    with urllib.request.urlopen(urllib.request.Request(where + path, body, kind), timeout=60) as answer:
        content = answer.read()
        return json.loads(content) if "json" in answer.headers["Content-Type"] else content.decode()


def until(condition: Callable[[], bool]) -> None:
    patience = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < patience
        time.sleep(0.02)


def opened(where: str) -> socket.socket:
    host, _, port = where.removeprefix("http://").strip("/").partition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def head(length: int) -> bytes:
    kind = f"Content-Type: multipart/form-data; boundary={B}"
    return f"POST /api/explain HTTP/1.1\r\nHost: 127.0.0.1\r\n{kind}\r\nContent-Length: {length}\r\n\r\n".encode()


@pytest.mark.skipif(os.name == "nt", reason="signals end this server")
def test_a_song_is_explained_until_ctrl_c_and_what_is_done_is_kept(tmp_path: Path) -> None:
    work = tmp_path / "work"

    def act(where: str) -> None:
        assert "Drop songs here" in asked(where)
        id = asked(where, "api/explain", BODY)["id"]
        until(lambda: asked(where, f"api/jobs/{id}")["state"] == "done")
        assert "</html>" in asked(where, f"songs/{id}")
        asked(where, "api/explain", HEAD + LOUD + END)  # which is not done when the server ends

    using(settings(work, model="tests.app.listeners:sleeps", keep=True), act)
    with Jobs.open(work) as jobs:
        assert [job.state for job in jobs.all()] == ["done", "waiting"]
        assert left(work) == {job.id for job in jobs.all()}


@pytest.mark.skipif(os.name == "nt", reason="signals end this server")
def test_broken_silent_and_lying_connections_leave_nothing(tmp_path: Path) -> None:
    work = tmp_path / "work"

    def act(where: str) -> None:
        with opened(where) as broken:
            broken.sendall(head(len(BODY)) + BODY[:5000])
            until(lambda: len(left(work)) == 1)
        until(lambda: left(work) == set())  # its end was heard
        with opened(where) as silent:
            silent.sendall(head(len(BODY)) + BODY[:5000])
            answer = silent.recv(4000)
            assert answer.startswith(b"HTTP/1.1 408")
            assert b"nothing came for 1 s" in answer + silent.recv(4000)
        with opened(where) as short:
            short.sendall(head(len(BODY) - 100) + BODY)
            assert short.recv(4000).startswith(b"HTTP/1.1 400")
        for garbage in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n"):
            with opened(where) as odd:
                odd.sendall(garbage + b"\r\n\r\n")
                assert odd.recv(4000).startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
        assert left(work) == set()
        assert asked(where, "health")["waiting"] == 0

    using(settings(work, patience_s=1.0), act)
    assert not work.exists()


@pytest.mark.skipif(os.name == "nt", reason="signals end this server")
def test_a_client_that_leaves_while_its_song_is_looked_at_leaves_no_song(tmp_path: Path) -> None:
    work = tmp_path / "work"

    def act(where: str) -> None:
        with opened(where) as gone:
            gone.sendall(head(len(BODY)) + BODY)
            until(lambda: any((work / id / UPLOAD).exists() for id in left(work)))  # the checker is not ready so soon
        until(lambda: left(work) == set())
        assert asked(where, "api/jobs") == {"jobs": []}

    using(settings(work), act)


@pytest.mark.skipif(os.name == "nt", reason="signals end this server")
def test_those_who_look_on_do_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    streams: list[Any] = []

    def act(where: str) -> None:
        streams.append(urllib.request.urlopen(where + "api/events", timeout=60))
        assert streams[0].readline().startswith(b"retry")

    using(settings(tmp_path / "work"), act)
    assert streams[0].read().count(b"event: all") == 1
    streams[0].close()


def test_what_cannot_be_served_is_said_before_anything_begins(tmp_path: Path) -> None:
    def never(where: str) -> None:
        raise AssertionError(where)

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError, match="cannot be had"):
        serve(settings(tmp_path / "a", port=taken.getsockname()[1]), told=never)
    with pytest.raises(UsageError, match="ports go up to 65535"):
        bound("127.0.0.1", 70_000)
    with pytest.raises(UsageError, match=r"no\.such\.host\.example, port 0, cannot be had"):
        bound("no.such.host.example", 0)
    with pytest.raises(UsageError, match="--token"):
        serve(settings(tmp_path / "a", host="0.0.0.0"), told=never)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    with pytest.raises(OutputError, match="holds other things"):
        serve(settings(tmp_path / "full", port=0), told=never)
    with Jobs.open(tmp_path / "busy"), pytest.raises(UsageError, match="another audiolime serve works with"):
        serve(settings(tmp_path / "busy", port=0), told=never)
    assert not (tmp_path / "a" / FILE).exists()


@pytest.mark.skipif(os.name == "nt", reason="signals end this server")
def test_the_address_of_all_addresses_opens_the_page(tmp_path: Path) -> None:
    def act(where: str) -> None:
        assert "//0.0.0.0" not in where
        assert "Drop songs here" in asked(where)

    using(settings(tmp_path / "work", host="0.0.0.0", token="a-secret-of-many-letters"), act)


def test_an_address_can_be_typed() -> None:
    assert address(Settings(host="::1", port=80)) == "http://[::1]:80/"
    assert address(Settings(host="10.0.0.1", port=80, token="s" * 20)) == f"http://10.0.0.1:80/t/{'s' * 20}/"
