"""A figure is shown once: in a notebook with nothing switched on, and in a script by `plt.show()`."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MADE = """
import numpy as np
from audiolime_ext import explain, tagger
from factorizations.oracle import OracleFactorization
tone = np.sin(np.arange(8000) / 10).astype(np.float32)
oracle = OracleFactorization({"loud": (tone, 8000), "soft": (tone / 10, 8000)})
peak = tagger(lambda b: np.abs(b).max(axis=1, keepdims=True), labels=["peak"])
e = explain(oracle.mixture, peak, factorization=oracle)
"""
WINDOWS = """
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
class FigureManager(FigureManagerBase):
    def show(self):
        print("window:", self.canvas.figure.axes[0].get_title(loc="left"))
class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager
"""  # a window system that prints what it shows


def run(folder: Path, program: str, *, backend: str, flags: tuple[str, ...] = ()) -> str:
    (folder / "windows.py").write_text(WINDOWS)
    where = os.pathsep.join([str(folder), *filter(None, sys.path)])
    env = {**os.environ, "MPLBACKEND": backend, "PYTHONPATH": where}
    found = subprocess.run(
        [sys.executable, *flags, "-c", MADE + program], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


SHOWN = "window: mixture, 0.00–1.00 s\npeak: value 1.10, silence 0.00\n"


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        ("import matplotlib.pyplot as plt\ne.plot()\nplt.show()", SHOWN),
        ("import matplotlib.pyplot as plt\ne.plot()\ne.plot()\nplt.show()", SHOWN * 2),
        ("import matplotlib.pyplot as plt\n_, ax = plt.subplots()\ne.plot(ax=ax)\nplt.show()", SHOWN),
        ("e.plot().show()", SHOWN),
        ("g = e.plot()\ng.show()\ng.show()", SHOWN * 2),
        ("import matplotlib.pyplot as plt\ng = e.plot()\nplt.close(g)\ng.show()", SHOWN),
        ("import matplotlib.pyplot as plt\nplt.close(e.plot())\nplt.show()", ""),
    ],
)
def test_a_script_shows_each_figure_once(tmp_path: Path, program: str, shown: str) -> None:
    assert run(tmp_path, program, backend="module://windows") == shown


def test_where_pyplot_is_not_used_it_is_not_loaded_and_no_figure_is_kept(tmp_path: Path) -> None:
    program = """
import gc, sys, weakref
figure = e.plot(style="paper")
figure.savefig("f.pdf")
gone = weakref.ref(figure)
del figure
gc.collect()
print("matplotlib.pyplot" in sys.modules, gone() is None)
"""
    assert run(tmp_path, program, backend="module://windows") == "False True\n"
    assert (tmp_path / "f.pdf").read_bytes().startswith(b"%PDF")


def test_without_a_window_system_pyplots_current_figure_is_saved(tmp_path: Path) -> None:
    program = "import matplotlib.pyplot as plt\nf = e.plot()\nplt.savefig('f.png')\nprint(plt.gcf() is f)\nplt.show()"
    assert run(tmp_path, program, backend="Agg") == "True\n"
    assert (tmp_path / "f.png").stat().st_size > 5000


def test_in_a_thread_no_window_is_made(tmp_path: Path) -> None:
    program = """
import threading
import matplotlib.pyplot as plt
thread = threading.Thread(target=lambda: e.plot().savefig("f.png"))
thread.start()
thread.join()
print(plt.get_fignums())
"""
    assert run(tmp_path, program, backend="module://windows") == "[]\n"


CELLS = {
    "e.plot()": 1,
    "kept = e.plot()": 1,
    "kept": 1,
    "kept.axes[0].set_title('again'); kept": 1,
    "for _ in range(2): e.plot()": 2,
    "import matplotlib.pyplot as plt\ne.plot()\nplt.show()": 1,
    "_, ax = plt.subplots()\ne.plot(ax=ax)": 1,
    "_, ax = plt.subplots()\nmine = e.plot(ax=ax)": 1,
    "mine": 1,
    "mine.canvas.figure": 1,
    "display(e.plot(kind='spectrogram'))": 1,
    "e.plot().savefig('saved.pdf')": 1,
    "%config InlineBackend.figure_formats = ['svg']\ne.plot()": 1,
    "%config InlineBackend.close_figures = False\ne.plot()": 1,
    "e.plot().show()": 1,
    "import pickle; len(pickle.dumps(mine)) > 0": 0,
}


def test_a_notebook_shows_each_figure_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient: Any = pytest.importorskip("nbclient", reason="nbclient executes notebooks; it comes with the extra dev")
    pytest.importorskip("ipykernel", reason="ipykernel executes notebooks; it comes with the extra dev")
    nbformat: Any = importlib.import_module("nbformat")

    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    cells = [nbformat.v4.new_code_cell(source) for source in (MADE, *CELLS)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    options = {"timeout": 120, "kernel_name": "python3", "resources": {"metadata": {"path": str(tmp_path)}}}
    nbclient.NotebookClient(notebook, **options).execute()
    pictures = {
        cell.source: sum(any(kind.startswith("image/") for kind in each.get("data", {})) for each in cell.outputs)
        for cell in cells[1:]
    }
    assert pictures == CELLS
