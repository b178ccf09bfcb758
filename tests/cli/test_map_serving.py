"""``audiolime map --serve`` as it is typed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from audiolime_ext.cli import main
from tests.song_collection import BANDS, make_songs

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--port", "8000"], "--port is that of a page that is served; add --serve"),
        (["--serve", "--port", "70000"], "port 70000 is none; ports go up to 65535"),
        (["--serve", "--json"], "and --serve where the page is; leave one out"),
        (["--title", "T"], "--title is that of a page; name it with -o PAGE.html, or --serve it"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_the_index_is_read(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["map", "nowhere.index", *words]) == 2
    assert told in capsys.readouterr().err


def test_a_port_that_is_taken_is_refused_before_the_index_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["map", "nowhere.index", "--serve", "--port", str(port)]) == 2
    assert f"port {port} cannot be had" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGINT between processes")
def test_a_map_is_served_until_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    make_songs(tmp_path / "songs", 12)
    index = tmp_path / "songs.index"
    assert main(["index", str(tmp_path / "songs"), "-m", BANDS, "--workers", "0", "-o", str(index)]) == 0
    command = [sys.executable, "-m", "audiolime_ext", "map", str(index), "--max-iterations", "250", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        said = next(line for line in running.stdout if line.startswith("open "))
        address = re.search(r"http://127\.0\.0\.1:\d+/[\w-]+/", said)
        assert address is not None
        with urllib.request.urlopen(address[0] + "excerpt/3", timeout=20) as answer:
            assert answer.headers["Content-Type"] == "audio/mpeg"
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 0
        assert "Traceback" not in running.stderr.read()
