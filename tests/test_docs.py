"""The site: its Python runs, its commands exist, and its reference names what there is. (``make docs`` builds it.)"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import audiolime_ext
from audiolime_ext import registry
from audiolime_ext.audit.measurement.placebos import PRESENT_DB
from audiolime_ext.cli import build_parser, main
from audiolime_ext.display import Plotted
from tests.audit_collection import make_collection

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
    shutil.copytree(ROOT / "examples" / "audio" / "feelings", folder / "stems")
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


def recipe() -> list[str]:
    """The commands of ours that the steps of the recipe for CI run, in their order."""
    (block,) = blocks(DOCS / "how-to" / "audit.md", "yaml")
    steps = re.findall(r"run: (?:>-\n((?: {10}.*\n)+)|(.*)\n)", block)
    return [" ".join((folded or line).split()) for folded, line in steps if "audiolime" in folded + line]


def test_the_recipe_for_ci_is_yaml() -> None:
    yaml = pytest.importorskip("yaml", reason="needs PyYAML, of the extra medleydb")
    (block,) = blocks(DOCS / "how-to" / "audit.md", "yaml")
    steps = yaml.safe_load(block)["jobs"]["gate"]["steps"]
    assert [step["run"] for step in steps if "audiolime" in step.get("run", "")] == recipe()


def test_the_recipe_for_ci_audits_and_then_gates_the_model_as_it_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = DOCS / "how-to" / "audit.md"
    make_collection(tmp_path, 8, duration_s=0.5).rename(tmp_path / "songs.csv")
    (expected,) = [block for block in blocks(page, "text") if block.startswith("class,component\n")]
    (tmp_path / "expected.csv").write_text(expected, encoding="utf-8")
    (module,) = [block for block in blocks(page, "python") if "= tagger(" in block]
    (tmp_path / "my_models.py").write_text(module, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("my_models", None)
    audit, gate, report = (command.removeprefix("audiolime ").split() for command in recipe())
    for flag in ("--tolerance", "--expected"):
        assert gate[gate.index(flag) + 1] == report[report.index(flag) + 1], "both are to say the same"
    try:
        assert main([*audit[:-1], "production.sqlite", "--workers", "0"]) == 0
        assert main([*audit, "--workers", "0"]) == 0
        assert main(gate) == 7, "eight songs decide nothing"
        told = capsys.readouterr().out
        assert "\ninconclusive: new.sqlite; limit 5 %: the tolerance you gave; " in told
        assert "this model" in told
        assert (tmp_path / "gate.xml").exists()
        assert main([*report, "--no-audio"]) == 0
        sys.modules["my_models"].__dict__["model"] = replace(sys.modules["my_models"].model, version="2")
        assert main(gate) == 2
        assert "then, '2' now)" in capsys.readouterr().err
        assert main([*audit, "--workers", "0"]) == 2, "a store is not overwritten by another model's"
        assert "give this one another name first" in capsys.readouterr().err
    finally:
        sys.modules.pop("my_models", None)


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


def test_from_which_level_on_a_recording_holds_a_component_is_said() -> None:
    text = (DOCS / "explanation" / "verdicts.md").read_text(encoding="utf-8")
    assert f"at most {-PRESENT_DB:.0f} dB softer than the whole mix" in text
