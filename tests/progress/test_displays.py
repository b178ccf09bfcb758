"""What stderr shows: bars where there is somebody to see them, lines in a log; and nobody else makes bars."""

from __future__ import annotations

import ast
import importlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from audiolime_ext.progress import displays
from audiolime_ext.progress.stages import reporting, stage
from tests.test_layering import PATHS

ALLOWED = ("audiolime_ext.progress.displays", "audiolime_ext.guest")  # what a guest prints stands above tqdm's bars
IN_A_NOTEBOOK = """
import sys, types, warnings

warnings.simplefilter("error")
notebook = types.ModuleType("IPython")
notebook.get_ipython = lambda: types.SimpleNamespace(config={"IPKernelApp": {}})
notebook.version_info = (8, 0)
handle = types.SimpleNamespace(display=lambda data, raw: print(data), update=lambda data, raw: print(data))
notebook.display = types.SimpleNamespace(DisplayHandle=lambda: handle)
sys.modules["IPython"] = notebook
sys.modules["ipywidgets"] = None  # it is missing
from audiolime_ext.progress import displays
from audiolime_ext.progress.stages import stage

assert displays.kind() == "notebook"
with stage("tagging", 2, "window", stays=True) as tagging:
    tagging.advance(2)
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def importing_tqdm(sources: dict[str, str]) -> list[str]:
    return [
        module
        for module, source in sources.items()
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Import) and any(alias.name.partition(".")[0] == "tqdm" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "tqdm")
    ]


def test_no_other_module_imports_tqdm() -> None:
    sources = {module: path.read_text(encoding="utf-8") for module, path in PATHS.items()}
    assert set(importing_tqdm(sources)) == set(ALLOWED)
    assert importing_tqdm({"wrong": "def f():\n    from tqdm.auto import tqdm"}) == ["wrong"]


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with reporting(), stage("measuring", 4, "recording", before=1, stays=True) as measuring:
        measuring.advance(2)
        displays.say("audiolime: warning: one was left out")
    shown = terminal.getvalue()
    assert re.search(r"measuring: +25%.* 1/4 ", shown)
    assert re.search(r"measuring: +75%.* 3/4 ", shown)
    assert "\raudiolime: warning: one was left out\n" in re.sub(r" +\r", "\r", shown)


def test_a_total_that_becomes_known_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with reporting(), stage("weights", unit="B", stays=True) as arriving:
        arriving.total = 4_000_000
        arriving.advance(1_000_000)
        arriving.advance(3_000_000)
    assert re.search(r"weights: 100%.* 4\.00M/4\.00M ", terminal.getvalue())


def test_a_notebook_without_widgets_gets_a_bar_of_text_and_no_warning() -> None:
    done = subprocess.run([sys.executable, "-c", IN_A_NOTEBOOK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "tagging: 100%" in done.stdout.splitlines()[-1], "one that stays is not written over at its end"
    assert not done.stderr


def test_an_executed_notebook_keeps_no_bar_of_work_that_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nbclient: Any = pytest.importorskip("nbclient", reason="nbclient executes notebooks; it comes with the extra dev")
    pytest.importorskip("ipykernel", reason="ipykernel executes notebooks; it comes with the extra dev")
    nbformat: Any = importlib.import_module("nbformat")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    work = "with stage('separating', 2, 'block') as one:\n    time.sleep(1.1)\n    one.advance(1)\n    one.advance(1)"
    stays = "with stage('auditing', 1, 'song', stays=True) as one: one.advance(1)"
    begin = "import sys, time\nsys.modules['ipywidgets'] = None\nfrom audiolime_ext.progress.stages import stage\n"
    cells = [nbformat.v4.new_code_cell(source) for source in (begin + work, stays)]
    nbclient.NotebookClient(nbformat.v4.new_notebook(cells=cells), timeout=120, kernel_name="python3").execute()
    left = [[output.get("data", output) for output in cell.outputs] for cell in cells]
    assert left[0] == [{"text/plain": ""}]
    (kept,) = left[1]
    assert kept["text/plain"].startswith("auditing: 100%")


def test_no_stderr_is_no_reason_to_write_to_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert displays.kind() == "nothing"
    displays.say("audiolime: warning: nobody hears this")
    assert capsys.readouterr().out == ""


def test_a_log_that_takes_no_more_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "log").open("w") as log:
        monkeypatch.setattr(sys, "stderr", log)
    displays.note("a line")  # it is closed
    assert displays.kind() == "nothing"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("columns", [0, 60])
def test_a_terminal_that_does_not_know_its_width_shows_the_bar_too(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 0, columns, 0, 0))
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        assert displays.kind() == "terminal"
        displays.bar("terminal", "measuring", "song", total=10, done=3, stays=True).close()
        terminal.flush()
        shown = os.read(ours, 1000).decode()
    os.close(ours)
    assert "measuring" in shown
    assert "3/10" in shown
