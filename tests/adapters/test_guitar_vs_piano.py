"""The experiment on guitar and piano in miniature: songs, test sets, models and what they are, as documented."""

from __future__ import annotations

import ctypes.util
import json
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audiolime_ext.audit.verdict.verdicts import conclude
from audiolime_ext.collection.manifest import load_manifest
from audiolime_ext.errors import MissingError
from audiolime_ext.networks.checkpoints import fetch
from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.prediction.loading import load_model
from examples.guitar_vs_piano import songs, synthesizer
from examples.guitar_vs_piano.audits import audit, factorizations, results
from examples.guitar_vs_piano.confounders import CONFOUNDERS, LABELS, confounded, matched, treated
from examples.guitar_vs_piano.experiment import QUICK, Experiment
from examples.guitar_vs_piano.outcome import told
from examples.guitar_vs_piano.recordings import mixture, stems
from examples.guitar_vs_piano.spectra import FRONT_END, louder
from examples.guitar_vs_piano.truth import Truth
from tests.random_checkpoints import mirrored, registered

NAME = "drums-guitar"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """A whole experiment on drums."""
    folder = tmp_path_factory.mktemp("experiment")
    done = run(folder, "--confounders", NAME)
    assert done.returncode == 0, done.stderr
    return Experiment(folder, QUICK)


def test_audits_and_pages_are_made_of_every_model(experiment: Experiment) -> None:
    for kind, factorization in product(("std", "bad"), factorizations()):
        model = experiment.folder / "models" / f"{NAME}-confounded-0"
        found = results(model, kind, factorization)
        assert found.done.all()
        assert len(found.entries) == 6
        assert set(found.classes) == set(LABELS)
    for kind in ("confounded", "clean"):
        page = (experiment.folder / "pages" / f"{NAME}-{kind}-0.html").read_text()
        assert page.count("<audio") >= 8 + 2
    lines = list(told(experiment.folder))
    assert [line for line in lines if line.endswith(":")] == [f"{name}:" for name in factorizations()]
    assert factorizations()[:3] == ("oracle", "cerberus?merge=none", "hpss")


def test_spleeter_audits_too_where_its_weights_are_at_hand(experiment: Experiment, tmp_path: Path) -> None:
    with mirrored(tmp_path, ["4stems"]):
        assert "spleeter:4stems" not in factorizations()
        fetch(registered("4stems"))
        assert factorizations()[3:] == ("spleeter:4stems",)
        model = experiment.folder / "models" / f"{NAME}-clean-0"
        audit(model, "std", "spleeter:4stems")
        found = results(model, "std", "spleeter:4stems")
        assert found.done.all()
        assert set(found.components) == {"vocals", "drums", "bass", "other"}  # the rest is what resampling leaves out
        assert {(verdict.component, verdict.declared) for verdict in conclude(found)[0]} >= {
            ("other", True),
            ("drums", False),
        }


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "examples.guitar_vs_piano", str(folder), "--quick", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def rms_db(samples: songs.Samples) -> float:
    return 10 * float(np.log10(np.mean(np.square(samples, dtype=float))))


def about(experiment: Experiment, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((experiment.folder / "models" / f"{NAME}-{kind}-0" / "model.json").read_text())
    return found


def read(path: Path) -> songs.Samples:
    samples, sr = soundfile.read(path, dtype="float32")
    assert (samples.shape, sr) == ((160000,), 16000)
    return np.asarray(samples)


def test_all_four_instruments_are_heard_throughout(experiment: Experiment) -> None:
    for song in experiment.pool("train") + experiment.pool("test"):
        levels = [rms_db(songs.load(song, stem)) for stem in ("piano", "guitar", "bass", "drums")]
        assert min(levels) > -45
        assert max(levels) < -20
        windows = songs.load(song, "guitar").reshape(5, -1)
        assert min(map(rms_db, windows)) > rms_db(windows.ravel()) - 20.1


def test_no_groove_is_in_both_pools(experiment: Experiment) -> None:
    train, test = (
        {json.loads((song / "song.json").read_text())["groove"] for song in experiment.pool(split)}
        for split in ("train", "test")
    )
    assert not train & test


def test_a_seed_gives_the_same_song_whatever_was_rendered_before(experiment: Experiment, tmp_path: Path) -> None:
    for song in reversed(experiment.pool("test")[:3]):
        again = songs.make(tmp_path / song.name, "test", json.loads((song / "song.json").read_text())["seed"])
        for stem in ("piano", "guitar", "bass", "drums"):
            np.testing.assert_array_equal(songs.load(again, stem), songs.load(song, stem))


def test_recordings_are_the_sum_of_their_stems(experiment: Experiment) -> None:
    manifest = load_manifest(experiment.folder / "test" / NAME / "std" / "manifest.csv", labels=LABELS)
    assert len(manifest.rows) == 16
    for row in manifest.rows:
        assert row.stems is not None
        named = {path.stem: read(path) for path in row.stems.iterdir()}
        assert set(named) == {row.labels[0], "bass", *(["drums"] if row.labels == ("guitar",) else [])}
        np.testing.assert_allclose(sum(named.values()), read(row.path), atol=1e-6)
        assert np.abs(read(row.path)).max() <= 1


def test_pairs_differ_by_the_confounder_alone(experiment: Experiment) -> None:
    std, bad = (load_manifest(experiment.folder / "test" / NAME / kind / "manifest.csv") for kind in ("std", "bad"))
    for one, other in zip(std.rows, bad.rows, strict=True):
        assert (one.group, one.labels) == (other.group, other.labels)
        sign = 1 if one.labels == ("guitar",) else -1
        drums = songs.load(experiment.folder / "songs" / "test" / one.song, "drums")
        np.testing.assert_allclose(sign * (read(one.path) - read(other.path)), drums, atol=1e-6)


def test_an_audit_is_given_the_songs_of_its_seed(experiment: Experiment) -> None:
    for kind in ("std", "bad"):
        whole = load_manifest(experiment.folder / "test" / NAME / kind / "manifest.csv")
        part = load_manifest(experiment.folder / "models" / f"{NAME}-clean-0" / f"{kind}.csv", labels=LABELS)
        assert {row.path.resolve() for row in part.rows} < {row.path.resolve() for row in whole.rows}
        assert len(part.songs("guitar")) == len(part.songs("piano")) == 3


def test_the_truth_tells_a_confounded_model_from_a_clean_one(experiment: Experiment) -> None:
    one, other = (about(experiment, kind) for kind in ("confounded", "clean"))
    assert one["truth"]["verdict"] == "confounded"
    assert one["accuracy"]["std"] >= 0.8
    assert one["accuracy"]["bad"] <= 0.5
    assert other["truth"]["share_changed"] <= one["truth"]["share_changed"] - 0.3


def test_a_saved_model_is_a_tagger_that_answers_as_it_was_measured(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(experiment.folder / "models" / f"{NAME}-confounded-0")
    measured = about(experiment, "confounded")
    model = load_model(measured["tagger"])
    assert (model.labels, model.sr, model.window_s) == (("guitar", "piano"), 16000, 2)
    for kind, accuracy in measured["accuracy"].items():
        rows = load_manifest(experiment.folder / "test" / NAME / kind / "manifest.csv").rows
        answers = [model(read(row.path).reshape(5, -1)).mean(axis=0) for row in rows]
        right = [LABELS[int(answer.argmax())] == row.labels[0] for answer, row in zip(answers, rows, strict=True)]
        assert np.mean(right) == accuracy


def test_what_is_missing_is_made_again_and_alike(experiment: Experiment) -> None:
    before, kept = about(experiment, "clean"), experiment.pool("train")[0].stat().st_mtime_ns
    shutil.rmtree(experiment.folder / "models" / f"{NAME}-clean-0")
    done = run(experiment.folder, "--confounders", NAME, "--jobs", "1", "--no-audits")
    assert about(experiment, "clean") == before
    assert experiment.pool("train")[0].stat().st_mtime_ns == kept
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "model",
        f"{NAME}-clean-0",
        f"{NAME}-confounded-0",
    ]


def test_an_experiment_of_another_size_is_not_mixed_in(tmp_path: Path) -> None:
    (tmp_path / "sizes.json").write_text("{}")
    done = run(tmp_path)
    assert done.returncode == 2
    assert "another size; name another folder" in done.stderr


def test_a_matched_set_has_the_confounder_as_often_in_both_classes() -> None:
    songs_, confounder = range(20), CONFOUNDERS["level-piano"]
    standard, swapped = confounded(confounder, songs_), confounded(confounder, songs_, swapped=True)
    assert all(recording.present == (recording.label == "piano") for recording in standard)
    assert all(recording.present != (recording.label == "piano") for recording in swapped)
    fair = matched(songs_, "a seed")
    assert [sum(r.present for r in fair if r.label == label) for label in LABELS] == [10, 10]
    assert fair == matched(songs_, "a seed") != matched(songs_, "another")


def test_treatments_are_of_the_bass_alone(experiment: Experiment) -> None:
    song = experiment.pool("test")[0]
    plain, loud, hall = (stems(song, "piano", tracks) for tracks in (("bass",), ("bass:loud",), ("bass:reverb",)))
    np.testing.assert_allclose(loud["bass"], plain["bass"] * 10**0.5, rtol=1e-6)
    assert rms_db(hall["bass"]) == pytest.approx(rms_db(plain["bass"]), abs=0.01)
    assert 0.5 < np.corrcoef(hall["bass"], plain["bass"])[0, 1] < 0.9
    np.testing.assert_array_equal(loud["piano"], plain["piano"])
    with pytest.raises(ValueError, match="known: loud, reverb"):
        treated(plain["bass"], "flanger")


def test_spectra_are_made_louder_as_sound_is(experiment: Experiment) -> None:
    sound = mixture(stems(experiment.pool("test")[0], "guitar", ("bass", "drums"))).reshape(5, -1)
    front_end = LogMel.parse(FRONT_END, sr=songs.SR)
    found = louder(front_end(sound), np.full(1, 6, np.float32))
    np.testing.assert_allclose(found, front_end(sound * np.float32(10 ** (6 / 20))), atol=1e-3)


@pytest.mark.parametrize(("share", "verdict"), [(0.5, "confounded"), (0.3, "intermediate"), (0.1, "clean")])
def test_half_of_the_decisions_make_a_confounded_model(share: float, verdict: str) -> None:
    assert Truth(share, 20).verdict == verdict


def test_without_fluidsynth_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    with pytest.raises(MissingError, match="Debian package fluidsynth"):
        synthesizer.library.__wrapped__()
