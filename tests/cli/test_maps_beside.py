"""``explain --gradients`` and ``page --gradients``: maps of the very windows that sources were weighed for."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio
from audiolime_ext.cli import main
from audiolime_ext.gradients.relevance import Relevance
from tests.cli.test_bad_input import USAGE, refusal
from tests.cli.test_commands import MODELS, strict
from tests.cli.test_page import command_on
from tests.gradients.networks import Celled, Network, logistic, one_place
from tests.gradients.stems import ALL, HIGH, LOW, stems

BAND = stems([0.1, 0.0, 0.05, 0.1], [0.05, 0.0, 0.1, 0.1])
HEARS = Network(logistic(np.concatenate([2 * one_place(ALL, LOW), 2 * one_place(ALL, HIGH)]), -2.0), ["low", "high"])
HEARS.spec = "tests.cli.test_maps_beside:HEARS"  # type: ignore[assignment]
CELLED = Celled()
SPEC = ("-m", "tests.cli.test_maps_beside:HEARS", "-f", "oracle:stems")
COST = r"audiolime: song: {} × 9 to 256 gradients: .*, by a trial of one window\n"


@pytest.fixture(autouse=True)
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a song of two stems, silent in its second second; it is the current one."""
    (tmp_path / "stems").mkdir()
    for name, samples in zip(BAND.names, BAND.samples, strict=True):
        Audio(samples, BAND.sr).write(tmp_path / "stems" / f"{name}.wav")
    BAND.mixture.write(tmp_path / "song.wav")
    (tmp_path / "studio_models.py").write_text(MODELS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))


def test_after_the_table_come_the_map_of_the_same_window_and_the_agreement(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "song.wav", *SPEC, "--labels", "low", "high", "--start", "2.3", "--gradients", "ig"]) == 0
    out, err = capsys.readouterr()
    assert re.search(COST.format("2 values × 1 window"), err)
    table, of_low, beside_low, of_high, beside_high = re.split(r"\n(?=song, 1 window: )", out)
    assert table.startswith("song, 2.30 s to 3.30 s\n")
    assert of_low.startswith("song, 1 window: score of low by integrated gradients, from silence\n")
    assert beside_low.startswith(
        "song, 1 window: score of low by integrated gradients, beside Shapley values of oracle:"
    )
    assert re.search(r"^bass +(9\d|100) % .* agrees$", beside_low, re.MULTILINE)
    assert "the map and the weights agree on every component" in beside_low
    assert "score of high" in of_high
    assert re.search(r"^cymbals +(9\d|100) % .* agrees$", beside_high, re.MULTILINE)
    value = float(re.search(r"^low +(\S+)", table, re.MULTILINE)[1])  # type: ignore[index]
    assert float(re.search(r"^2\.30 s +(\S+)", of_low, re.MULTILINE)[1]) == pytest.approx(value, abs=0.006)  # type: ignore[index]


def test_the_maps_files_lie_beside_the_clips_under_the_labels_name_and_a_second_run_replaces_them() -> None:
    args = ["explain", "song.wav", *SPEC, "--labels", "low", "--start", "0", "--gradients", "ig", "-o", "out"]
    for _ in range(2):
        assert main(args) == 0
        assert sorted(path.name for path in Path("out/song").iterdir()) == [
            *("explanation.json", "low", "low.wav", "mixture.wav")
        ]
    names = ["part.wav", "picture.png", "relevance.json", "relevance.npy", "rest.wav"]
    assert sorted(path.name for path in Path("out/song/low").iterdir()) == names
    assert [one.start_s for one in Relevance.load("out/song/low").windows] == [0]


def test_json_holds_the_maps_with_their_agreement_and_rerun_makes_them_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    args = [
        "explain",
        "song.wav",
        *SPEC,
        "--labels",
        "low",
        "high",
        "--start",
        "2",
        "--gradients",
        "gradients",
        "--json",
    ]
    assert main(args) == 0
    text = capsys.readouterr().out
    found = strict(text)["gradients"]
    assert [one["label"] for one in found] == ["low", "high"]
    assert found[0]["asked"] == {"method": "gradients", "layer": None}
    assert found[0]["agreement"]["rows"][0]["component"] == "bass"
    Path("result.json").write_text(text, encoding="utf-8")
    assert main(["rerun", "result.json", "--trust"]) == 0
    assert capsys.readouterr().out == "same\n"
    mean = found[1]["bands"][25]["mean"]
    Path("result.json").write_text(text.replace(f'"mean": {mean!r}', f'"mean": {mean + 0.125!r}'), encoding="utf-8")
    assert main(["rerun", "result.json", "--trust"]) == 1
    assert capsys.readouterr().out == "different: bands of the map of high differ by up to 0.12\n"


def test_of_a_track_the_windows_that_are_explained_and_sound_are_mapped(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "song.wav", *SPEC, "--labels", "low", "--track", "--gradients", "ig", "--json"]) == 0
    out, err = capsys.readouterr()
    assert re.search(COST.format("3 windows"), err)
    found = strict(out)
    assert found["silent"] == [False, True, False, False]
    assert [one["start_s"] for one in found["gradients"][0]["windows"]] == [0, 2, 3]
    assert found["gradients"][0]["agreement"]["n_abstained"] == 0
    assert main(["explain", "song.wav", *SPEC, "--labels", "low", "--at", "2.5", "--gradients", "ig", "-o", "out"]) == 0
    assert "\n2.50 s" in capsys.readouterr().out
    assert sorted(path.name for path in Path("out/song").iterdir()) == ["low", "track.json"]


def test_grad_cam_is_of_a_layer_and_is_compared_by_its_shares(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["explain", "song.wav", "-m", "tests.cli.test_maps_beside:CELLED", "-f", "oracle:stems", "--start", "0"]
    assert main([*args, "--gradients", "grad-cam", "--layer", "cells"]) == 0
    out = capsys.readouterr().out
    assert "score of low by Grad-CAM at cells\n" in out
    assert "note: the map has no unit of its own" in out


BASELINES = [("noise", "silence", 1), ("song.wav", "the windows of song", 0)]


@pytest.mark.parametrize(("given", "start", "noted"), BASELINES)
def test_integrals_start_from_what_is_off_or_say_that_they_do_not(
    capsys: pytest.CaptureFixture[str], given: str, start: str, noted: int
) -> None:
    args = ["explain", "song.wav", *SPEC, "--labels", "low", "--start", "2", "--baseline", given, "--gradients", "ig"]
    assert main(args) == 0
    out = capsys.readouterr().out
    assert f"score of low by integrated gradients, from {start}\n" in out
    told = "note: the map starts from silence, and components are switched off to noise\n"
    assert out.count(told.strip()) == noted


REFUSED = [
    (("--gradients", "lime"), "unknown method 'lime'"),
    (("--layer", "cells"), "--layer is for --gradients grad-cam; give both, or leave --layer out"),
    (("--gradients", "ig", "--layer", "cells"), "a layer is for grad-cam"),
    (("--gradients", "grad-cam", "--layer", "cells"), "the layers of the model .* cannot be read"),
    (("--gradients", "ig", "-m", "studio_models:windowed"), "windowed cannot be differentiated; take one of PyTorch"),
]


@pytest.mark.parametrize("command", ["explain", "page"])
@pytest.mark.parametrize(("flags", "complaint"), REFUSED)
def test_what_cannot_be_mapped_is_refused_before_any_work(
    capsys: pytest.CaptureFixture[str], command: str, flags: tuple[str, ...], complaint: str
) -> None:
    assert re.search(complaint, refusal(capsys, command, "song.wav", *SPEC, *flags, code=USAGE))
    assert not Path("cache").exists()
    assert not Path("song.html").exists()


def test_a_page_has_a_map_for_each_label_and_its_command_makes_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["page", "song.wav", *SPEC, "-f", "hpss", "--labels", "low", "high", "--gradients", "ig"]
    assert main([*args, "--audio", "none"]) == 0
    assert re.search(COST.format("2 values × 3 windows"), capsys.readouterr().err)
    text = Path("song.html").read_text(encoding="utf-8")
    assert re.findall(r'data-map="(\w+)"', text) == ["low", "high"] * 2, "beside each of two splits"
    program, *again = command_on("song.html")
    assert again[again.index("--gradients") + 1] == "integrated"
    Path("song.html").unlink()
    assert program == "audiolime"
    assert main(again) == 0
    assert Path("song.html").read_text(encoding="utf-8") == text


def test_a_page_of_grad_cam_names_its_layer_and_pages_of_a_folder_have_their_maps() -> None:
    Path("second.wav").write_bytes(Path("song.wav").read_bytes())
    args = ["-m", "tests.cli.test_maps_beside:CELLED", "-f", "oracle:stems", "--audio", "none", "--labels", "low"]
    assert (
        main(["page", "song.wav", "second.wav", *args, "--gradients", "grad-cam", "--layer", "cells", "-o", "out"]) == 0
    )
    for name in ("song", "second"):
        again = command_on(f"out/{name}.html")
        assert again[again.index("--gradients") :][:4] == ["--gradients", "grad-cam", "--layer", "cells"]
        assert "Grad-CAM at cells" in Path(f"out/{name}.html").read_text(encoding="utf-8")


def test_a_copy_of_a_recording_on_the_same_page_has_the_same_maps(capsys: pytest.CaptureFixture[str]) -> None:
    Path("copy.wav").write_bytes(Path("song.wav").read_bytes())
    args = ["page", "song.wav", "copy.wav", *SPEC, "--labels", "low", "--gradients", "ig", "--audio", "none"]
    assert main([*args, "-o", "both.html"]) == 0
    assert capsys.readouterr().err.count("by a trial of one window") == 1
    assert Path("both.html").read_text(encoding="utf-8").count('data-map="low"') == 2


def test_a_page_of_one_window_in_segments_has_the_map_of_that_window(capsys: pytest.CaptureFixture[str]) -> None:
    args: list[Any] = [
        "page",
        "song.wav",
        *SPEC,
        "--labels",
        "low",
        "--at",
        "2.25",
        "--segments",
        "2",
        "--gradients",
        "ig",
    ]
    assert main([*args, "--audio", "none"]) == 0
    assert re.search(COST.format("1 window"), capsys.readouterr().err)
    assert "song, 1 window: score of low by integrated gradients" in Path("song.html").read_text(encoding="utf-8")
