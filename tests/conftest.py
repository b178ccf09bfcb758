"""Fixtures that many tests share, and the rule that nothing is skipped in continuous integration."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]

collect_ignore = ["parity/genuine.py", "bench/genuine.py", "fuzz/guided.py"]  # these import packages that are not here
if find_spec("mido") is None:
    collect_ignore.append("studies/audit_planted.py")  # it renders songs; `make test-training` installs what that needs
if find_spec("torch") is None or find_spec("mido") is None:
    collect_ignore.append("training")  # likewise
asked = any("adapters" in word for word in sys.argv)  # one by one: TensorFlow and PyTorch together crash a process
adapters = {
    "keras_model": "keras",
    "deejai_keras": "keras",
    "keras_object": "keras",
    "torch_model": "torch",
    "documented_models": "torch",
    "torch_object": "torch",
    "torch_graph": "torch",
    "torch_differentiable": "torch",
    "keras_differentiable": "keras",
    "published_differentiable": "torch",
    "torch_archive": "torch",
    "hugging_face": "transformers",
    "hugging_clap": "transformers",
    "demucs": "demucs",
    "openunmix": "openunmix",
    "training": "torch",
    "captum": "captum",
    "tcav": "captum",
    "concept_rules": "torch",
    "musicnn_agreement": "torch",
    "musicnn_on_page": "torch",
}
for module, package in adapters.items():
    if not asked or find_spec(package) is None:
        collect_ignore.append(f"adapters/test_{module}.py")  # `make test-adapters` installs them
if not asked or find_spec("keras") is None or find_spec("mido") is None:
    collect_ignore.append("adapters/test_guitar_vs_piano.py")


def pytest_configure() -> None:
    """Processes that tests start end on SIGINT: under `nohup`, `&` and cron it is ignored, which children inherit."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def ezer_ev() -> Path:
    """20 s of a metal song with a singer: 44.1 kHz, stereo."""
    return ROOT / "audiolime_ext" / "data" / "ezer_ev.ogg"


@pytest.fixture(scope="session")
def feelings() -> dict[str, Path]:
    """The two true stems of 20 s of an instrumental song."""
    return {name: ROOT / "examples" / "audio" / "feelings" / f"{name}.ogg" for name in ("guitar", "rest")}


@pytest.fixture(scope="session")
def published() -> None:
    """The published checkpoints are at hand, so that no test is the first to hear of their download."""
    from audiolime_ext.models import musicnn, vibenet
    from audiolime_ext.networks.checkpoints import locate
    from factorizations import spleeter

    for checkpoint in (musicnn.CHECKPOINT, vibenet.CHECKPOINT, spleeter.CHECKPOINT):
        locate(checkpoint)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser."""
    from playwright.sync_api import sync_playwright

    from tests.browser.pages import chromium, launch

    if chromium() is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on PATH")
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Once more, twice at the most, where a busy machine lost some of the sound that a test listened to."""
    if pyfuncitem.get_closest_marker("browser") is None:
        return None
    from tests.browser.pages import TooBusyError

    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    for _ in range(2):
        try:
            pyfuncitem.obj(**arguments)
            return True
        except TooBusyError:
            running: Any = pyfuncitem.funcargs["browser"]
            for context in running.contexts:  # pages that still play would keep it busy
                context.close()
    return None  # the last time as any other test


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where CI is set, a skipped test is a failure: a tool that is missing there must not pass unseen."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and (skipped := reporter.stats.get("skipped")):
        reporter.write_line(f"\nCI is set, so {len(skipped)} skipped test(s) count as failed", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
