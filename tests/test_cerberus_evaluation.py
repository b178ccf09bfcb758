"""The evaluation of separators: known answers, and what happens where there is none."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.factorization.stems import Stems, with_residual
from audiolime_ext.factorization.transcription import Transcription
from examples.cerberus import cost, references, scores, summary
from examples.cerberus.evaluate import evaluate, main, separator
from examples.cerberus.references import SOURCES, Song, matches
from examples.cerberus.scores import LIMIT_DB, SILENT_DB
from examples.cerberus.summary import FOUR, Result, Spread
from tests.audio.test_decoding import needs_ffmpeg

RECIPE = Path(__file__).parents[1] / "examples" / "cerberus"
SR = 16000
Samples = NDArray[np.float32]


def noise(seed: int, seconds: float = 2.0, *, n_channels: int = 1, sr: int = SR) -> Samples:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.1, (n_channels, round(seconds * sr))).astype(np.float32)


def tone(hz: float, seconds: float = 2.0, *, sr: int = SR) -> Samples:
    return np.asarray(0.1 * np.sin(2 * np.pi * hz * np.arange(round(seconds * sr)) / sr), np.float32)[None]


def with_noise(target: Samples, snr_db: float) -> Samples:
    """The target plus noise that has nothing of it, at a known ratio."""
    other = noise(99, target.shape[-1] / SR).astype(np.float64)
    other -= (other * target).sum() / np.square(target, dtype=np.float64).sum() * target
    scale = np.sqrt(np.square(target, dtype=np.float64).sum() / np.square(other).sum()) * 10 ** (-snr_db / 20)
    return np.asarray(target + scale * other, np.float32)


def song(stems: Mapping[str, Samples], *, sr: int = SR, notes: NDArray[np.float32] | None = None) -> Song:
    silence = np.zeros_like(next(iter(stems.values())))
    every = {source: stems.get(source, silence) for source in SOURCES}
    mixture = np.asarray(np.sum(list(every.values()), axis=0, dtype=np.float32))
    return Song("song", Audio(mixture, sr, "song"), every, notes)


class Known:
    """A separator that answers with given stems, and hears what it is told."""

    spec, fingerprint, references = None, "known", ()
    scope: Scope = "blocks"

    def __init__(self, stems: Mapping[str, Samples], heard: Transcription | None = None) -> None:
        self.stems, self.heard = stems, heard

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        found = with_residual(audio.samples, list(self.stems), np.stack(list(self.stems.values())), audio.sr)
        return Stems(found.names, found.samples, found.sr, transcription=self.heard)


# Signals


@pytest.mark.parametrize("scale", [1.0, 0.1, -3.0])
def test_a_scaled_copy_is_perfect(scale: float) -> None:
    target = noise(0)
    assert scores.si_sdr(np.float32(scale) * target, target) == LIMIT_DB


@pytest.mark.parametrize("snr_db", [-15.0, 0.0, 20.0, 40.0])
@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_noise_of_a_known_level_gives_that_si_sdr(snr_db: float, scale: float) -> None:
    target = noise(0)
    assert scores.si_sdr(np.float32(scale) * with_noise(target, snr_db), target) == pytest.approx(snr_db, abs=0.01)


def test_sdr_knows_the_scale() -> None:
    target = noise(0)
    assert scores.sdr(np.float32(0.5) * target, target, SR) == pytest.approx(20 * np.log10(2), abs=1e-4)
    assert scores.sdr(target, target, SR) == LIMIT_DB


@needs_ffmpeg
@pytest.mark.parametrize("n_channels", [1, 2])
def test_sdr_is_that_of_museval(n_channels: int) -> None:
    import museval  # which imports musdb, and that asks for ffmpeg

    sr = 4000
    target, mixture = (noise(seed, 5.3, n_channels=n_channels, sr=sr) for seed in (0, 1))
    target[:, sr : 2 * sr] = 0  # a silent second is left out by both
    fading = np.linspace(0.1, 2, target.shape[-1], dtype=np.float32)
    estimate = np.float32(0.8) * target + fading * mixture
    theirs, *_ = museval.metrics.bss_eval(target.T[None], estimate.T[None], window=sr, hop=sr, filters_len=32)
    assert scores.sdr(estimate, target, sr) == pytest.approx(float(np.nanmedian(theirs)), abs=1e-4)
    assert scores.sdr(estimate[:, ::-1], target, sr) != pytest.approx(float(np.nanmedian(theirs)), abs=1)


def test_sdr_of_what_sounds_in_no_whole_second_is_that_of_everything() -> None:
    target = np.concatenate([np.zeros((1, SR), np.float32), noise(0, 0.5)], axis=1)
    assert scores.sdr(np.float32(0.5) * target, target, SR) == pytest.approx(20 * np.log10(2), abs=1e-4)


def test_the_mixture_gains_nothing() -> None:
    target, other = noise(0), noise(1)
    found = scores.separation(target + other, target, target + other, SR)
    assert found.case == "scored"
    assert found.gain_db == 0.0
    assert found.si_sdr_db == pytest.approx(0, abs=0.2)


def test_a_better_estimate_gains_what_it_is_better() -> None:
    target = noise(0)
    found = scores.separation(with_noise(target, 12), target, with_noise(target, -3), SR)
    assert found.gain_db == pytest.approx(15, abs=0.02)
    assert found.target_db == pytest.approx(-10 * np.log10(1 + 10**0.3), abs=0.02)


@pytest.mark.parametrize("level_db", [-200, SILENT_DB - 1])
def test_a_silent_target_has_a_leak_and_no_score(level_db: float) -> None:
    mixture = noise(0)
    target = np.float32(10 ** (level_db / 20)) * noise(1)
    found = scores.separation(np.float32(0.1) * mixture, target, mixture, SR)
    assert (found.case, found.si_sdr_db, found.gain_db, found.sdr_db) == ("silent", None, None, None)
    assert found.estimate_db == pytest.approx(-20)


def test_a_target_that_sounds_alone_leaves_nothing_to_separate() -> None:
    assert scores.separation(noise(0), noise(0), noise(0), SR).case == "alone"


def test_an_estimate_that_misses_its_target_altogether_is_told_apart() -> None:
    found = scores.separation(np.zeros_like(noise(0)), noise(0), noise(0) + noise(1), SR)
    assert (found.case, found.gain_db) == ("empty", None)
    assert found.sdr_db == pytest.approx(0)


def test_the_interval_is_that_of_a_mean() -> None:
    values = np.random.default_rng(1).normal(5, 2, 50)
    low, high = scores.mean_interval(list(values))
    half = 1.96 * values.std() / np.sqrt(50)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.1)
    assert scores.mean_interval([3.0, 3.0]) == (3.0, 3.0)
    assert scores.mean_interval(list(values)) == (low, high)


# Notes and strokes

NOTES = np.array([[0.5, 0.9, 60], [0.5, 1.0, 64], [1.0, 1.5, 60], [1.5, 1.5, 67]], np.float32)


@pytest.mark.parametrize(
    ("shift_s", "shift_pitch", "f1"), [(0, 0, 1), (0.04, 0, 1), (-0.04, 0, 1), (0.06, 0, 0), (0, 1, 0), (0, 12, 0)]
)
def test_a_note_needs_its_pitch_and_its_onset(shift_s: float, shift_pitch: float, f1: float) -> None:
    heard = NOTES + np.array([shift_s, shift_s, shift_pitch], np.float32)
    assert scores.notes(heard, NOTES).f1 == f1


def test_offsets_are_not_judged() -> None:
    assert scores.notes(NOTES + np.array([0, 3, 0], np.float32), NOTES).f1 == 1


def test_missed_and_invented_notes_cost_recall_and_precision() -> None:
    half = scores.notes(NOTES[:2], NOTES)
    assert (half.precision, half.recall, half.f1) == pytest.approx((1, 0.5, 2 / 3))
    assert (half.n_reference, half.n_estimated) == (4, 2)
    more = scores.notes(NOTES, NOTES[:2])
    assert (more.precision, more.recall) == pytest.approx((0.5, 1))


def test_where_nothing_is_played_false_notes_are_counted_and_not_scored() -> None:
    none = NOTES[:0]
    assert scores.notes(NOTES, none) == scores.Hearing(0, 4)
    assert scores.notes(none, none) == scores.Hearing(0, 0)
    assert scores.notes(none, NOTES) == scores.Hearing(4, 0, 0.0, 0.0, 0.0)


def test_strokes_are_right_within_50_ms_and_those_struck_together_are_one() -> None:
    true = [0.1, 0.5, 0.505, 1.0]
    assert scores.strokes([1.04, 0.5, 0.1], true) == scores.Hearing(3, 3, 1.0, 1.0, 1.0)
    assert scores.strokes([0.1, 0.56, 1.06], true).f1 == pytest.approx(1 / 3)
    assert scores.strokes([], []) == scores.Hearing(0, 0)


def test_constants_are_those_of_the_training() -> None:
    def value(module: str, name: str) -> Any:
        for node in ast.walk(ast.parse((RECIPE / f"{module}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name and node.value is not None:
                return ast.literal_eval(node.value)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
                return ast.literal_eval(node.value)
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == f"({name})":
                return ast.literal_eval(node.value)
        raise AssertionError(f"no {name} in {module}")

    assert value("score", "SOURCES") == SOURCES
    assert [value("network", name) for name in ("sr", "n_fft", "hop_length")] == [
        references.SR,
        references.N_FFT,
        references.HOP_LENGTH,
    ]
    assert value("network", "drums") == scores.DRUMS
    kick, snare = value("batches", "KICK, SNARE")
    assert {key: scores.drum(key) for key in range(27, 88)} == {
        key: "kick" if key in kick else "snare" if key in snare else "cymbals" for key in range(27, 88)
    }


# Which stem holds which source


@pytest.mark.parametrize(
    ("stems", "expected"),
    [
        (("vocals", "accompaniment", "residual"), {}),
        (("vocals", "drums", "bass", "other"), {"drums": "drums", "bass": "bass"}),
        (("vocals", "piano", "drums", "bass", "other"), {"piano": "piano", "drums": "drums", "bass": "bass"}),
        (("harmonic", "percussive"), {"drums": "percussive"}),
        (("piano", "guitar", "bass", "drums"), {s: s for s in SOURCES[:4]}),
        (("piano", "guitar", "bass", "drums", "residual"), {s: s for s in SOURCES[:4]} | {"other": "residual"}),
        (("piano", "guitar", "bass", "residual"), {s: s for s in SOURCES[:3]}),
    ],
)
def test_stems_are_matched_with_the_sources_that_they_are_meant_to_hold(
    stems: tuple[str, ...], expected: dict[str, str]
) -> None:
    assert matches(stems) == expected


# Bounds


@pytest.mark.parametrize("sr", [16000, 44100])
@pytest.mark.parametrize("name", ["ideal ratio mask", "phase-sensitive mask"])
def test_masks_that_know_the_truth_tell_tones_apart(name: str, sr: int) -> None:
    tones = song({"piano": tone(440, sr=sr), "bass": tone(1000, sr=sr), "other": tone(3000, sr=sr)}, sr=sr)
    found = references.BOUNDS[name](tones)
    for source in ("piano", "bass", "other"):
        inside = slice(sr // 2, -sr // 2)  # a tone's beginning and end sound at all frequencies
        assert scores.si_sdr(found[source][:, inside], tones.stems[source][:, inside]) > 40
    assert found["piano"].shape == tones.stems["piano"].shape
    assert np.abs(found["drums"]).max() < 1e-4


def test_ratio_masks_share_out_the_mixture() -> None:
    noises = song({source: noise(i) for i, source in enumerate(SOURCES)})
    total = np.sum(list(references.ideal_ratio(noises).values()), axis=0)
    np.testing.assert_allclose(total, noises.mixture.samples, atol=1e-5)


def test_the_phase_sensitive_mask_is_the_higher_bound() -> None:
    noises = song({source: noise(i) for i, source in enumerate(SOURCES)})
    ratio, sensitive = references.ideal_ratio(noises), references.phase_sensitive(noises)
    for source in SOURCES:
        levels = [scores.si_sdr(x[source], noises.stems[source]) for x in (ratio, sensitive)]
        assert scores.si_sdr(noises.mixture.samples, noises.stems[source]) < levels[0] < levels[1]


# Evaluation


def rendered(folder: Path, *, sources: tuple[str, ...] = SOURCES, seconds: float = 2.0) -> Path:
    """A song as the dataset has it; every source plays one note, or strikes a snare."""
    folder.mkdir(parents=True)
    stems = np.zeros((len(SOURCES), round(seconds * SR)), np.int16)
    for source in sources:
        i = SOURCES.index(source)
        stems[i] = 5000 * noise(i, seconds)[0] / 0.1
    np.save(folder / "stems.npy", stems)
    rows = [(SOURCES.index(source), 38, 0.5, 1.0) for source in sources]
    np.save(folder / "notes.npy", np.array(rows, np.float32).reshape(-1, 4))
    (folder / "song.json").write_text("{}", encoding="utf-8")
    return folder


def test_the_truth_is_perfect_and_its_residual_is_the_rest(tmp_path: Path) -> None:
    true = Song.rendered(rendered(tmp_path / "song"))
    notes = {source: np.array([[0.52, 0.9, 38, 0.8]], np.float32) for source in ("piano", "guitar", "bass")}
    heard = Transcription(notes, {"snare": np.array([[0.5, 0.9]], np.float32), "kick": np.zeros((0, 2), np.float32)})
    truth = Known({source: true.stems[source] for source in SOURCES[:4]}, heard)
    result = evaluate(true, "truth", separator(truth), split="human")
    assert set(result.separation) == set(SOURCES)
    assert all((one.si_sdr_db or 0) > 90 for one in result.separation.values())
    assert {what: one.f1 for what, one in result.hearing.items()} == {
        "piano notes": 1, "guitar notes": 1, "bass notes": 1, "kick": None, "snare": 1
    }  # fmt: skip


def test_means_are_over_the_songs_that_have_a_score(tmp_path: Path) -> None:
    full = Song.rendered(rendered(tmp_path / "full"))
    trio = Song.rendered(rendered(tmp_path / "trio", sources=("piano", "guitar", "bass")))
    results = [
        evaluate(one, name, separator(Known({source: stems[source] for source in SOURCES[:4]})), split="human")
        for one in (full, trio)
        for name, stems in {
            "truth": one.stems,
            "swapped": {**one.stems, "piano": one.stems["bass"], "bass": one.stems["piano"]},
            "lazy": {**one.stems, "piano": 0 * one.stems["piano"]},
        }.items()
    ]
    rows = {(row.source, row.separator): row for row in summary.separated(results)}
    drums = rows["drums", "truth"]
    assert (drums.n_songs, drums.n_silent, drums.improved, drums.leak_db) == (1, 1, 1.0, -200.0)
    assert rows["piano", "truth"].n_songs == 2
    assert rows["piano", "swapped"].improved == 0
    lazy = rows["piano", "lazy"]
    assert (lazy.n_songs, lazy.n_empty, lazy.improved, lazy.gain_db) == (0, 2, 0.0, None)
    assert lazy.sdr_db is not None
    assert lazy.sdr_db.mean == pytest.approx(0)
    gains = [rows[source, "truth"].gain_db for source in SOURCES[:4]]
    assert rows[FOUR, "truth"].n_songs == 2
    assert all(isinstance(gain, Spread) for gain in gains)
    of_full = [one.gain_db for source, one in results[0].separation.items() if source != "other" and one.gain_db]
    of_trio = [one.gain_db for source, one in results[3].separation.items() if source != "other" and one.gain_db]
    both = rows[FOUR, "truth"].gain_db
    assert both is not None
    assert both.mean == pytest.approx((np.mean(of_full) + np.mean(of_trio)) / 2)


def test_a_folder_of_recorded_stems_is_a_song_and_what_has_no_sources_name_is_other(tmp_path: Path) -> None:
    parts = {"piano": noise(0, sr=44100), "Bass": noise(1, sr=44100), "vocals": noise(2, sr=44100)}
    for name, samples in parts.items():
        Audio(samples, 44100).write(tmp_path / f"{name}.wav")
    found = Song.recorded(tmp_path)
    np.testing.assert_allclose(found.stems["bass"], parts["Bass"], atol=1e-6)
    np.testing.assert_allclose(found.stems["other"], parts["vocals"], atol=1e-6)
    np.testing.assert_allclose(found.mixture.samples, sum(parts.values()), atol=1e-6)
    assert not found.stems["drums"].any()


def test_the_command_prints_tables_and_writes_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rendered(tmp_path / "data" / "human" / "b")
    rendered(tmp_path / "data" / "human" / "a", sources=("piano", "bass"))
    (tmp_path / "data" / "human" / ".c").mkdir()  # one that is being rendered
    (tmp_path / "data" / "human" / ".c" / "song.json").touch()
    files = {kind: tmp_path / f"found.{kind}" for kind in ("json", "markdown")}
    options = [arg for kind, file in files.items() for arg in (f"--{kind}", str(file))]
    assert main([str(tmp_path / "data"), "-f", "hpss", "-f", "bands:3", "--no-cost", *options]) == 0
    printed = capsys.readouterr()
    assert "Separation: human, 2 songs" in printed.out
    assert "bands:3: no matching stems" in printed.out
    assert "left out: mma, unseen" in printed.err
    found = json.loads(files["json"].read_text(encoding="utf-8"))
    drums = next(row for row in found["separation"] if (row["source"], row["separator"]) == ("drums", "hpss"))
    assert (drums["n_songs"], drums["n_silent"]) == (1, 1)
    mixture = [row for row in found["separation"] if row["separator"] == "mixture" and row["gain_db"]]
    assert [row["gain_db"]["mean"] for row in mixture] == [0.0] * 6
    assert {one["song"] for one in found["songs"]} == {"a", "b"}
    table = files["markdown"].read_text(encoding="utf-8")
    assert "| drums | hpss | 1 |" in table
    assert "bands:3: no matching stems" in table
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "found.json", "found.markdown"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["{data}/nothing"], r"no folder .*nothing; .* make it: python -m examples\.cerberus\.dataset .*nothing"),
        (["{data}"], r"holds none of the splits human, mma, unseen; make them: python -m examples\.cerberus\.dataset"),
        (["{data}", "--split", "valdi"], r"unknown split 'valdi'; did you mean 'valid'\?"),
        (["{data}", "--split", "valid"], r"no songs in .*valid; make some: .*dataset .* --split valid"),
        ([], r"name the folder DATA of rendered songs, or folders of recorded stems with --stems"),
        (["--stems", "{data}", "-f", "hpps"], r"unknown factorization 'hpps'; did you mean 'hpss'\?"),
    ],
)
def test_a_mistake_is_told_on_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], args: list[str], message: str
) -> None:
    (tmp_path / "valid").mkdir()
    assert main([arg.format(data=tmp_path) for arg in args]) == UsageError.exit_code
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error), error


def test_without_mir_eval_the_extra_is_named_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mir_eval", None)
    assert main([str(tmp_path)]) == 3
    assert "pip install 'audiolime-ext[separation-evaluation]'" in capsys.readouterr().err


def test_the_cost_is_measured_in_a_process_of_its_own() -> None:
    found = cost.measure("bands:2", Audio(noise(0, 20.0), SR))
    assert found.duration_s == 20
    assert found.times_real_time > 1
    assert 20 < found.peak_before_mb <= found.peak_mb < 1000
    text = summary.text([Result("human", "a", 20.0, "bands:2", {})], {"bands:2": found})
    assert "Cost of separating one song" in text
