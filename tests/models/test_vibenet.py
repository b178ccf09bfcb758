"""vibenet on ONNX Runtime: the genuine package's attributes, its front end, its layers."""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import explain, load_audio
from audiolime_ext.cache import identity
from audiolime_ext.cli import main
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.models.vibenet import CHECKPOINT, FAINTEST, LABELS, LAYERS, MIN_S, PROBABILITIES, SR, log_mel, make
from audiolime_ext.prediction.layers import LayeredModel, pooled
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.taggram import tag
from audiolime_ext.registry import plugin
from tests.parity.compare import attributes, load_clip, relative_difference

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "tests" / "reference" / "vibenet.npz"
NOISE = np.random.default_rng(0).normal(0, 0.1, (2, 2 * SR)).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> LayeredModel:
    return make("")


def genuine() -> dict[str, NDArray[np.float32]]:
    """Answers of the genuine package by ``CLIP|vibenet?layer=…``; see ``tests/parity/genuine.py``."""
    with np.load(REFERENCE) as stored:
        return dict(stored)


@pytest.mark.parametrize("key", genuine())
def test_answers_are_the_genuine_packages(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    clip, spec = key.rsplit("|", 1)
    audio, ours = load_clip(clip), load_model(spec)
    assert relative_difference(genuine()[key], attributes(audio, ours)) < 1e-5
    assert relative_difference(genuine()[key], attributes(audio, ours, gain=0.5)) > 1e-3


def test_the_reference_covers_attributes_and_layers_of_two_clips() -> None:
    specs = [key.rsplit("|", 1)[1] for key in genuine()]
    assert sorted(specs) == sorted(2 * ["vibenet", "vibenet?layer=penultimate", "vibenet?layer=pooled"])


def test_the_front_end_is_librosas_with_frames_of_640_samples_and_a_range_of_80_db() -> None:
    signal = NOISE[0].copy()
    signal[: SR // 2] *= 1e-4
    options = {"sr": SR, "n_fft": 1024, "hop_length": 320, "n_mels": 128, "center": False}
    # librosa puts zeros on both sides of a short window, so its frames begin 192 samples earlier
    placed = np.pad(signal, (192, 192))
    power = librosa.feature.melspectrogram(y=placed, win_length=640, **options)  # type: ignore[arg-type]
    wanted = librosa.power_to_db(power, ref=1.0, amin=FAINTEST, top_db=80.0)
    ours = log_mel(signal[None])[0].T
    np.testing.assert_allclose(ours, wanted[:, : ours.shape[1]], atol=1e-3)
    assert ours.max() - ours.min() == pytest.approx(80, abs=1e-4)


def test_probabilities_are_sigmoids_and_degrees_are_cut(model: LayeredModel) -> None:
    spectra = log_mel(NOISE)
    outputs, scores = model.predict_fn(spectra), model(NOISE)
    for column, name in enumerate(LABELS):
        value = outputs[:, column]
        wanted = 1 / (1 + np.exp(-value)) if name in PROBABILITIES else np.clip(value, 0, 1)
        np.testing.assert_allclose(scores[:, column], wanted, atol=1e-6)
    assert model.labels == LABELS


@pytest.mark.parametrize("gain", [0.0, 1e-3, 1.0, 1e3])
def test_silence_and_any_level_give_finite_attributes_in_0_to_1(model: LayeredModel, gain: float) -> None:
    scores = model(NOISE * np.float32(gain))
    assert np.isfinite(scores).all()
    assert scores.min() >= 0
    assert scores.max() <= 1


def test_answers_depend_on_the_length_as_is_said(model: LayeredModel, ezer_ev: Path) -> None:
    silence = [float(model(np.zeros((1, s * SR), np.float32))[0, LABELS.index("energy")]) for s in (1, 30)]
    assert silence == pytest.approx([0.70, 0.09], abs=0.005)
    song = load_audio(ezer_ev)
    heard = [tag(song, model, start_s=0, duration_s=s) for s in (3, None)]
    valence = [found.scores[0, LABELS.index("valence")] for found in heard]
    assert valence == pytest.approx([0.90, 0.49], abs=0.005)


def test_layers_have_the_shapes_that_are_said(model: LayeredModel) -> None:
    features = log_mel(NOISE[:1, : 320 * 63 + 640])
    n = features.shape[1]
    assert n == 64
    shapes = {layer: model.activations(features, layer).shape[1:] for layer in ("stem", "stage2", "stage7", "top")}
    assert shapes == {"stem": (32, 64, 32), "stage2": (24, 32, 16), "stage7": (320, 4, 2), "top": (1280, 4, 2)}
    assert model.at("pooled")(NOISE).shape == (2, 1280)
    assert model.at("penultimate")(NOISE).shape == (2, 256)
    assert model.layers == tuple(LAYERS)


def test_pooled_is_the_mean_of_top_over_time_and_frequency(model: LayeredModel) -> None:
    np.testing.assert_allclose(model.at("pooled")(NOISE), model.at("top")(NOISE), rtol=1e-4, atol=1e-5)
    top = model.activations(log_mel(NOISE), "top")
    np.testing.assert_array_equal(model.at("top")(NOISE), pooled(top, channels=1))


def test_an_excerpt_of_any_length_from_a_second_on_is_one_window(ezer_ev: Path, model: LayeredModel) -> None:
    song = load_audio(ezer_ev)
    assert len(tag(song, model).scores) == 1
    windows = tag(song, "vibenet?window_s=5&hop_s=2.5")
    assert windows.times_s[:3].tolist() == [0, 2.5, 5]
    with pytest.raises(AudioError, match=rf"the model needs at least {MIN_S:.3f} s"):
        tag(song, model, start_s=0, duration_s=0.9)


def test_options_are_checked_and_kept_in_the_spec(model: LayeredModel) -> None:
    embedder = make("?window_s=5&threads=1").at("penultimate")
    assert embedder.spec == "vibenet?window_s=5&threads=1&layer=penultimate"
    assert embedder.at("pooled").spec == "vibenet?window_s=5&threads=1&layer=pooled"
    assert identity(make("?threads=1")) != identity(make("?window_s=5"))
    assert make("?threads=1").fingerprint == model.fingerprint != make("?window_s=5").fingerprint
    with pytest.raises(UsageError, match=r"window_s is 0\.5; vibenet needs 1 s at least"):
        make("?window_s=0.5")
    with pytest.raises(UsageError, match="there is one vibenet, and no 'big'"):
        make("big")
    with pytest.raises(UsageError, match="unknown layer 'gelu'"):
        make("?layer=gelu")


def test_its_weights_are_listed_with_their_licence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["checkpoints", "list"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("vibenet")]
    assert "GPL-3.0-or-later" in line
    assert plugin("model", "vibenet").specs == ("vibenet",)
    assert list(CHECKPOINT.files) == ["vibenet/artifacts/efficientnet_model.onnx"]


def test_stems_explain_an_attribute(ezer_ev: Path) -> None:
    e = explain(load_audio(ezer_ev), "vibenet", factorization="hpss", labels=["energy"], start_s=5, duration_s=3)
    full, empty = e.score("energy")
    assert e.kind.noun == "score"
    assert sum(e.weights("energy").values()) == pytest.approx(full - empty, abs=1e-6)
