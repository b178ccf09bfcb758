"""However the command is told to end: its exit code, one line, nothing half-written, and the handlers as before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import explain, tagger
from audiolime_ext.cli import main
from tests.cli.test_bad_input import refusal, studio  # noqa: F401 - a fixture

pytestmark = pytest.mark.skipif(os.name != "posix", reason="this system has no such signals")

SAID = {"SIGINT": (130, "interrupted"), "SIGTERM": (143, "ended by SIGTERM"), "SIGHUP": (129, "ended by SIGHUP")}
MODELS = """
import signal, time
import numpy as np


def answer(batch):
    return np.abs(batch).mean(axis=1, keepdims=True)


class Falls:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)


def converts(batch):
    try:
        signal.raise_signal(signal.SIGTERM)
    except BaseException as error:
        raise ValueError("not now") from error


def swallows(batch):
    Falls()
    for _ in range(600):
        time.sleep(0.1)
    return answer(batch)


def told_to_end_by(name):
    return lambda batch: signal.raise_signal(getattr(signal, name)) or answer(batch)


SIGINT, SIGTERM, SIGHUP = map(told_to_end_by, ("SIGINT", "SIGTERM", "SIGHUP"))
"""


@pytest.fixture
def told(studio: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], tuple[int, str]]:  # noqa: F811
    """What becomes of the command when it explains this model: its exit code, and what it says."""
    (studio / "ending_models.py").write_text(MODELS)

    def explained(model: str) -> tuple[int, str]:
        before = sorted(studio.rglob("*"))
        code = main(["explain", "song.wav", "-f", "oracle:stems", "-t", f"ending_models:{model}", "-o", "out"])
        assert code == 0 or [path for path in sorted(studio.rglob("*")) if "__pycache__" not in str(path)] == before
        return code, capsys.readouterr().err

    return explained


@pytest.mark.parametrize("name", SAID)
def test_every_signal_ends_it_as_ctrl_c_does(told: Callable[[str], tuple[int, str]], name: str) -> None:
    code, words = SAID[name]
    before = signal.signal(getattr(signal, name), signal.default_int_handler)  # it may be ignored here
    try:
        assert told(name) == (code, f"audiolime: {words}; nothing is left half-written\n")
        assert signal.getsignal(getattr(signal, name)) is signal.default_int_handler
    finally:
        signal.signal(getattr(signal, name), before)


@pytest.mark.parametrize("model", ["converts", "swallows"])
def test_it_ends_whatever_code_on_the_way_makes_of_it(told: Callable[[str], tuple[int, str]], model: str) -> None:
    assert told(model) == (143, "audiolime: ended by SIGTERM; nothing is left half-written\n")


def test_what_is_ignored_stays_ignored(told: Callable[[str], tuple[int, str]]) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        assert told("SIGHUP") == (0, "")
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_python_interface_handles_no_signals() -> None:
    found = []

    def spying(batch: np.ndarray) -> np.ndarray:
        found.append([signal.getsignal(getattr(signal, name)) for name in SAID])
        return np.asarray(np.abs(batch).mean(axis=1, keepdims=True))

    before = [signal.getsignal(getattr(signal, name)) for name in SAID]
    hiss = np.random.default_rng(0).normal(0, 0.1, 8000).astype(np.float32)
    explain((hiss, 8000), tagger(spying), factorization="bands:2")
    assert found
    assert all(handlers == before for handlers in found)


def test_ctrl_c_in_the_first_import_leaves_no_traceback() -> None:
    program = """
import sys

class Impatient:
    def find_spec(name, *_):
        if name == "audiolime_ext.cli":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Impatient)
from audiolime_ext.__main__ import main
sys.exit(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (130, "audiolime: interrupted\n")
