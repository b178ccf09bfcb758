"""Saved Keras models as taggers: against what Keras itself answers."""

from __future__ import annotations

import base64
import json
import os
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.errors import CorruptError, MissingError, ModelError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.prediction.capabilities import Layered
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.registry import build
from tests.adapters.suite import *  # noqa: F403 - the suite of all taggers, on the listener below

keras = require("keras", extra="keras")

SR, LABELS = 8000, "rock;jazz;hum"
NOISE = np.random.default_rng(1).normal(0, 0.1, (3, SR)).astype(np.float32)


def network(shape: tuple[int | None, ...] = (None,), seed: int = 0, *, activation: str | None = "sigmoid") -> Any:
    """A small network on inputs of this shape, without the batch."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    expand = [layers.Reshape((-1, 1))] if len(shape) == 1 else []
    kind = "Conv2D" if len(shape) == 3 else "Conv1D"
    pool = f"GlobalAveragePooling{kind[-2:]}"
    body = [getattr(layers, kind)(4, 9, padding="same"), layers.BatchNormalization(), layers.Dropout(0.5)]
    out = [getattr(layers, pool)(), layers.Dense(3, activation=activation)]
    return keras.Sequential([keras.Input(shape), *expand, *body, layers.ReLU(), *out])


def saved(folder: Path, model: Any, name: str = "model.keras") -> Path:
    model.save(folder / name)
    return folder / name


def spec(path: Path, more: str = "", labels: str = LABELS) -> str:
    return f"keras:{path}?sr={SR}&labels={labels}{more}"


@pytest.fixture(scope="module", params=["waveform", "waveform, one second", "waveform with an axis", "log-mel"])
def listener(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("keras")
    match request.param:
        case "waveform":
            return load_model(spec(saved(folder, network())))
        case "waveform, one second":
            return load_model(spec(saved(folder, network((SR,))), "&hop_s=0.5"))
        case "waveform with an axis":
            return load_model(spec(saved(folder, network((None, 1))), "&window_s=1"))
    return load_model(spec(saved(folder, network((61, 20, 1))), "&front_end=log-mel:256,128,20"))


def test_it_answers_what_keras_answers(tmp_path: Path) -> None:
    model = network()
    made = build("model", spec(saved(tmp_path, model)))
    np.testing.assert_allclose(made(NOISE), model.predict(NOISE, verbose=0), atol=1e-5)
    assert made.labels == ("rock", "jazz", "hum")
    assert (made.sr, made.window_s) == (SR, None)


@pytest.mark.parametrize("name", ["softmax", "sigmoid"])
def test_logits_become_probabilities(tmp_path: Path, name: str) -> None:
    model = network(activation=None)
    made = build("model", spec(saved(tmp_path, model), f"&activation={name}"))
    wanted = getattr(keras.ops, name)(model(NOISE, training=False))
    np.testing.assert_allclose(made(NOISE), wanted, atol=1e-5)


@pytest.mark.parametrize("shape", [(61, 20), (61, 20, 1), (None, 20)])
def test_a_log_mel_front_end_feeds_it_and_its_frames_are_the_window(
    tmp_path: Path, shape: tuple[int | None, ...]
) -> None:
    model, front_end = network(shape), LogMel(SR, 256, 128, 20)
    path = saved(tmp_path, model)
    made = build("model", spec(path, "&front_end=log-mel:256,128,20"))
    assert made.window_s == (None if shape[0] is None else (256 + 60 * 128) / SR)
    spectra = front_end(NOISE)
    wanted = model.predict(spectra[..., None] if len(shape) == 3 else spectra, verbose=0)
    np.testing.assert_allclose(made(NOISE), wanted, atol=1e-5)
    with pytest.raises(UsageError, match=r"declare another front_end"):
        build("model", spec(path, "&front_end=log-mel:256,128,30"))


@pytest.mark.parametrize("as_dict", [False, True])
def test_one_of_several_outputs_is_chosen_by_name_or_position(tmp_path: Path, as_dict: bool) -> None:
    body, given = network(), keras.Input((SR,))
    scores = keras.layers.Identity(name="scores")(body(given))
    embedding = keras.layers.Dense(8, name="embedding")(scores)
    both = {"scores": scores, "embedding": embedding} if as_dict else [scores, embedding]
    path = saved(tmp_path, keras.Model(given, both))
    with pytest.raises(ModelError, match=r"a dict of 2 outputs: '.*say which are the scores: add the option output="):
        build("model", spec(path))
    by_name, by_position = (build("model", spec(path, f"&output={which}")) for which in ("scores", "0"))
    np.testing.assert_allclose(by_name(NOISE), body.predict(NOISE, verbose=0), atol=1e-5)
    np.testing.assert_array_equal(by_name(NOISE), by_position(NOISE))


def test_a_window_that_contradicts_the_model_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path, network((SR,)))
    with pytest.raises(UsageError, match=r"takes 8000 samples, but window_s=3 at 8000 Hz is 24000"):
        build("model", spec(path, "&window_s=3"))
    assert build("model", spec(path)).window_s == 1


def test_wrong_labels_are_told_with_both_numbers(tmp_path: Path) -> None:
    path = saved(tmp_path, network())
    with pytest.raises(UsageError, match=r"has 3 outputs, but labels names 4 \(a, b, c, d\)"):
        build("model", spec(path, labels="a;b;c;d"))


def test_two_labels_over_one_output_are_its_complement_and_it(tmp_path: Path) -> None:
    model = keras.Sequential([network(), keras.layers.Dense(1, activation="sigmoid")])
    model(NOISE)
    made = build("model", spec(saved(tmp_path, model), labels="speech;music"))
    music = model.predict(NOISE, verbose=0)
    np.testing.assert_allclose(made(NOISE), np.concatenate([1 - music, music], axis=1), atol=1e-5)


def test_the_fingerprint_notices_retraining_and_options_but_not_a_move(tmp_path: Path) -> None:
    path = saved(tmp_path, network())
    before = build("model", spec(path))
    again = build("model", spec(path.rename(tmp_path / "moved.keras")))
    other = build("model", spec(tmp_path / "moved.keras", "&window_s=1"))
    model = network()
    model.compile("sgd", "binary_crossentropy")
    model.fit(NOISE, np.eye(3), verbose=0)
    after = build("model", spec(saved(tmp_path, model)))
    assert before.fingerprint == again.fingerprint
    assert len({before.fingerprint, other.fingerprint, after.fingerprint}) == 3


def inner(path: Path, layer: str, more: str = "") -> str:
    return f"keras:{path}?sr={SR}&layer={layer}{more}"


@pytest.mark.parametrize("shape", [(None,), (SR,), (None, 1)])
def test_a_layer_is_the_networks_own_tensor_by_its_name(tmp_path: Path, shape: tuple[int | None, ...]) -> None:
    model = network(shape)
    path, given = saved(tmp_path, model), NOISE[..., None] if len(shape) == 2 else NOISE
    rectified = next(layer for layer in model.layers if isinstance(layer, keras.layers.ReLU))
    wanted = keras.Model(model.inputs, rectified.output).predict(given, verbose=0)
    made = load_model(inner(path, rectified.name))
    np.testing.assert_allclose(made(NOISE), wanted.mean(axis=1), atol=1e-5)
    assert made.window_s == (None if shape[0] is None else 1)
    assert load_model(inner(path, rectified.name, "&channels=first&window_s=1"))(NOISE).shape == (3, wanted.shape[1])
    scores = load_model(spec(path))
    assert isinstance(scores, Layered)
    assert list(scores.layers) == [layer.name for layer in model.layers]
    np.testing.assert_allclose(scores.activations(NOISE, rectified.name), wanted, atol=1e-5)
    hidden = scores.at(scores.layers[-2])(NOISE)
    kernel, bias = (np.asarray(values) for values in model.layers[-1].get_weights())
    np.testing.assert_allclose(1 / (1 + np.exp(-(hidden @ kernel + bias))), scores(NOISE), atol=1e-5)
    assert np.abs(1 / (1 + np.exp(-(hidden[::-1] @ kernel + bias))) - scores(NOISE)).max() > 1e-4


KerasModel: Any = keras.Model


@keras.saving.register_keras_serializable()
class Connected(KerasModel):  # type: ignore[misc]
    """A network connected by code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.scores = keras.layers.Dense(3)

    def call(self, batch: Any) -> Any:
        return self.scores(batch[:, :10])


def test_layers_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    connected = Connected()
    connected(NOISE)
    path = saved(tmp_path, connected)
    assert not isinstance(load_model(spec(path)), Layered)
    with pytest.raises(UsageError, match=r"layers of .* cannot be read, as it is no Sequential or functional model"):
        load_model(inner(path, "scores"))
    with pytest.raises(UsageError, match=r"unknown layer 'nowhere' \(allowed: "):
        load_model(inner(saved(tmp_path, network()), "nowhere"))


def altered(path: Path, change: Callable[[Any], None]) -> Path:
    """The file with another description of the model."""
    other = path.with_name("altered.keras")
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(other, "w") as changed:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "config.json":
                described = json.loads(content)
                change(described)
                content = json.dumps(described).encode()
            changed.writestr(name, content)
    return other


class Harm:
    """An object whose unpickling does something."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize(
    ("module", "name", "told"),
    [
        ("keras.layers", "Lambda", "a part Lambda"),
        ("keras.layers", "TorchModuleWrapper", "a part TorchModuleWrapper"),
        ("keras.layers", "JaxLayer", "a part JaxLayer"),
        ("keras.layers", "FlaxLayer", "a part FlaxLayer"),
        ("keras.layers", "TFSMLayer", "a part TFSMLayer"),
        ("imported_by_a_model", "Dense", "a part Dense of imported_by_a_model"),
        ("keras_imported_by_a_model", "Dense", "a part Dense"),
        ("keras.utils", "get_file", "a part get_file"),
        ("keras.models", "function", "a part function"),
    ],
)
@pytest.mark.parametrize("deep", [False, True])
def test_code_in_a_file_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str, told: str, deep: bool
) -> None:
    harm = tmp_path / "harm"
    for wrong in ("imported_by_a_model", "keras_imported_by_a_model"):
        (tmp_path / f"{wrong}.py").write_text(f"open({str(harm)!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    pickled = base64.b64encode(pickle.dumps(Harm(harm))).decode()
    part = {"module": module, "class_name": name, "config": {"module": pickled, "name": "x"}, "registered_name": None}

    def change(described: Any) -> None:
        layers = described["config"]["layers"]
        if deep:
            layers[-1]["config"]["activation"] = [{"inner": part}]
        else:
            layers.append(part)

    path = altered(saved(tmp_path, network()), change)
    with pytest.raises(UsageError, match=rf"altered\.keras has {told}.* any code.*audiolime_ext\.tagger\(…\)"):
        build("model", spec(path))
    assert not harm.exists()


def test_a_lambda_that_keras_itself_saved_is_refused(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((SR,)), keras.layers.Lambda(lambda x: x), keras.layers.Dense(3)])
    with pytest.raises(UsageError, match=r"has a part Lambda, which may run any code"):
        build("model", spec(saved(tmp_path, model)))


def test_a_model_of_many_parts_of_keras_is_loaded(tmp_path: Path) -> None:
    layers, given = keras.layers, keras.Input((SR,))
    hidden = layers.Reshape((80, 100))(given)
    hidden = layers.Bidirectional(layers.GRU(4, kernel_initializer="glorot_uniform"))(hidden[:, ::4])
    hidden = layers.Dense(4, activation=keras.ops.relu, kernel_regularizer="l2", kernel_constraint="max_norm")(hidden)
    scores = layers.Dense(3, activation="sigmoid", dtype="float32")(keras.ops.abs(hidden) * 2 + 1)
    model = keras.Model(given, scores)
    model.compile(keras.optimizers.Adam(), keras.losses.BinaryCrossentropy(), metrics=["accuracy"])
    made = build("model", spec(saved(tmp_path, model)))
    np.testing.assert_allclose(made(NOISE), model.predict(NOISE, verbose=0), atol=1e-5)


def test_a_file_without_a_description_is_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "empty.keras", "w") as archive:
        archive.writestr("metadata.json", "{}")
    with pytest.raises(CorruptError, match=r"empty\.keras is damaged, or no Keras model .*model\.save"):
        build("model", spec(tmp_path / "empty.keras"))


def test_a_description_that_is_nested_without_measure_is_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "deep.keras", "w") as archive:
        archive.writestr("config.json", "[" * 100_000)
    with pytest.raises(CorruptError, match=r"deep\.keras is damaged, or no Keras model .*it is nested too deeply"):
        build("model", spec(tmp_path / "deep.keras"))


def test_damaged_missing_and_other_files_are_told(tmp_path: Path) -> None:
    path = saved(tmp_path, network())
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(CorruptError, match=r"is damaged.*model\.save"):
        build("model", spec(path))
    with pytest.raises(MissingError, match=r"there is no model at"):
        build("model", spec(tmp_path / "none.keras"))
    with pytest.raises(UsageError, match=r"is no \.keras file"):
        build("model", spec(tmp_path / "model.h5"))


def test_threads_are_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, network())  # by now TensorFlow runs
    with pytest.raises(UsageError, match=r"threads=77, but TensorFlow already runs"):
        build("model", spec(path, "&threads=77"))


def test_without_keras_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, network())
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(MissingError, match=r"pip install 'audiolime-ext\[keras\]'"):
        build("model", spec(path))
