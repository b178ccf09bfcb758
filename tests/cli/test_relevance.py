"""Where in time and frequency a score comes from, by the command: models that hear one place, and refusals."""

from __future__ import annotations

import os
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, load_audio, relevance
from audiolime_ext.cli import main
from audiolime_ext.cli.relevance import write_map
from audiolime_ext.gradients.relevance import Relevance
from tests.cli.test_bad_input import AUDIO, INTERRUPTED, MISSING, USAGE, refusal
from tests.cli.test_commands import MODELS, strict
from tests.gradients.networks import SR, Celled, Network, logistic, one_place

LOW_AND_HIGH = np.concatenate([2 * one_place(slice(None), slice(0, 4)), one_place(slice(None), slice(24, 32))])


class Interrupted(Network):
    """Told to end, as by Ctrl-C, once it is asked about the second label alone."""

    def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
        if cotangent_fn(np.ones((1, 2), np.float32)).tolist() == [[0, 1]]:
            os.kill(os.getpid(), signal.SIGINT)
        return super().vjp(features, cotangent_fn, wrt=wrt)


LOW = Network(logistic(LOW_AND_HIGH, -3.0), labels=["low", "high"])
CELLED = Celled()
LEFT = Interrupted(LOW.answer, labels=["low", "high"])
SPEC = ("-m", "tests.cli.test_relevance:LOW")
RISING = [0.05, 0.1, 0.02, 0.3, 0.2, 0.15]  # levels of six seconds


@pytest.fixture(autouse=True)
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with six seconds of noise, the last three the loudest; it is the current one."""
    noise = np.random.default_rng(0).normal(0, 1, (1, 6 * SR)) * np.repeat(RISING, SR)
    Audio(noise.astype(np.float32), SR).write(tmp_path / "song.wav")
    Audio(np.zeros((1, 2 * SR), np.float32), SR).write(tmp_path / "silent.wav")
    (tmp_path / "studio_models.py").write_text(MODELS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])


def test_the_three_strongest_windows_are_explained_and_it_is_said_what_that_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["relevance", "song.wav", *SPEC, "--labels", "low"]) == 0
    out, err = capsys.readouterr()
    assert re.match(r"audiolime: song: 3 windows of 6 × 16 to 496 gradients: 1 s.*, by a trial of one window\n", err)
    lines = out.splitlines()
    assert lines[0] == "song, 3 windows: score of low by integrated gradients, from silence"
    assert [line.split()[0] for line in lines[3:6]] == ["3.00", "4.00", "5.00"]
    assert "note: of 6 windows, 3 are explained: where low is highest" in lines
    bands = re.findall(r"(\d\.\d\d) kHz", next(line for line in lines if line.startswith("means over")))
    assert len(bands) == 3
    assert all(float(khz) < 0.5 for khz in bands), "it hears the lowest four bands"


def test_every_window_is_explained_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["relevance", "song.wav", *SPEC, "--method", "ig", "--every", "--json"]) == 0
    out, err = capsys.readouterr()
    assert ": 6 windows × 16 to 496 gradients: " in err
    assert [one["start_s"] for one in strict(out)["windows"]] == [0, 1, 2, 3, 4, 5]


def test_what_is_written_is_the_result_with_a_picture_and_two_sounds_that_add_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["relevance", "song.wav", *SPEC, "--labels", "low", "high", "-o", "out"]) == 0
    assert ": 2 values × 3 windows of 6 × " in capsys.readouterr().err
    for label in ("low", "high"):
        folder = Path("out") / "song" / label
        names = ["part.wav", "picture.png", "relevance.json", "relevance.npy", "rest.wav"]
        assert sorted(path.name for path in folder.iterdir()) == names
        assert Relevance.load(folder).label == label
        assert (folder / "picture.png").read_bytes().startswith(b"\x89PNG")
        part, rest = (load_audio(folder / name).samples for name in ("part.wav", "rest.wav"))
        assert part + rest == pytest.approx(load_audio("song.wav").samples[:, 3 * SR :], abs=1e-6)
        assert np.abs(part).max() > 0.01


def test_a_recording_that_is_shorter_than_a_window_is_filled_up_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    song = load_audio("song.wav")
    Audio(song.samples[:, : SR // 2], SR).write("short.wav")
    assert main(["relevance", "short.wav", *SPEC]) == 0
    out, err = capsys.readouterr()
    assert "short, 1 window: " in out
    assert "note: 0.50 s are less than the model's window of 1.00 s" in out
    assert "audiolime: short: 1 window × " in err


def test_sounds_of_an_earlier_map_do_not_stay_beside_one_that_has_none() -> None:
    found = relevance("song.wav", LOW, label="low", strongest=1)
    folder = Path("kept")
    assert set(write_map(found, folder)[0]) == {"map", "picture", "part", "rest"}
    files, why_silent = write_map(replace(found, values=-np.abs(found.values)), folder)
    assert (set(files), why_silent) == ({"map", "picture"}, "nothing speaks for low")
    assert not [name for name in ("part.wav", "rest.wav") if (folder / name).exists()]


def test_json_is_an_object_for_each_label_with_its_files_and_references(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["relevance", "song.wav", *SPEC, "--duration", "2", "--contrast", "low", "high", "--json", "-o", "out"]
    assert main(args) == 0
    found = strict(capsys.readouterr().out)
    assert (found["label"], len(found["windows"])) == ("low − high", 2)
    assert found["references"][0].startswith("@inproceedings{sundararajan2017axiomatic,")
    assert Path(found["files"]["map"]).exists()
    assert set(found["files"]) == {"map", "picture", "part", "rest"}


def test_grad_cam_is_of_a_layer_and_takes_one_gradient(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["relevance", "song.wav", "-m", "tests.cli.test_relevance:CELLED"]
    assert main([*args, "--method", "grad-cam", "--layer", "cells"]) == 0
    out, err = capsys.readouterr()
    assert " × 1 gradient: 1 s, by a trial" in err
    assert out.startswith("song, 3 windows: score of low by Grad-CAM at cells\n")
    line = refusal(capsys, *args, "--method", "grad-cam", "--layer", "cell", code=USAGE)
    assert "unknown layer 'cell'; did you mean 'cells'? (allowed: cells)" in line
    line = refusal(capsys, *args, "--method", "grad-cam", code=USAGE)
    assert line.endswith("grad-cam is of a layer: name it (layer=, --layer), one of cells")


def test_another_recording_is_a_baseline_and_a_misspelt_name_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["relevance", "song.wav", *SPEC, "--baseline", "silent.wav"]) == 0
    out = capsys.readouterr().out
    assert "from the windows of silent" in out.splitlines()[0]
    assert "note: the baseline is another song, silent: maps say nothing of how near this one is to it" in out
    line = refusal(capsys, "relevance", "song.wav", *SPEC, "--baseline", "silense", code=USAGE)
    assert "the baseline must be silence, mean or a recording; cannot read silense" in line


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (
            ("--method", "lime"),
            "unknown method 'lime'.*integrated, gradients, smooth-integrated, grad-cam",
        ),
        (("--layer", "cells"), "a layer is for grad-cam, and integrated is of the features; leave layer out"),
        (("--method", "gradients", "--baseline", "mean"), "gradients compares with nothing; leave baseline out"),
        (("--contrast", "low", "high", "--labels", "low"), "--contrast names the two labels that it explains"),
        (("--contrast", "low", "high", "--target", "log-odds"), "give one of the two"),
        (("--labels", "lo"), "unknown label 'lo'; did you mean 'low'?"),
        (("--method", "grad-cam", "--layer", "cells"), "the layers of the model .* cannot be read"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], complaint: str
) -> None:
    assert re.search(complaint, refusal(capsys, "relevance", "song.wav", *SPEC, *flags, "-o", "out", code=USAGE))


def test_a_model_without_gradients_is_refused_with_what_can_be_asked_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    line = refusal(capsys, "relevance", "song.wav", "-m", "studio_models:windowed", code=USAGE)
    assert "studio_models:windowed cannot be differentiated" in line
    assert line.endswith("or explain the model by its answers alone: explain(), explain_track()")


def test_silence_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "'silent' is silent from 0 s to 2 s" in refusal(capsys, "relevance", "silent.wav", *SPEC, code=AUDIO)


@pytest.mark.usefixtures("published")
def test_where_torch_is_missing_the_extra_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, ezer_ev: Path
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    line = refusal(capsys, "relevance", str(ezer_ev), "--duration", "3", code=MISSING)
    assert "audiolime-ext[torch]" in line


def test_an_interruption_leaves_whole_labels_and_nothing_half_written(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["relevance", "song.wav", "-m", "tests.cli.test_relevance:LEFT", "--labels", "low", "high", "-o", "out"]
    assert main([*args, "--every"]) == INTERRUPTED
    assert capsys.readouterr().err.splitlines()[-1] == "audiolime: interrupted; nothing is left half-written"
    assert [path.name for path in Path("out/song").iterdir()] == ["low"]
    assert Relevance.load("out/song/low").label == "low"
