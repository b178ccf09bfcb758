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
from audiolime_ext.cli.relevance import FEWEST_STEPS, MOST_STEPS, write_map
from audiolime_ext.gradients.methods import integrated
from audiolime_ext.gradients.relevance import Relevance
from tests.cli.test_bad_input import AUDIO, INTERRUPTED, MISSING, USAGE, refusal
from tests.cli.test_commands import MODELS, strict
from tests.gradients.methods.test_against import Halves
from tests.gradients.networks import SR, Celled, Network, logistic, one_place
from tests.gradients.stems import hears_bass

LOW_AND_HIGH = np.concatenate([2 * one_place(slice(None), slice(0, 4)), one_place(slice(None), slice(24, 32))])


class Interrupted(Network):
    """Told to end, as by Ctrl-C, once it is asked about the second label alone."""

    def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
        if cotangent_fn(np.ones((1, 2), np.float32)).tolist() == [[0, 1]]:
            os.kill(os.getpid(), signal.SIGINT)
        return super().vjp(features, cotangent_fn, wrt=wrt)


class Known(Network):
    """One that can be told from others, so that its maps are kept; told to end in its third window if `ended_by`."""

    spec, fingerprint, batch_size = "planted:known", "1", 9  # type: ignore[assignment]
    ended_by: int | None = None

    def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
        if self.ended_by and len(features) == 1 and self.batches.count(1) == 5:  # the trial's window comes first
            os.kill(os.getpid(), self.ended_by)
        return super().vjp(features, cotangent_fn, wrt=wrt)


LOW = Network(logistic(LOW_AND_HIGH, -3.0), labels=["low", "high"])
KNOWN = Known(LOW.answer, labels=["low", "high"])
HALVES, BASS = Halves(), hears_bass()
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
    assert re.match(r"audiolime: song: 3 windows of 6 × 9 to 256 gradients: 1 s.*, by a trial of one window; ", err)
    told = "nothing is kept for another run: no fingerprint or version tells the model from a changed one"
    assert err.endswith(f"; {told}\n")
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
    assert ": 6 windows × 9 to 256 gradients: " in err
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
    assert main(["relevance", "short.wav", "-m", "tests.cli.test_relevance:BASS", "--near", "0", "--faithfulness"]) == 0
    assert "short, 1 window: loud by integrated gradients\n" in capsys.readouterr().out
    args = ["relevance", "short.wav", "-m", "tests.cli.test_relevance:HALVES", "--method", "grad-cam"]
    assert main([*args, "--layer", "bands", "--labels", "low", "--against", "high"]) == 0
    assert "score of low against high" in capsys.readouterr().out


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
        (("--method", "gradients", "--near", "0"), "--near is for integrated, and not for gradients; leave it out"),
        (("--method", "smooth-integrated", "--most-steps", "64"), "--most-steps is for integrated, and not for smooth"),
        (("--against", "low"), "--against is for maps of grad-cam; for others name two labels: --contrast"),
        (
            ("--method", "grad-cam", "--against", "low", "--contrast", "low", "high"),
            "--against compares the maps of two labels, and --contrast has one map",
        ),
        (
            ("--method", "grad-cam", "--against", "low", "--faithfulness"),
            "--faithfulness is of one map, and --against has the ratio of two",
        ),
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


@pytest.mark.parametrize(("number", "code", "word"), [(2, 130, "interrupted"), (15, 143, "ended by SIGTERM")])
def test_a_run_that_was_ended_goes_on_where_it_was_and_leaves_nothing_half_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, number: int, code: int, word: str
) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE", str(Path("cache").absolute()))
    args = ["relevance", "song.wav", "-m", "tests.cli.test_relevance:KNOWN", "--labels", "low", "--every", "-o", "out"]
    KNOWN.batches.clear()
    monkeypatch.setattr(KNOWN, "ended_by", number)
    assert main(args) == code
    line = capsys.readouterr().err.splitlines()[-1]
    kept = Path("cache/results").absolute()
    assert line == f"audiolime: {word}; 2 of 6 windows done and kept in {kept}; run the same command again to go on"
    assert not list(Path().rglob("out/**/*.*"))
    monkeypatch.setattr(KNOWN, "ended_by", None)
    assert main([*args, "--json"]) == 0
    again, err = capsys.readouterr()
    assert err.splitlines()[1:] == ["audiolime: 2 of 6 windows kept from before"]
    values = np.load("out/song/low/relevance.npy")
    assert main([*args, "--json", "--no-cache"]) == 0
    anew, err = capsys.readouterr()
    assert anew == again
    assert len(err.splitlines()) == 1
    assert np.array_equal(values, np.load("out/song/low/relevance.npy"))
    assert main(["cache", "list"]) == 0
    assert re.search(r"song +map +planted:known +6 ", capsys.readouterr().out)


def test_who_interrupts_the_checks_is_told_that_the_maps_are_not_lost(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE", str(Path("cache").absolute()))

    def interrupted(*_: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("audiolime_ext.gradients.checks.faithfulness.faithfulness", interrupted)
    args = ["relevance", "song.wav", "-m", "tests.cli.test_relevance:KNOWN", "--labels", "low", "--faithfulness"]
    assert main(args) == INTERRUPTED
    told = "nothing is left half-written; run the same command again: maps in the cache are not made twice"
    assert capsys.readouterr().err.splitlines()[-1] == f"audiolime: interrupted; {told}"
    assert len(list(Path("cache/results").iterdir())) == 3
    KNOWN.batches[:] = [1] * 5
    monkeypatch.setattr(KNOWN, "ended_by", 2)
    assert main(args[:-1]) == INTERRUPTED, "before anything is made"
    assert capsys.readouterr().err.splitlines()[-1] == "audiolime: interrupted; nothing is left half-written"
    monkeypatch.setattr(KNOWN, "ended_by", None)
    assert main([*args, "--no-cache"]) == INTERRUPTED
    assert capsys.readouterr().err.splitlines()[-1] == "audiolime: interrupted; nothing is left half-written"


def test_without_the_cache_nothing_is_kept(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE", str(Path("cache").absolute()))
    assert main(["relevance", "song.wav", "-m", "tests.cli.test_relevance:KNOWN", "--no-cache"]) == 0
    assert not Path("cache").exists()
    assert "fingerprint" not in capsys.readouterr().err


def test_the_map_is_checked_and_what_that_takes_is_said_before(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["relevance", "song.wav", "-m", "tests.cli.test_relevance:BASS", "--near", "0"]
    assert main([*args, "--faithfulness"]) == 0
    out, err = capsys.readouterr()
    assert "3 windows of 6 × 9 to 256 gradients, and 66 to check each: " in err
    assert "\ndeletion: the map's order is better than a random order (by " in out
    assert re.search(r"\d\.\d % of the cells, heard", out)
    assert "average_drop" in out
    assert "randomised down to" not in out
    assert main([*args, "--faithfulness", "all", "--json"]) == 0
    out, err = capsys.readouterr()
    assert "gradients, and 75 to 322 to check each: " in err
    found = strict(out)["faithfulness"]
    assert {one["curve"] for one in found["map"]["curves"]} == {"deletion", "insertion"}
    assert (found["randomisation"]["layers"], found["randomisation"]["n_windows"]) == (["head"], 3)
    assert found["randomisation"]["passed"] is True


def test_what_cannot_be_checked_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["relevance", "song.wav", *SPEC, "--near", "0", "--faithfulness", "all"]) == 0
    out = capsys.readouterr().out
    assert "cannot be randomised" in out.splitlines()[-1]
    assert "\nnot checked: " in out
    assert "deletion: " in out
    assert main(["relevance", "song.wav", *SPEC, "--near", "5", "--faithfulness", "--json"]) == 0
    found = strict(capsys.readouterr().out)["faithfulness"]
    assert found == {"reason": "no window is explained, so there is nothing to check"}


def test_one_label_is_shown_against_another_without_sound(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["relevance", "song.wav", "-m", "tests.cli.test_relevance:HALVES", "--method", "grad-cam"]
    args += ["--layer", "bands", "--against", "high"]
    assert main([*args, "--labels", "low", "-o", "out"]) == 0
    out, err = capsys.readouterr()
    assert "2 values × 3 windows of 6 × 1 gradient: " in err
    assert out.startswith("song, 3 windows: score of low against high by log ratio of Grad-CAM at bands\n")
    assert "no sound: a ratio is as large where both maps are next to nothing; listen to the maps of the two" in out
    names = ["picture.png", "relevance.json", "relevance.npy"]
    assert sorted(path.name for path in Path("out/song/low-against-high").iterdir()) == names
    line = refusal(capsys, *args, "--labels", "high", code=USAGE)
    assert "--against high is one of the --labels, and compared with itself; name another" in line
    assert "unknown label 'hi'" in refusal(capsys, *args[:-1], "hi", code=USAGE)


@pytest.mark.parametrize("percentile", [90, 95, 99])
def test_the_part_that_is_heard_is_of_the_cells_from_a_percentile_on(
    capsys: pytest.CaptureFixture[str], percentile: int
) -> None:
    args = ["relevance", "song.wav", *SPEC, "--labels", "low", "-o", "out", "--percentile", str(percentile)]
    assert main(args) == 0
    found = relevance("song.wav", LOW, label="low", strongest=3)
    share = 100 * found.highlights(percentile, side="for")[found.covered].mean()
    told = f"the part is {share:.1f} % of the cells: those that speak for it, from the {percentile}th percentile of "
    told += "relevance on"
    assert told in capsys.readouterr().out.splitlines()
    part = load_audio("out/song/low/part.wav").samples
    assert part == pytest.approx(found.listen(percentile).samples, abs=1e-6)
    assert main([*args, "--json"]) == 0
    plain = strict(capsys.readouterr().out)
    assert (plain["percentile"], plain["share"]) == (percentile, pytest.approx(share / 100))


def test_steps_and_nearness_are_those_of_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    assert (FEWEST_STEPS, MOST_STEPS) == (integrated.FEWEST_STEPS, integrated.MOST_STEPS)
    args = ["relevance", "song.wav", *SPEC, "--labels", "low", "--json"]
    assert main([*args, "--near", "5"]) == 0
    assert all(one["abstained"] for one in strict(capsys.readouterr().out)["windows"])
    assert main([*args, "--most-steps", "9"]) == 0
    out, err = capsys.readouterr()
    assert {one["steps"] for one in strict(out)["windows"]} == {9}
    assert ": 3 windows of 6 × 9 gradients: " in err
    assert main([*args, "--blur-frames", "2"]) == 0
    notes = strict(capsys.readouterr().out)["notes"]
    assert "blurred by a Gaussian of 2 frames (standard deviation)" in notes
