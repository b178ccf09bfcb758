"""Importing the library and asking the command line for help cost next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "librosa",
    "numba",
    "onnxruntime",
    "onnx",
    "tensorflow",
    "keras",
    "torch",
    "transformers",
    "sklearn",
    "skimage",
    "matplotlib",
    "scipy",
    "lime",
    "pandas",
    "musdb",
    "av",
}
HELP = """
import contextlib, io
from audiolime_ext.cli import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main({arguments})
"""


def loaded_by(program: str) -> set[str]:
    """Top-level names of the modules that a program loads in a fresh interpreter."""
    report = "\nimport sys\nprint(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", program + report], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "program",
    [
        "import audiolime_ext",
        "import audiolime_ext; audiolime_ext.explain",
        "import audiolime_ext; [getattr(audiolime_ext, name) for name in audiolime_ext.__all__]",
    ],
)
def test_the_library_loads_nothing_heavy(program: str) -> None:
    assert loaded_by(program) & HEAVY == set()


@pytest.mark.parametrize("arguments", [["--help"], ["explain", "--help"], ["demo", "--help"]])
def test_help_loads_nothing_heavy_not_even_numpy(arguments: list[str]) -> None:
    assert loaded_by(HELP.format(arguments=arguments)) & {*HEAVY, "numpy", "soundfile"} == set()


def test_a_heavy_import_would_be_seen() -> None:
    assert loaded_by("import scipy.fft") & HEAVY == {"scipy"}
