"""The site: its Python runs, its commands exist, and its reference names what there is. (``make docs`` builds it.)"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import audiolime_ext
from audiolime_ext import registry
from audiolime_ext.cli import build_parser
from audiolime_ext.display import Plotted

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(path for path in DOCS.rglob("*.md") if "_" not in path.relative_to(DOCS).parts[0])]
ELSEWHERE = {"how-to/models.md": "adapters/test_documented_models"}  # they need PyTorch and Keras
FENCED = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def named(page: Path) -> str:
    return str(page.relative_to(DOCS if DOCS in page.parents else ROOT))


def blocks(page: Path, language: str) -> list[str]:
    return [code for written, code in FENCED.findall(page.read_text(encoding="utf-8")) if written == language]


def commands(page: Path) -> Iterator[str]:
    """The lines of a page that are typed into a shell and begin with our command."""
    for block in blocks(page, ""):
        yield from (line.removeprefix("$ ") for line in block.splitlines() if re.match(r"(\$ )?audiolime ", line))


def run_python(page: Path, song: Path, folder: Path) -> int:
    """Run the Python of a page from top to bottom, beside a song; the number of blocks."""
    shutil.copy(song, folder / "song.ogg")
    names: dict[str, object] = {}
    found = blocks(page, "python")
    for block in found:
        exec(compile(block, named(page), "exec"), names)
    return len(found)


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=named)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ezer_ev: Path) -> None:
    if (other := ELSEWHERE.get(named(page))) is not None:
        assert (ROOT / "tests" / f"{other}.py").exists()
        return
    monkeypatch.chdir(tmp_path)
    assert run_python(page, ezer_ev, tmp_path)


@pytest.mark.parametrize("page", [p for p in PAGES if [*commands(p)]], ids=named)
def test_the_commands_of_a_page_exist_with_their_flags(page: Path) -> None:
    for command in commands(page):
        words = shlex.split(command, comments=True)
        try:
            build_parser().parse_args(words[1:])
        except SystemExit:
            pytest.fail(f"{named(page)}: {command}")


def test_a_flag_that_does_not_exist_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "wrong.md"
    page.write_text("```\naudiolime explain song.ogg --lables rock  # a comment\n```\n", encoding="utf-8")
    (command,) = commands(page)
    with pytest.raises(SystemExit):
        build_parser().parse_args(shlex.split(command, comments=True)[1:])


def test_everything_that_has_figures_has_a_page_with_plot_in_the_reference() -> None:
    text = (DOCS / "reference" / "python.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^   ([\w.]+)$", text, flags=re.MULTILINE))
    for result in Plotted.__subclasses__():
        path = f"{result.__module__}.{result.__name__}".removeprefix("audiolime_ext.")
        assert result.__name__ in audiolime_ext.__all__ or path in listed, path
    template = (DOCS / "_templates" / "autosummary" / "class.rst").read_text(encoding="utf-8")
    (outside,) = re.findall(r":inherited-members: (.*)", template)
    assert Plotted.__name__ not in outside.split(", ")


def test_the_reference_names_all_public_names_twice_in_the_table_and_with_a_page() -> None:
    text = (DOCS / "reference" / "python.md").read_text(encoding="utf-8")
    table, pages = text.split("```{eval-rst}")[:2]
    public = sorted(audiolime_ext.__all__)
    assert sorted(re.findall(r"^\| `(\w+)", table, flags=re.MULTILINE)) == public
    assert sorted(re.findall(r"^   (\w+)$", pages, flags=re.MULTILINE)) == public


@pytest.mark.parametrize(("kind", "page"), [("factorization", "separators"), ("model", "models")])
def test_the_reference_names_every_plug_in(kind: registry.Kind, page: str) -> None:
    text = (DOCS / "reference" / f"{page}.md").read_text(encoding="utf-8")
    rows = "\n".join(line.split(" | ")[0] for line in text.splitlines() if line.startswith("|"))
    for name in registry.names(kind):
        assert re.search(rf"`'?{name}\b", rows), name


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
