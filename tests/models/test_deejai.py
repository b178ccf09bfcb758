"""Deej-AI: the front end of document and package, and its network in NumPy, from all formats of its weights."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pytest
import soxr
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy.signal import correlate2d

from audiolime_ext import load_audio, load_model
from audiolime_ext.errors import AudiolimeError, CorruptError, MissingError, UsageError
from audiolime_ext.models.deejai import HOP_LENGTH, LEAD, PUBLISHED, SR, STEP, WINDOW, log_mel, make
from audiolime_ext.models.deejai_weights import LAYERS, N_FRAMES, N_MELS
from audiolime_ext.prediction.layers import LayeredModel
from audiolime_ext.prediction.taggram import tag
from tests.adapters.suite import *  # noqa: F403 - the suite of all taggers, on the listener below

FILTERS, UNITS = (1, 2, 3, 4), (6, 5)  # published: (1, 32, 64, 128), (1024, 100)
ROWS = N_MELS // 8 * (N_FRAMES // 8) * FILTERS[-1]
NOISE = np.random.default_rng(1).normal(0, 0.1, (2, LEAD + WINDOW)).astype(np.float32)
NOISE[1] = np.sin(np.arange(LEAD + WINDOW) / 20) * (np.arange(LEAD + WINDOW) % SR < SR // 4)
SEPARABLE = ("depthwise_kernel", "pointwise_kernel", "bias")
NORM = ("gamma", "beta", "moving_mean", "moving_variance")


def layers(seed: int = 0) -> list[tuple[str, dict[str, NDArray[np.float32]]]]:
    """Class and weights of the layers that have some, in order, as Keras keeps them."""
    rng = np.random.default_rng(seed)

    def drawn(*shape: int) -> NDArray[np.float32]:
        spread = 4 / np.sqrt(np.prod(shape[:-1])) if len(shape) > 1 else 1.0  # or the signal gets lost
        return rng.normal(0, spread, shape).astype(np.float32)

    def norm(n: int) -> tuple[str, dict[str, NDArray[np.float32]]]:
        parts = (drawn(n), drawn(n), drawn(n), np.square(drawn(n)) + np.float32(0.5))
        return "BatchNormalization", dict(zip(NORM, parts, strict=True))

    found: list[tuple[str, dict[str, NDArray[np.float32]]]] = []
    for n_in, n_out in pairwise(FILTERS):
        kernels = (drawn(3, 3, n_in, 1), drawn(1, 1, n_in, n_out), drawn(n_out))
        found += [("SeparableConv2D", dict(zip(SEPARABLE, kernels, strict=True))), norm(n_out)]
    found += [("Dense", {"kernel": drawn(ROWS, UNITS[0]), "bias": drawn(UNITS[0])}), norm(UNITS[0])]
    return [*found, ("Dense", {"kernel": drawn(*UNITS), "bias": drawn(UNITS[1])})]


def expected(spectrum: NDArray[Any], seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """The layers and the answer for one spectrum (216, 96), in float64, channels last."""
    answers: dict[str, NDArray[np.float64]] = {}
    given = iter([values for _, values in layers(seed)])
    x = spectrum.T[..., None].astype(np.float64)
    for i in (1, 2, 3):
        w = next(given)
        each = [correlate2d(x[..., c], w["depthwise_kernel"][..., c, 0], "same") for c in range(x.shape[-1])]
        x = answers[f"conv{i}"] = np.stack(each, -1) @ w["pointwise_kernel"][0, 0] + w["bias"]
        x = normalised(np.where(x > 0, x, 0.2 * x), next(given))
        x = x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2, -1).max(axis=(1, 3))
        answers[f"block{i}"] = x
    w = next(given)
    hidden = x.reshape(-1) @ w["kernel"] + w["bias"]
    answers["penultimate"] = normalised(np.where(hidden > 0, hidden, 0.2 * hidden), next(given))
    w = next(given)
    return {**answers, "": answers["penultimate"] @ w["kernel"] + w["bias"]}


def normalised(x: NDArray[Any], w: dict[str, NDArray[np.float32]]) -> NDArray[Any]:
    return np.asarray(w["gamma"] * (x - w["moving_mean"]) / np.sqrt(w["moving_variance"] + 1e-3) + w["beta"])


def description(slope: float = 0.2) -> dict[str, Any]:
    """What Keras writes of the layers, as far as it matters."""
    kinds = 3 * ["SeparableConv2D", "LeakyReLU", "BatchNormalization", "MaxPooling2D", "Dropout"]
    kinds += ["Flatten", "Dense", "LeakyReLU", "BatchNormalization", "Dropout", "Dense"]
    more: dict[str, dict[str, Any]] = {"SeparableConv2D": {"padding": "same"}, "LeakyReLU": {"alpha": slope}}
    more["BatchNormalization"] = {"epsilon": 1e-3}
    described = [
        {"class_name": kind, "config": {"name": f"{kind.lower()}_{i}", **more.get(kind, {})}}
        for i, kind in enumerate(kinds)
    ]
    return {"class_name": "Sequential", "config": {"layers": [{"class_name": "InputLayer", "config": {}}, *described]}}


def as_hdf5(path: Path, seed: int = 0, slope: float = 0.2) -> Path:
    """As Keras 2 wrote it."""
    import h5py

    config = description(slope)
    weighted = [one["config"]["name"] for one in config["config"]["layers"] if one["class_name"] in dict(layers())]
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        for name, (_, values) in zip(weighted, layers(seed), strict=True):
            for key, tensor in values.items():
                file[f"model_weights/{name}/{name}/{key}:0"] = tensor
    return path


def as_keras(path: Path, seed: int = 0) -> Path:
    """As Keras 3 writes it."""
    import h5py

    stems = {"SeparableConv2D": "separable_conv2d", "BatchNormalization": "batch_normalization", "Dense": "dense"}
    numbers = dict.fromkeys(stems, 0)
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for kind, values in layers(seed):
            group = stems[kind] + (f"_{numbers[kind]}" if numbers[kind] else "")
            numbers[kind] += 1
            for i, tensor in enumerate(values.values()):
                file[f"layers/{group}/vars/{i}"] = tensor
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(description()))
        archive.writestr("model.weights.h5", content.getvalue())
    return path


def as_safetensors(path: Path, seed: int = 0) -> Path:
    """As the PyTorch conversion is published."""
    torch_names = dict(zip(NORM, ("weight", "bias", "running_mean", "running_var"), strict=True))
    blocks = iter([*(f"conv_blocks.{i}" for i in range(3)), "dense_block"])
    dense = iter(["dense_block.dense", "embedding"])
    state: dict[str, NDArray[Any]] = {}
    block = ""
    for kind, values in layers(seed):
        if kind == "SeparableConv2D":
            block = next(blocks)
            state[f"{block}.sep_conv.depthwise.weight"] = values["depthwise_kernel"].transpose(2, 3, 0, 1)
            state[f"{block}.sep_conv.pointwise.weight"] = values["pointwise_kernel"].transpose(3, 2, 0, 1)
            state[f"{block}.sep_conv.pointwise.bias"] = values["bias"]
        elif kind == "Dense":
            layer = next(dense)
            block = next(blocks, "")
            state |= {f"{layer}.weight": values["kernel"].T, f"{layer}.bias": values["bias"]}
        else:
            state |= {f"{block}.batch_norm.{torch_names[name]}": tensor for name, tensor in values.items()}
            state[f"{block}.batch_norm.num_batches_tracked"] = np.array(7)
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in state.items()}, path)
    return path


WRITTEN = {"speccy_model": as_hdf5, "own.keras": as_keras, PUBLISHED: as_safetensors}


@pytest.fixture(scope="module", params=["speccy_model", f"{PUBLISHED}?layer=penultimate"])
def listener(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LayeredModel:
    name, mark, layer = str(request.param).partition("?")
    path = WRITTEN[name](tmp_path_factory.mktemp("deejai") / name)
    return load_model(f"deejai:{path}{mark}{layer}")  # type: ignore[return-value]


def test_it_answers_what_the_network_answers_and_so_does_every_layer(tmp_path: Path) -> None:
    model = make(str(as_safetensors(tmp_path / PUBLISHED)))
    spectra = log_mel(NOISE)
    wanted = [expected(spectrum) for spectrum in spectra]
    np.testing.assert_allclose(model(NOISE), [one[""] for one in wanted], rtol=1e-4, atol=1e-4)
    assert model.labels is None
    assert model.layers == LAYERS
    for layer in LAYERS:
        found = model.activations(spectra, layer)
        for ours, one in zip(found, wanted, strict=True):
            ours = np.moveaxis(ours, 0, -1)
            np.testing.assert_allclose(ours, one[layer], rtol=1e-3, atol=1e-4)
        means = [one[layer].reshape(-1, one[layer].shape[-1]).mean(axis=0) for one in wanted]
        np.testing.assert_allclose(model.at(layer)(NOISE), means, rtol=1e-3, atol=1e-4)
    assert not np.allclose(model(NOISE)[0], model(NOISE)[1], atol=0.05)


def test_all_formats_hold_the_same_network(tmp_path: Path) -> None:
    models = [make(str(write(tmp_path / name))) for name, write in WRITTEN.items()]
    models.append(make(str(tmp_path)))  # the folder of the conversion
    for model in models:
        np.testing.assert_array_equal(model(NOISE), models[0](NOISE))
    assert len({model.fingerprint for model in models}) == 1
    others = [make(str(write(tmp_path / name, 1))) for name, write in WRITTEN.items()]
    assert len({model.fingerprint for model in others} | {models[0].fingerprint}) == 2


def test_the_front_end_is_that_of_the_original_program(ezer_ev: Path) -> None:
    recording = load_audio(ezer_ev)
    song = soxr.resample(recording.samples.mean(axis=0), recording.sr, SR)
    mel = librosa.feature.melspectrogram(y=song, sr=SR, n_fft=2048, hop_length=512, n_mels=96, fmax=SR / 2)
    slices = []
    for i in range(mel.shape[1] // N_FRAMES):
        db = librosa.power_to_db(mel[:, i * N_FRAMES : (i + 1) * N_FRAMES], ref=np.max)
        slices.append((db - db.min()) / (db.max() - db.min()))
    padded = np.pad(song, LEAD)
    ours = log_mel(np.stack([padded[i * STEP : i * STEP + LEAD + WINDOW] for i in range(len(slices))]))
    assert len(slices) == 3
    np.testing.assert_allclose(ours.swapaxes(1, 2), slices, atol=1e-4)
    late = log_mel(np.stack([padded[i * STEP + HOP_LENGTH :][: LEAD + WINDOW] for i in range(len(slices))]))
    assert np.abs(late.swapaxes(1, 2) - slices).max() > 0.05


def test_windows_are_the_slices_that_the_original_makes(tmp_path: Path, ezer_ev: Path) -> None:
    model = make(str(as_safetensors(tmp_path / PUBLISHED)))
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * STEP).astype(np.float32)
    for n in (2 * STEP - HOP_LENGTH - 1, 2 * STEP - HOP_LENGTH, 3 * STEP):
        assert tag((noise[:n], SR), model).counted.sum() == (1 + n // HOP_LENGTH) // N_FRAMES
    assert tag(load_audio(ezer_ev), model).times_s[1] == pytest.approx(STEP / SR)


def test_silence_is_0_and_a_level_changes_nothing() -> None:
    assert np.all(log_mel(np.zeros_like(NOISE)) == 0)
    np.testing.assert_allclose(log_mel(0.1 * NOISE), log_mel(NOISE), atol=1e-4)


def test_a_spec_has_its_options_and_a_move_is_not_noticed(tmp_path: Path) -> None:
    path = as_safetensors(tmp_path / "one.safetensors")
    embedder = make(f"{path}?threads=1").at("block3")
    assert embedder.spec == f"deejai:{path}?threads=1&layer=block3"
    before = make(str(path)).fingerprint
    assert make(str(path.rename(tmp_path / "two"))).fingerprint == before != embedder.fingerprint


def test_what_is_no_deejai_is_refused_with_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names no file"):
        make("")
    with pytest.raises(MissingError, match="there is no model at"):
        make(str(tmp_path))
    with pytest.raises(UsageError, match=r"its slopes, epsilons and paddings are \[0\.3, 0\.3, 0\.3, 0\.3\]"):
        make(str(as_hdf5(tmp_path / "steep", slope=0.3)))
    (tmp_path / "pickle.p").write_bytes(b"\x80\x04K\x01.")
    with zipfile.ZipFile(tmp_path / "state.pt", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x04K\x01.")
    for name in ("pickle.p", "state.pt"):
        with pytest.raises(UsageError, match="holds pickled Python objects"):
            make(str(tmp_path / name))
    short = as_safetensors(tmp_path / "short")
    short.write_bytes(short.read_bytes()[:-100])
    with pytest.raises(CorruptError, match="is damaged, or no weights of Deej-AI"):
        make(str(short))
    save_file({"embedding.bias": np.zeros(3, np.float32)}, tmp_path / "other")
    with pytest.raises(CorruptError, match="lacks weights of Deej-AI's network"):
        make(str(tmp_path / "other"))
    with pytest.raises(UsageError, match="unknown layer 'conv4'"):
        make(f"{as_hdf5(tmp_path / 'speccy_model')}?layer=conv4")


@pytest.mark.parametrize("name", WRITTEN)
def test_damage_anywhere_is_told_and_is_no_traceback(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(0)
    whole = WRITTEN[name](tmp_path / name).read_bytes()
    told = 0
    for i in range(60):
        content = bytearray(whole)
        end = len(content) if i % 3 else int(rng.integers(len(content)))
        for place in rng.integers(0, min(4000, len(content)), 8):
            content[place] = int(rng.integers(256))
        (tmp_path / "damaged").write_bytes(content[:end])
        try:
            make(str(tmp_path / "damaged"))
        except AudiolimeError:
            told += 1
    assert told > 20


def test_tensors_of_other_shapes_are_refused(tmp_path: Path) -> None:
    import h5py

    path = as_hdf5(tmp_path / "speccy_model")
    with h5py.File(path, "r+") as file:
        name = next(name for name in file["model_weights"] if name.startswith("dense"))
        del file[f"model_weights/{name}/{name}/kernel:0"]
        file[f"model_weights/{name}/{name}/kernel:0"] = np.zeros((7, 6), np.float32)
    with pytest.raises(CorruptError, match=r"is of another architecture: 'dense1/kernel' is \(7, 6\)"):
        make(str(path))


def test_a_missing_package_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(MissingError, match=r"audiolime-ext\[deejai\]"):
        make(str(as_safetensors(tmp_path / PUBLISHED)))
    assert make(str(as_hdf5(tmp_path / "speccy_model"))).labels is None
