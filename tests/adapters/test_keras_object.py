"""Keras models that are at hand, of five kinds, against what they answer when they are called by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audiolime_ext import explain, explain_track, tag, tagger
from audiolime_ext.cache import identity
from audiolime_ext.errors import ModelError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.front_end import LogMel
from tests.adapters.suite import (
    test_a_windows_scores_are_those_of_the_same_excerpt_alone,
    test_it_does_not_change_its_argument_and_repeats_itself,
    test_signals_of_a_batch_do_not_influence_each_other,
    test_silence_is_heard_as_something_finite,
)
from tests.shown_lines import run_shown

__all__ = [
    "test_a_windows_scores_are_those_of_the_same_excerpt_alone",
    "test_it_does_not_change_its_argument_and_repeats_itself",
    "test_signals_of_a_batch_do_not_influence_each_other",
    "test_silence_is_heard_as_something_finite",
]

keras = require("keras", extra="keras")
layers = keras.layers

SR, LABELS = 8000, ["rock", "jazz", "hum"]
SONG = (np.random.default_rng(1).normal(0, 0.1, 2 * SR).astype(np.float32), SR)
BATCH = np.random.default_rng(2).normal(0, 0.1, (3, SR)).astype(np.float32)
PUT = {"sr=16000": f"sr={SR}", "[…]": str(LABELS)}
MEL = LogMel.parse("log-mel:256,128,20", sr=SR)
Base: Any = keras.Model


def wave_cnn(length: int | None = None) -> Any:
    body = [layers.Conv1D(8, 64, 16), layers.BatchNormalization(), layers.Dropout(0.5), layers.GlobalAveragePooling1D()]
    return keras.Sequential([keras.Input((length, 1)), *body, layers.Dense(3, "sigmoid")])


def mel_cnn() -> Any:
    body = [layers.Conv2D(8, 3), layers.GlobalAveragePooling2D(), layers.Dense(3, "sigmoid")]
    return keras.Sequential([keras.Input((None, 20, 1)), *body])


def whole() -> Any:
    """The same with the front end inside, which states its rate."""
    given = keras.Input((SR,))
    mel = layers.MelSpectrogram(256, 128, sampling_rate=SR, num_mel_bins=20, name="mel")(given)
    return keras.Model(given, layers.Dense(3, "sigmoid")(layers.GlobalAveragePooling1D()(mel)))


def crnn() -> Any:
    """Scores and the last states."""
    given = keras.Input((None, 1))
    frames, state = layers.GRU(8, return_sequences=True, return_state=True, name="gru")(layers.Conv1D(8, 64, 32)(given))
    scores = layers.Dense(3, "sigmoid", name="scores")(layers.GlobalAveragePooling1D()(frames))
    return keras.Model(given, [scores, layers.Identity(name="states")(state)])


class Attending(Base):  # type: ignore[misc]
    """A transformer's block, written as a class, which states nothing of its input; a dict with logits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = layers.Conv1D(8, 64, 32), layers.LayerNormalization()
        self.attention, self.logits = layers.MultiHeadAttention(2, 4), layers.Dense(3)

    def call(self, x: Any, training: bool = False) -> Any:
        frames = self.conv(x)
        frames = self.norm(frames + self.attention(frames, frames, training=training))
        return {"logits": self.logits(frames[:, 0]), "frames": frames}


def two_inputs() -> Any:
    wave, tempo = keras.Input((None, 1), name="wave"), keras.Input((1,), name="tempo")
    heard = layers.GlobalAveragePooling1D()(layers.Conv1D(8, 64, 16)(wave))
    return keras.Model([wave, tempo], layers.Dense(3, "sigmoid")(layers.Concatenate()([heard, tempo])))


def softmax(logits: Any) -> Any:
    return np.asarray(keras.ops.softmax(logits))


KINDS: dict[str, tuple[Callable[[], Any], dict[str, Any], Callable[[Any, Any], Any]]] = {
    "1-D CNN": (wave_cnn, {}, lambda net, x: net(x[..., None], training=False)),
    "log-mel CNN": (whole, {}, lambda net, x: net(x, training=False)),
    "log-mel CNN, front end outside": (
        mel_cnn,
        {"front_end": MEL},
        lambda net, x: net(MEL(x)[..., None], training=False),
    ),
    "CRNN with states": (crnn, {"output": "scores"}, lambda net, x: net(x[..., None], training=False)[0]),
    "transformer": (
        Attending,
        {"output": "logits", "activation": "softmax"},
        lambda net, x: softmax(net(x[..., None])["logits"]),
    ),
}


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> tuple[Any, dict[str, Any], Callable[[Any, Any], Any]]:
    """A model, the options that it needs, and how it is called by hand."""
    keras.utils.set_random_seed(0)
    make, options, called = KINDS[request.param]
    net = make()
    _ = called(net, BATCH)  # a model that is a class has no weights before
    return net, options, called


@pytest.fixture(scope="module")
def listener(kind: tuple[Any, dict[str, Any], Any]) -> Model:
    net, options, _ = kind
    return tagger(net, sr=SR, labels=LABELS, window_s=1.0, **options)


def test_scores_are_those_of_the_model_called_by_hand(kind: tuple[Any, dict[str, Any], Any], listener: Model) -> None:
    net, _, called = kind
    np.testing.assert_allclose(listener(BATCH), called(net, BATCH), atol=1e-5)


def test_an_explanation_is_of_those_scores_and_changes_no_weight(
    kind: tuple[Any, dict[str, Any], Any], listener: Model
) -> None:
    net, _, called = kind
    before = [np.array(held) for held in net.get_weights()]
    found = explain(SONG, listener, factorization="hpss", start_s=0.0, labels=LABELS)
    np.testing.assert_allclose(found.neighborhood.full, np.asarray(called(net, SONG[0][None, :SR]))[0], atol=1e-5)
    assert all(np.array_equal(old, new) for old, new in zip(before, net.get_weights(), strict=True))


def test_the_model_itself_is_a_model_everywhere_at_the_rate_and_with_the_window_that_it_states() -> None:
    net, stated = whole(), "the model was asked at 8000 Hz, which is what net.mel.sampling_rate says"
    assert (tagger(net).sr, tagger(net).window_s) == (SR, 1.0)
    assert stated in explain(SONG, net, factorization="hpss").notes
    assert stated in tag(SONG, net).notes
    assert stated in explain_track(SONG, net, factorization="hpss", cache=False).notes
    own = "the model was asked at the recording's own rate, 8000 Hz"
    assert any(own in note for note in explain(SONG, wave_cnn(), factorization="hpss").notes)


def test_the_fingerprint_follows_weights_and_options() -> None:
    net = wave_cnn()
    model = tagger(net, sr=SR, labels=LABELS)
    found = [model.fingerprint, tagger(net, sr=4000, labels=LABELS).fingerprint]
    assert tagger(net, sr=SR, labels=LABELS).fingerprint == found[0]
    weights = net.get_weights()
    weights[-1] = weights[-1] + 1e-6  # less than the rounding of answers to a probe
    net.set_weights(weights)
    found.append(model.fingerprint)
    assert len(set(found)) == 3
    assert None not in found
    assert identity(model) is not None


def test_a_model_of_spectra_asks_for_a_front_end_and_the_lines_shown_work() -> None:
    with pytest.raises(UsageError, match=r"takes no waveforms .*its input has the shape \(any, any, 20, 1\)") as e:
        explain(SONG, mel_cnn(), factorization="hpss")
    found = run_shown(e.value, SONG, {"net": mel_cnn(), "mel": MEL}, PUT | {"spectrogram": "mel"})
    assert found.labels[0] in LABELS


def test_a_class_states_its_input_by_what_its_weights_were_made_for() -> None:
    class Flat(Base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv = layers.Conv2D(3, 3)

        def call(self, x: Any) -> Any:
            return keras.ops.mean(self.conv(x), axis=(1, 2))

    net = Flat()
    with pytest.raises(UsageError, match="the Keras model Flat has no weights yet; call it once"):
        tagger(net, sr=SR)
    expected = net(MEL(BATCH)[..., None])
    with pytest.raises(UsageError, match=r"takes no waveforms .*: its input has the shape \(any, any, any, 1\)"):
        tagger(net, sr=SR)
    np.testing.assert_allclose(tagger(net, sr=SR, front_end=MEL)(BATCH), expected, atol=1e-5)
    with pytest.raises(ModelError, match=r"the Keras model Flat cannot hear what front_end makes of waveforms, shape"):
        tagger(net, sr=SR, front_end=lambda x: x)(BATCH)


def test_a_fixed_length_without_a_rate_asks_for_the_rate_and_the_lines_shown_work() -> None:
    with pytest.raises(UsageError, match="takes 8000 samples at a time, and its rate is not known") as e:
        explain(SONG, wave_cnn(SR), factorization="hpss")
    assert run_shown(e.value, SONG, {"net": wave_cnn(SR)}, PUT).components.duration_s == 1.0
    with pytest.raises(UsageError, match=r"takes 8000 samples, but window_s=3 at 8000 Hz is 24000; leave window_s out"):
        tagger(wave_cnn(SR), sr=SR, window_s=3.0)


def test_several_outputs_are_named_and_the_lines_shown_work() -> None:
    with pytest.raises(ModelError, match=r"answered a dict of 2 outputs: 'scores' .*, 'states' ") as e:
        explain(SONG, crnn(), factorization="hpss")
    assert run_shown(e.value, SONG, {"net": crnn()}, PUT).labels[0] in LABELS


def test_a_second_input_is_asked_for_and_the_lines_shown_work() -> None:
    net = two_inputs()
    with pytest.raises(UsageError, match=r"takes 2 inputs \(wave, tempo\), and one of them") as e:
        explain(SONG, net, factorization="hpss")
    put = PUT | {"[batch,": "[batch[..., None],"}
    assert run_shown(e.value, SONG, {"net": net, "tempo": np.ones((1, 1))}, put).labels[0] in LABELS


def test_a_second_input_without_a_name_of_its_own_is_called_by_a_plain_word() -> None:
    wave, tempo = keras.Input((100,)), keras.Input((1,))
    net = keras.Model([wave, tempo], layers.Dense(3)(layers.Concatenate()([wave, tempo])))
    with pytest.raises(
        UsageError, match=r"2 inputs \(first, second\).*\n.*\n.*\[batch, second\.repeat\(len\(batch\), axis"
    ):
        tagger(net, sr=SR)


def test_a_second_argument_of_a_class_is_asked_for_and_the_lines_shown_work() -> None:
    class Paced(Base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.scores = layers.Dense(3, "sigmoid")

        def call(self, wave: Any, tempo: Any, training: bool = False) -> Any:
            return self.scores(wave[:, :100]) * tempo

    net = Paced()
    net(BATCH, keras.ops.ones((1, 1)))
    with pytest.raises(UsageError, match=r"takes 2 inputs \(wave, tempo\)") as e:
        explain(SONG, net, factorization="hpss")
    assert run_shown(e.value, SONG, {"net": net, "tempo": np.ones((1, 1), np.float32)}, PUT).labels[0] in LABELS


@pytest.mark.parametrize(("options", "n"), [({"sr": SR, "window_s": 0.001}, "8 samples"), ({"sr": 1}, "2 samples")])
def test_signals_that_are_too_short_are_told_as_such_and_the_lines_shown_work(options: dict[str, Any], n: str) -> None:
    complaint = rf"cannot hear signals of {n}: (?s:.*)give it longer windows"
    with pytest.raises(ModelError, match=complaint) as e:
        tag(SONG, tagger(wave_cnn(), **options))
    put = PUT | {"window_s=3.0": "window_s=1.0"}
    assert run_shown(e.value, SONG, {"net": wave_cnn()}, put).labels[0] in LABELS


def test_spectra_that_are_too_short_are_told_as_such() -> None:
    complaint = r"front_end makes of waveforms, shape \(3, 1, 20\)(?s:.*)give it longer windows.*or make more bands"
    with pytest.raises(ModelError, match=complaint):
        tagger(mel_cnn(), sr=SR, front_end=lambda x: MEL(x)[:, :1])(BATCH)
