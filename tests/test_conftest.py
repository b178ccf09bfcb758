"""Our rules on skipped tests, lost sound, signals and bounds, themselves tested."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parent / "conftest.py"


@pytest.mark.parametrize(("ci", "exit_code"), [("true", 1), ("", 0)])
def test_a_skipped_test_fails_the_run_in_continuous_integration_only(tmp_path: Path, ci: str, exit_code: int) -> None:
    shutil.copy(CONFTEST, tmp_path)
    body = "import pytest\ndef test_passes(): pass\n@pytest.mark.skip(reason='no tool')\ndef test_skipped(): pass\n"
    (tmp_path / "test_it.py").write_text(body)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed, 1 skipped" in run.stdout
    assert run.returncode == exit_code


LISTENERS = """
import pytest
from types import SimpleNamespace
from tests.browser.pages import TooBusyError

calls, closed = {}, []

@pytest.fixture
def browser():
    return SimpleNamespace(contexts=[SimpleNamespace(close=lambda: closed.append(1))])

@pytest.mark.browser
@pytest.mark.parametrize("n_busy", [0, 1, 2, 3])
def test_listens(browser, n_busy):
    calls[n_busy] = calls.get(n_busy, 0) + 1
    if calls[n_busy] <= n_busy:
        raise TooBusyError
    assert len(closed) == sum(range(n_busy + 1))

@pytest.mark.browser
def test_fails(browser):
    calls["failing"] = calls.get("failing", 0) + 1
    assert calls["failing"] > 1
"""


def test_sound_that_a_busy_machine_lost_is_listened_to_again_and_nothing_else_is(tmp_path: Path) -> None:
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "test_it.py").write_text(LISTENERS)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "CI": "", "PYTHONPATH": str(CONFTEST.parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 failed, 3 passed" in run.stdout, run.stdout


INTERRUPTING = """
import signal, subprocess, sys
def test_interrupts():
    child = subprocess.Popen([sys.executable, "-uc", "print(1); import time; time.sleep(60)"], stdout=subprocess.PIPE)
    child.stdout.readline()
    child.send_signal(signal.SIGINT)
    assert child.wait(30) != 0
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_what_tests_start_is_interrupted_where_sigint_was_ignored(tmp_path: Path) -> None:
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "test_it.py").write_text(INTERRUPTING)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in run.stdout, run.stdout


def test_every_test_has_a_bound(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.hasplugin("timeout")
    assert 0 < float(pytestconfig.getini("timeout")) <= 900
