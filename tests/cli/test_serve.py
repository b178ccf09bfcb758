"""``audiolime serve`` as it is typed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from audiolime_ext.app.settings import Settings
from audiolime_ext.cli import main, options, question, serve
from tests.app.songs import LOUD, QUIET
from tests.app.test_serving import END, HEAD, asked, until

ROOT = Path(__file__).parents[2]
SLEEPS = ["-m", "tests.app.listeners:sleeps", "--also", "tests.app.listeners:listens", "-f", "bands:2"]
SOUND, STUCK = HEAD + QUIET + END, HEAD + LOUD + END


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--host", "0.0.0.0"], "everybody who may use the server must know a secret: give one with --token"),
        (["--token", "short"], "--token takes 16 characters or more"),
        (["--port", "70000"], "port 70000 is none"),
        (["-f", "hpss", "-f", "hpss"], "hpss is given twice; name each model and each way to split once"),
        (["-m", "json:dumps", "--also", "json:dumps"], "json:dumps is given twice"),
        (["-m", "nosuch:x"], "unknown model 'nosuch'"),
        (["-f", "bnads:2"], "unknown factorization 'bnads'; did you mean 'bands'?"),
        (["-f", "hpss", "-f", "nosuch"], "unknown factorization 'nosuch'"),
        (["--allow-paths", "nowhere"], "--allow-paths nowhere is no folder"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", *words]) == 2
    assert told in capsys.readouterr().err


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["serve"]) == 3
    assert "pip install 'audiolime-ext[app]'" in capsys.readouterr().err


def test_the_defaults_that_the_help_says_are_those_of_the_app() -> None:
    ours = Settings()
    assert ours.models == (options.DEFAULT_MODEL,)
    assert ours.factorizations == (options.DEFAULT_FACTORIZATION,)
    assert ours.port == serve.PORT
    assert ours.workers == serve.WORKERS
    assert ours.min_score == question.MIN_SCORE


def test_the_page_is_opened_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []

    def served(settings: Settings, *, told: Callable[[str], object], troubled: object) -> None:
        told("http://127.0.0.1:1/")
        raise KeyboardInterrupt

    monkeypatch.setattr("audiolime_ext.app.serving.serve", served)
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address))
    assert main(["serve"]) == 0
    assert opened == []
    assert main(["serve", "--open", "--host", "0.0.0.0", "--token", "a-secret-of-many-letters"]) == 0
    assert opened == ["http://127.0.0.1:1/"]
    said = capsys.readouterr()
    assert main(["serve", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"address": "http://127.0.0.1:1/"}
    assert "no browser could be opened" in said.err
    assert "what goes to and fro is not encrypted" in said.err
    assert said.out.endswith("ended; nothing is kept\n")


@contextmanager
def serving(*words: str, published: bool = False) -> Iterator[tuple[Any, str]]:
    """The command in a process of its own, with small models or the published ones, and its address."""
    models = [] if published else SLEEPS
    command = [sys.executable, "-m", "audiolime_ext", "serve", "--port", "0", *models, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as running:
        try:
            assert running.stdout is not None
            said = next(line for line in running.stdout if line.startswith("open "))
            address = re.search(r"http://\S+", said)
            assert address is not None
            yield running, address[0]
        finally:
            running.kill()


def states(where: str) -> list[str]:
    return [job["state"] for job in asked(where, "api/jobs")["jobs"]]


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGINT between processes")
def test_a_server_that_was_killed_goes_on_where_it_was_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    work = tmp_path / "work"
    with serving("--keep", "--work", str(work)) as (running, where):
        asked(where, "api/explain", SOUND)
        until(lambda: states(where) == ["done"])
        asked(where, "api/explain", STUCK)
        asked(where, "api/explain", SOUND)
        until(lambda: states(where) == ["done", "running", "waiting"])
        running.send_signal(signal.SIGKILL)
        running.wait(20)
    with serving("--keep", "--work", str(work)) as (running, where):
        jobs = asked(where, "api/jobs")["jobs"]
        assert [job["state"] for job in jobs] in (["done", "running", "waiting"], ["done", "waiting", "waiting"])
        request = urllib.request.Request(f"{where}api/jobs/{jobs[1]['id']}", method="DELETE")
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert json.load(answer)["state"] == "cancelled"
        until(lambda: states(where) == ["done", "cancelled", "done"])
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
        assert running.returncode == 0
        assert out == "ended; what is done is kept, and what waits is done next time\n"
        assert err == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGINT between processes")
@pytest.mark.parametrize("gap_s", [0.0, 0.02, 0.1])
def test_ctrl_c_pressed_often_ends_it_as_once_does(gap_s: float, tmp_path: Path) -> None:
    with serving("--work", str(tmp_path / "work")) as (running, where):
        asked(where, "api/explain", STUCK)
        for _ in range(4):
            running.send_signal(signal.SIGINT)
            time.sleep(gap_s)
        out, err = running.communicate(timeout=30)
        assert (out, err) == ("ended; nothing is kept\n", "")
        assert running.returncode in ((0, -signal.SIGINT) if gap_s > 0.02 else (0,))  # it had ended at the last press
    assert not (tmp_path / "work").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are looked up in /proc")
def test_sigterm_ends_it_and_nothing_is_kept_and_no_process_is_left(tmp_path: Path) -> None:
    work = tmp_path / "work"
    with serving("--work", str(work)) as (running, where):
        asked(where, "api/explain", STUCK)
        until(lambda: states(where) == ["running"])
        workers = _children(running.pid)
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=30)
        assert running.returncode == 143
        assert err == "audiolime: ended by SIGTERM; nothing is kept\n"
        until(lambda: not any(map(_runs, workers)))
    assert not work.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are looked up in /proc")
def test_workers_end_with_a_server_that_was_killed(tmp_path: Path) -> None:
    with serving("--work", str(tmp_path / "work")) as (running, where):
        asked(where, "api/explain", STUCK)
        until(lambda: states(where) == ["running"])
        workers = _children(running.pid)
        assert len(workers) >= 2
        running.send_signal(signal.SIGKILL)
        running.wait(20)
        until(lambda: not any(map(_runs, workers)))


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(name) for task in tasks for name in (task / "children").read_text().split()]


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
