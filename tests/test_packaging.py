"""What is installed is what is here: a wheel holds every module and every file that one of them reads."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("audiolime_ext", "factorizations")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a wheel that is built of a copy without what an earlier build left."""
    try:
        version("setuptools")  # which changes distutils for the whole process where it is imported
    except PackageNotFoundError:
        pytest.skip("needs setuptools, of the extra dev")
    copy, built = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in (*PACKAGES, "pyproject.toml", "README.md", "LICENSE"):
        (copy / name).symlink_to(ROOT / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(built)]
    subprocess.run([*command, str(copy)], check=True, capture_output=True)
    return set(ZipFile(next(built.glob("*.whl"))).namelist())


def test_a_wheel_holds_all_that_is_here(wheel: set[str]) -> None:
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    here = {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}
    assert len(here) > 200
    assert here - wheel == set()


def test_a_wheel_holds_nothing_else(wheel: set[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in wheel} == {*PACKAGES, "audiolime_ext"}
