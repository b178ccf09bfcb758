"""The notebooks run from top to bottom, in a kernel of their own, and show what they promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).parents[1] / "examples" / "notebooks"


def run(name: str, folder: Path) -> list[Any]:
    """The outputs of a notebook's cells, all in a row."""
    nbformat = pytest.importorskip("nbformat", reason="needs nbclient and ipykernel, of the extra dev")
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient and ipykernel, of the extra dev")
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "clear the outputs before committing"
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def of_kind(outputs: list[Any], kind: str) -> list[str]:
    return [output.data[kind] for output in outputs if kind in output.get("data", {})]


def printed(outputs: list[Any]) -> str:
    return "".join(output.text for output in outputs if output.get("name") == "stdout")


def test_the_first_explanation(tmp_path: Path) -> None:
    outputs = run("start", tmp_path)
    pages = of_kind(outputs, "text/html")
    assert "female vocalists" in pages[0]
    assert "mountPlayer" in pages[0]
    assert len(pages[0]) > 50_000  # its sound
    assert len(of_kind(outputs, "image/png")) == 2
    assert "vocals leads female vocalists" in printed(outputs)


def test_the_audit_where_it_lies_beside_the_songs_wherever_the_package_is(tmp_path: Path) -> None:
    (tmp_path / "audio").symlink_to(NOTEBOOKS.parent / "audio")
    (folder := tmp_path / "notebooks").mkdir()
    assert "__file__" not in (NOTEBOOKS / "audit.ipynb").read_text(encoding="utf-8"), "it may be installed"
    outputs = run("audit", folder)
    assert "open" in printed(outputs)
    assert (folder / "report" / "index.html").stat().st_size > 100_000
