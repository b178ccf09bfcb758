"""``audiolime why --gradients``: the map beside the stems, as it is typed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import Audio
from audiolime_ext.cli import main
from audiolime_ext.cli.why import MOST_WINDOWS
from audiolime_ext.gradients.parts.nearness import STRONGEST
from tests.cli.test_bad_input import MISSING, USAGE, refusal
from tests.cli.test_commands import strict
from tests.gradients.networks import SR, Celled, Network, linear, one_place
from tests.gradients.stems import ALL, HIGH, LOW, stems

EMBEDDER = Network(linear(np.concatenate([one_place(ALL, LOW), one_place(ALL, HIGH)])))
CELLED = Celled()
CELLED.labels = None
SPEC = ("-m", "tests.cli.test_why_gradients:EMBEDDER", "-f", "oracle:song", "--no-cache")
IG = ("--gradients", "ig")


@pytest.fixture(autouse=True)
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four seconds of bass and cymbals as true stems and their mix, a song of bass and one of cymbals."""
    made = stems((0.05, 0.1, 0.02, 0.06), (0.02, 0.01, 0.03, 0.02))
    (tmp_path / "song").mkdir()
    found = made.factorize(made.mixture)
    for name, samples in zip(found.names, found.samples, strict=True):
        Audio(samples, SR).write(tmp_path / "song" / f"{name}.wav")
    made.mixture.write(tmp_path / "query.wav")
    stems((0.1,) * 4, (0.01,) * 4).mixture.write(tmp_path / "bass.wav")
    stems((0.01,) * 4, (0.1,) * 4).mixture.write(tmp_path / "cymbals.wav")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parents[2])])


def test_the_map_stands_beside_the_stems_and_what_it_takes_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", "query.wav", "bass.wav", "cymbals.wav", *SPEC, *IG]) == 0
    out, err = capsys.readouterr()
    assert "audiolime: query.wav: 3 windows of 4 × 9 to 256 gradients: 1 s" in err
    assert MOST_WINDOWS == STRONGEST == 3
    assert out.startswith("query.wav: why bass.wav over cymbals.wav?\n")
    by_stems, by_bands, *_ = out.split(", 3 windows: bass.wav over cymbals.wav by integrated gradients, from silence")
    assert "comes most from bass" in by_stems
    assert "note: of 4 windows, 3 are explained: where bass.wav over cymbals.wav is highest" in by_bands
    assert "the map and the weights agree on every component" in by_bands
    assert "that is another question, with cymbals.wav as the baseline" in by_bands


def test_every_window_may_be_mapped_and_json_carries_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", "query.wav", "bass.wav", *SPEC, *IG, "--every", "--json"]) == 0
    out, err = capsys.readouterr()
    assert ": 4 windows × 9 to 256 gradients" in err
    told = strict(out)
    windows = told["gradients"]["relevance"]["windows"]
    assert [one["start_s"] for one in windows] == [0, 1, 2, 3]
    mean = np.mean([one["value"] - one["baseline"] for one in windows])
    assert mean == pytest.approx(sum(told["shares"].values()) - told["shares"]["silence"], abs=1e-4)
    assert {row["component"] for row in told["gradients"]["agreement"]["rows"]} == {"bass", "cymbals"}
    assert main(["why", "query.wav", "bass.wav", *SPEC, "--json"]) == 0
    assert "gradients" not in strict(capsys.readouterr().out)


def test_the_page_has_a_section_and_the_command_that_makes_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", "query.wav", "bass.wav", "cymbals.wav", *SPEC, *IG, "-o", "why.html"]) == 0
    page = Path("why.html").read_text(encoding="utf-8")
    assert '<section aria-label="By bands">' in page
    assert "--gradients integrated -o why.html" in page
    assert main(["why", "query.wav", "bass.wav", "cymbals.wav", *SPEC, "-o", "why.html"]) == 0
    assert "By bands" not in Path("why.html").read_text(encoding="utf-8")
    assert "open why.html in a browser" in capsys.readouterr().out


def test_grad_cam_is_of_a_layer(capsys: pytest.CaptureFixture[str]) -> None:
    of = ["why", "query.wav", "bass.wav", "-m", "tests.cli.test_why_gradients:CELLED", "-f", "oracle:song"]
    assert main([*of, "--no-cache", "--gradients", "grad-cam", "--layer", "cells"]) == 0
    assert "similarity to bass.wav by Grad-CAM at cells" in capsys.readouterr().out
    line = refusal(capsys, *of, "--gradients", "grad-cam", "--layer", "cell", code=USAGE)
    assert "unknown layer 'cell'; did you mean 'cells'?" in line


@pytest.mark.usefixtures("published")
def test_where_torch_is_missing_the_extra_is_named_before_any_song_is_heard(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr("audiolime_ext.recommendation.why.pipeline.why", None)
    assert "audiolime-ext[torch]" in refusal(capsys, "why", "query.wav", "bass.wav", *IG, code=MISSING)


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--gradients", "lime"), "unknown method 'lime'"),
        (("--layer", "cells"), "--layer is for --gradients grad-cam; give both, or leave --layer out"),
        (("--every",), "--every is for a map, and there is none: name a method with --gradients, such as ig"),
        ((*IG, "--study", "-o", "page.html"), "--study asks listeners about stems, and shows no map"),
        ((*IG, "-m", "tests.song_collection:bands"), "cannot be differentiated"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_any_song_is_heard(
    flags: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audiolime_ext.recommendation.why.pipeline.why", None)
    line = refusal(capsys, "why", "query.wav", "bass.wav", "cymbals.wav", *SPEC, *flags, code=USAGE)
    assert complaint in line
