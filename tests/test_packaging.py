"""What is installed is what is here: a wheel holds every module and every file that one of them reads."""

from __future__ import annotations

import email
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("audiolime_ext", "factorizations")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """A wheel that is built of a copy without what an earlier build left."""
    try:
        version("setuptools")  # which changes distutils for the whole process where it is imported
    except PackageNotFoundError:
        pytest.skip("needs setuptools, of the extra dev")
    copy, built = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in (*PACKAGES, "pyproject.toml", "README.md", "LICENSE"):
        (copy / name).symlink_to(ROOT / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(built)]
    subprocess.run([*command, str(copy)], check=True, capture_output=True)
    return ZipFile(next(built.glob("*.whl")))


@pytest.fixture(scope="module")
def wheel(built: ZipFile) -> set[str]:
    """The names of the files in it."""
    return set(built.namelist())


def test_a_wheel_holds_all_that_is_here(wheel: set[str]) -> None:
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    here = {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}
    assert len(here) > 200
    assert here - wheel == set()


def test_a_wheel_holds_nothing_else(wheel: set[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in wheel} == {*PACKAGES, "audiolime_ext"}


def test_a_wheel_names_the_licences_of_all_that_it_holds_and_brings_their_texts(built: ZipFile) -> None:
    folder = next(name for name in built.namelist() if name.endswith("/METADATA")).removesuffix("METADATA")
    metadata = email.message_from_bytes(built.read(f"{folder}METADATA"))
    assert metadata["License-Expression"] == "BSD-3-Clause AND CC-BY-SA-3.0"
    texts = {name: built.read(f"{folder}licenses/{name}").decode() for name in metadata.get_all("License-File", ())}
    assert sorted(texts) == ["LICENSE", "audiolime_ext/data/LICENSES.md"]
    assert texts["LICENSE"].startswith("BSD 3-Clause License")
    (clip,) = (Path(name).name for name in built.namelist() if name.endswith((".ogg", ".wav", ".mp3", ".flac")))
    (about,) = (line for line in texts["audiolime_ext/data/LICENSES.md"].splitlines() if f"`{clip}`" in line)
    assert "Obsidian Shell" in about
    assert "https://creativecommons.org/licenses/by-sa/3.0/" in about
