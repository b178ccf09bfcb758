"""One suite for every registered tagger. A new one is added to SPECS (or ELSEWHERE) and inherits all of it."""

from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import registry
from audiolime_ext.audio.recording import load_audio
from audiolime_ext.cache import identity
from audiolime_ext.errors import UsageError
from audiolime_ext.models.musicnn_network import big_shapes
from audiolime_ext.prediction.capabilities import Layered
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.labels import label_names
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.taggram import tag
from tests.random_checkpoints import random_weights, write_bundle_in

FUNCTION = "tests.models.test_every:loudness"
BIG = "musicnn:MSD_musicnn_big?weights=DIR"
SPECS = ["musicnn:MSD_musicnn", "musicnn:MTT_musicnn", "musicnn:MSD_vgg", "musicnn:MTT_vgg", BIG, "vibenet", FUNCTION]
INSIDE = ["musicnn:MSD_musicnn?layer=penultimate", "musicnn:MTT_musicnn?layer=cnn2", "musicnn:MTT_vgg?layer=pool4"]
INSIDE += ["vibenet?layer=penultimate&window_s=3"]
ELSEWHERE = {  # these are of models that a test makes, mostly with packages that are extras; the same suite runs there
    "onnx:PATH?sr=…&labels=…": "models/test_onnx_model.py",
    "keras:PATH.keras?sr=…&labels=…": "adapters/test_keras_model.py",
    "torch:PATH?sr=…&labels=…": "adapters/test_torch_model.py",
    "hf:DIR": "adapters/test_hugging_face.py",
    "hf:DIR?prompts=TEXT;TEXT": "adapters/test_hugging_clap.py",
    "deejai:PATH": "models/test_deejai.py",
    "features": "models/test_features.py",
    "features:NAME;NAME": "models/test_features.py",
}


def loudness(batch: np.ndarray) -> np.ndarray:
    """Level and peak of each signal."""
    return np.stack([np.sqrt((batch**2).mean(axis=1)), np.abs(batch).max(axis=1)], axis=1)


@pytest.fixture(scope="module", params=[*SPECS, *INSIDE])
def listener(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    spec: str = request.param
    if spec == BIG:
        folder = tmp_path_factory.mktemp("big")
        write_bundle_in(folder, random_weights(big_shapes()))
        spec = spec.replace("DIR", str(folder))
    return load_model(spec, sr=16000)


def windows(listener: Model, n: int) -> np.ndarray:
    grid = Grid.of(listener, 16000)
    length = grid.lead + (grid.window or grid.sr)
    shape = (n, length) if listener.n_channels == 1 else (n, listener.n_channels, length)
    return np.random.default_rng(0).normal(0, 0.1, shape).astype(np.float32)


def test_every_registered_tagger_is_tested() -> None:
    registered = {spec for name in registry.names("model") for spec in registry.plugin("model", name).specs}
    assert registered == (set(SPECS) - {FUNCTION}) | set(ELSEWHERE)


@pytest.mark.parametrize("module", ELSEWHERE.values())
def test_the_suite_runs_on_those_that_are_tested_elsewhere(module: str) -> None:
    source = (Path(__file__).parents[1] / module).read_text(encoding="utf-8")
    assert "from tests.adapters.suite import *" in source


def test_it_keeps_the_protocol(listener: Model) -> None:
    scores = np.asarray(listener(windows(listener, 3)))
    assert scores.ndim == 2
    assert len(scores) == 3
    assert np.isfinite(scores).all()
    names = label_names(listener, scores.shape[1])
    assert len(names) == len(set(names)) == scores.shape[1]
    assert listener.spec is not None
    assert all(entry.startswith("@") for entry in listener.references)


def test_the_spec_builds_the_same_tagger_again(listener: Model) -> None:
    assert listener.spec is not None
    again = load_model(listener.spec, sr=16000)
    assert again.fingerprint == listener.fingerprint
    np.testing.assert_allclose(again(windows(again, 1)), listener(windows(listener, 1)), atol=1e-6)


def test_its_layers_answer_one_vector_per_signal_without_names_and_keep_the_rest(listener: Model) -> None:
    if not isinstance(listener, Layered):
        assert str(listener.spec).startswith((FUNCTION, "hf:", "features:"))  # these show no layers
        return
    kept = ("sr", "window_s", "hop_s", "lead_s", "min_s", "n_channels", "batch_size", "references", "fill")
    batch = windows(listener, 3)
    features = batch if listener.front_end is None else listener.front_end(batch)
    read = [layer for layer in listener.layers[-3:] if np.ndim(listener.activations(features, layer)) != 3]
    embedders = [listener.at(layer) for layer in read]
    for layer, embedder in zip(read, embedders, strict=True):
        assert isinstance(embedder, Layered)
        assert [getattr(embedder, name) for name in kept] == [getattr(listener, name) for name in kept]
        assert embedder.labels is None
        vectors = np.asarray(embedder(batch))
        activations = listener.activations(features, layer)
        assert vectors.dtype == activations.dtype == np.float32
        assert vectors.ndim == 2
        assert len(vectors) == len(activations) == 3
        again = load_model(str(embedder.spec))
        assert identity(again) == identity(embedder)
        np.testing.assert_array_equal(again(batch), vectors)
    last = embedders[-1]
    assert isinstance(last, Layered)
    known = [identity(model) for model in (*embedders, last.at(read[0]))]
    assert known[-1] == known[0]  # what is read does not depend on what was read before
    different = {(str(one and one["fingerprint"]), str(one and one["spec"])) for one in known}
    assert len(different) == len(read)
    with pytest.raises(UsageError, match="unknown layer 'nowhere'"):
        listener.at("nowhere")
    for odd in (3, None, ["x"]):
        with pytest.raises(UsageError, match="unknown layer "):
            listener.at(odd)  # type: ignore[arg-type]


def test_a_model_says_what_it_is(listener: Model) -> None:
    assert repr(listener).startswith(f"<{listener.spec}: ")
    assert f"{listener.sr} Hz" in repr(listener)
    assert len(repr(listener)) < 250


def test_signals_of_a_batch_do_not_influence_each_other(listener: Model) -> None:
    batch = windows(listener, 4)
    together = np.asarray(listener(batch))
    alone = np.concatenate([np.asarray(listener(signal[None])) for signal in batch])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert np.ptp(together, axis=0).max() > 1e-5  # the signals do differ


def test_it_does_not_change_its_argument_and_repeats_itself(listener: Model) -> None:
    batch = windows(listener, 2)
    before = batch.copy()
    first, second = np.asarray(listener(batch)), np.asarray(listener(batch))
    np.testing.assert_array_equal(batch, before)
    np.testing.assert_array_equal(first, second)


def test_silence_is_heard_as_something_finite(listener: Model) -> None:
    assert np.isfinite(np.asarray(listener(np.zeros_like(windows(listener, 1))))).all()


def test_a_windows_scores_are_those_of_the_same_excerpt_alone(listener: Model, ezer_ev: Path) -> None:
    song = load_audio(ezer_ev)
    if listener.window_s is None:
        assert len(tag(song, listener, start_s=3.0, duration_s=3.0).scores) == 1
        return
    whole = tag(song, listener)
    for index in (0, 2, len(whole.times_s) - 2):
        alone = tag(song, listener, start_s=float(whole.times_s[index]), duration_s=listener.window_s)
        # activations are larger than scores, and show where the front end rounds a bit of another cut to float16
        embedding = isinstance(listener, Layered) and listener.labels is None
        atol = 1e-4 * float(np.abs(whole.scores).max()) if embedding else 1e-5
        np.testing.assert_allclose(alone.scores[0], whole.scores[index], atol=atol)
