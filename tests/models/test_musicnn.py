"""musicnn on ONNX Runtime: the genuine package's scores, its front end, its labels."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.cache import identity
from audiolime_ext.errors import CorruptError, UsageError
from audiolime_ext.models.musicnn import BIG, CHECKPOINT, LEAD, PUBLISHED, SR, WINDOW, MusicnnModel, log_mel, make
from audiolime_ext.models.musicnn_network import Weights, big_shapes
from audiolime_ext.networks.checkpoints import locate
from audiolime_ext.networks.tensor_bundle import read_tensor_bundle
from audiolime_ext.prediction.labels import label_names
from audiolime_ext.registry import build, plugin
from tests.parity.compare import load_clip, taggram
from tests.random_checkpoints import random_weights, write_bundle_in

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "tests" / "reference" / "musicnn.npz"


def genuine() -> dict[str, NDArray[np.float32]]:
    """Taggrams of the genuine package by ``CLIP|model``; see ``tests/parity/genuine.py``."""
    with np.load(REFERENCE) as stored:
        return {key: stored[key] for key in stored.files if "|" in key}


def windows(n: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, 0.1, (n, LEAD + WINDOW)).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> MusicnnModel:
    return make("MSD_musicnn")


def test_the_reference_covers_every_network() -> None:
    assert {key.rsplit("|")[-1] for key in genuine()} == set(PUBLISHED)
    assert all(scores.shape == (3, 50) for scores in genuine().values())


@pytest.mark.parametrize("variant", PUBLISHED)
def test_scores_are_the_genuine_packages(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    network = make(variant)
    compared = 0
    for key, scores in genuine().items():
        clip, name = key.rsplit("|")
        if name == variant:
            np.testing.assert_allclose(taggram(load_clip(clip, 9.0), network), scores, rtol=0, atol=1e-4)
            compared += 1
    assert compared == 2


def test_the_comparison_notices_a_missing_lead_and_a_wrong_grid(
    model: MusicnnModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    clip = "audiolime_ext/data/ezer_ev.ogg"
    scores = genuine()[f"{clip}|MSD_musicnn"]
    audio = load_clip(clip, 9.0)
    mono = librosa.resample(audio.samples.mean(axis=0), orig_sr=audio.sr, target_sr=SR)
    cut = np.stack([mono[start - LEAD : start + WINDOW] for start in (WINDOW, 2 * WINDOW)])
    np.testing.assert_allclose(model(cut), scores[1:], rtol=0, atol=1e-4)
    without_lead = cut.copy()
    without_lead[:, :LEAD] = 0
    assert np.abs(model(without_lead) - scores[1:]).max() > 1e-3
    assert np.abs(model(mono[None, 48000 - LEAD : 48000 + WINDOW]) - scores[1]).max() > 1e-3


def test_the_front_end_is_librosas_rounded_to_float16() -> None:
    signal = windows(1)[0]
    power = librosa.feature.melspectrogram(y=signal, sr=SR, n_fft=512, hop_length=256, n_mels=96, center=False).T
    rounded = power.astype(np.float16).astype(np.float64)
    ours = log_mel(signal[None])
    assert ours.shape == (1, 1, 187, 96)
    # a power that rounds to the other neighbour moves the logarithm by 1e-3 / ln 10 at most
    difference = np.abs(ours[0, 0] - np.log10(10000 * rounded + 1))
    assert np.median(difference) < 1e-6
    assert difference.max() < 5e-4
    assert np.median(np.abs(ours[0, 0] - np.log10(10000 * power.astype(np.float64) + 1))) > 1e-5


@pytest.mark.parametrize("gain", [0.0, 1.0, 1e3, 1e6])
def test_silence_and_any_level_give_finite_scores_between_0_and_1(model: MusicnnModel, gain: float) -> None:
    scores = model(windows(1) * np.float32(gain))
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert scores.min() >= 0
    assert scores.max() <= 1


@pytest.mark.parametrize("variant", ["MSD_musicnn", "MTT_vgg"])
def test_what_else_is_in_a_batch_does_not_matter(variant: str) -> None:
    network, batch = make(variant), windows(5)
    alone = np.concatenate([network(window[None]) for window in batch])
    np.testing.assert_allclose(network(batch), alone, rtol=0, atol=1e-6)


def test_one_thread_gives_the_same_scores(model: MusicnnModel) -> None:
    np.testing.assert_allclose(MusicnnModel("MSD_musicnn", threads=1)(windows(2)), model(windows(2)), atol=1e-6)


def test_labels_are_the_packages_own_in_the_order_of_the_outputs() -> None:
    msd, mtt = (label_names(make(variant), 50) for variant in ("MSD_vgg", "MTT_musicnn"))
    assert len(set(msd)) == len(set(mtt)) == 50
    assert (msd[0], msd[5], msd[-1]) == ("rock", "female vocalists", "happy")
    assert (mtt[0], mtt[20], mtt[-1]) == ("guitar", "vocals", "choral")


def test_the_grid_is_187_frames_with_one_hop_of_lead(model: MusicnnModel) -> None:
    assert (model.sr, model.n_channels, model.min_s) == (16000, 1, None)
    assert model.window_s * SR == model.hop_s * SR == 47872
    assert model.lead_s * SR == 256


def test_a_spec_builds_it_again_and_its_fingerprint_tells_the_networks_apart() -> None:
    built = [build("model", f"musicnn:{variant}") for variant in PUBLISHED]
    assert [model.spec for model in built] == [f"musicnn:{variant}" for variant in PUBLISHED]
    assert len({model.fingerprint for model in built}) == 4
    assert make("MTT_vgg").fingerprint == built[-1].fingerprint
    assert plugin("model", "musicnn").summary.startswith("musicnn and its VGG baseline")


@pytest.mark.parametrize("argument", ["", "MSD_musicn", "msd_vgg"])
def test_unknown_networks_are_refused_with_those_there_are(argument: str) -> None:
    with pytest.raises(UsageError, match=r"unknown musicnn model .*\(allowed: MSD_musicnn, MTT_musicnn, MSD_vgg"):
        make(argument)


def test_the_packages_code_is_read_but_never_run(tmp_path: Path) -> None:
    copy = tmp_path / "checkpoint"
    shutil.copytree(locate(CHECKPOINT), copy)
    configuration = copy / "musicnn" / "configuration.py"
    labels = [f"label {i}" for i in range(50)]
    configuration.write_text(f"raise SystemExit('ran')\nMSD_LABELS = {labels!r}\n", encoding="utf-8")
    assert MusicnnModel("MSD_vgg", folder=copy).labels == tuple(labels)
    with pytest.raises(CorruptError, match=r"configuration\.py does not define MTT_LABELS; fetch the checkpoint again"):
        MusicnnModel("MTT_vgg", folder=copy)


def test_every_file_that_is_read_is_declared_with_its_hash() -> None:
    folder = locate(CHECKPOINT)
    needed = {"musicnn/configuration.py"}
    for variant in PUBLISHED:
        needed |= {f"musicnn/{variant}/.index", f"musicnn/{variant}/.data-00000-of-00001"}
    assert set(CHECKPOINT.files) == needed
    assert all((folder / name).is_file() for name in needed)
    assert set(PUBLISHED) == {Path(name).parent.name for name in needed if name.endswith(".index")}


# --- layers --------------------------------------------------------------------------------------------------------


def normalised(weights: Weights, index: int, x: NDArray[Any]) -> NDArray[np.float64]:
    """A batch normalisation as published, over the last axis, in float64."""
    name = f"batch_normalization_{index}" if index else "batch_normalization"
    gamma, beta, mean, variance = (
        weights[f"{name}/{part}"].astype(np.float64) for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    return np.asarray((x - mean) / np.sqrt(variance + 1e-3) * gamma + beta)


def dense(weights: Weights, name: str, x: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(x @ weights[f"{name}/kernel"].astype(np.float64) + weights[f"{name}/bias"])


def convolved(weights: Weights, name: str, x: NDArray[Any], padding: str) -> NDArray[np.float64]:
    """A convolution of TensorFlow's with ReLU, of (n_batch, height, width, n_channels)."""
    kernel = weights[f"{name}/kernel"].astype(np.float64)
    high, wide = kernel.shape[:2]
    sides = [((high - 1) // 2, high // 2), ((wide - 1) // 2, wide // 2) if padding == "same" else (0, 0)]
    seen = np.lib.stride_tricks.sliding_window_view(np.pad(x, [(0, 0), *sides, (0, 0)]), (high, wide), axis=(1, 2))
    answer = np.tensordot(seen, kernel, axes=([4, 5, 3], [0, 1, 2])) + weights[f"{name}/bias"]
    return np.asarray(np.maximum(answer, 0))


def sigmoid(x: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-x)))


def clip_windows() -> NDArray[np.float32]:
    audio = load_clip(str(ROOT / "audiolime_ext" / "data" / "ezer_ev.ogg"), 9.0)
    mono = librosa.resample(audio.samples.mean(axis=0), orig_sr=audio.sr, target_sr=SR)
    return np.stack([mono[start - LEAD : start + WINDOW] for start in (WINDOW, 2 * WINDOW - LEAD)])


def read(model: MusicnnModel, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    features = model.front_end(batch)
    return {layer: model.activations(features, layer) for layer in model.layers}


@pytest.mark.parametrize("variant", ["MSD_musicnn", "MTT_musicnn"])
def test_the_published_output_layer_makes_the_published_scores_of_the_penultimate_one(variant: str) -> None:
    model, batch = make(variant), clip_windows()
    embedder, weights = make(f"{variant}?layer=penultimate"), model._weights
    vectors = embedder(batch)
    assert vectors.shape == (2, 200)
    np.testing.assert_allclose(sigmoid(dense(weights, "dense_1", vectors)), model(batch), rtol=0, atol=1e-6)
    # before its normalisation, or normalised twice, it is another tensor
    assert np.abs(sigmoid(dense(weights, "dense_1", normalised(weights, 10, vectors))) - model(batch)).max() > 1e-2
    pools = np.stack([model.at(layer)(batch) for layer in ("max_pool", "mean_pool")], axis=2).reshape(2, -1)
    hidden = np.maximum(dense(weights, "dense", normalised(weights, 9, pools)), 0)
    np.testing.assert_allclose(vectors, normalised(weights, 10, hidden), rtol=0, atol=1e-4)
    assert np.abs(vectors - hidden).max() > 0.1


def test_every_layer_of_musicnn_follows_from_the_one_before_as_published(model: MusicnnModel) -> None:
    batch, weights = clip_windows()[:1], model._weights
    found = read(model, batch)
    x = normalised(weights, 0, model.front_end(batch)[..., None])
    for layer, kernels in {"timbral": (0, 1), "temporal": (2, 3, 4)}.items():
        names = ["conv2d" if i == 0 else f"conv2d_{i}" for i in kernels]
        parts = [
            normalised(weights, i + 1, convolved(weights, name, x, "valid")).max(axis=2)
            for i, name in zip(kernels, names, strict=True)
        ]
        np.testing.assert_allclose(found[layer], np.concatenate(parts, axis=2), rtol=0, atol=2e-4)
    before = np.concatenate([found["timbral"], found["temporal"]], axis=2)[..., None]
    for i, layer in enumerate(("cnn1", "cnn2", "cnn3")):
        after = normalised(weights, 6 + i, convolved(weights, f"conv2d_{5 + i}", before, "valid"))[:, :, 0]
        after = after if i == 0 else after + before[..., 0]
        np.testing.assert_allclose(found[layer], after, rtol=0, atol=2e-4)
        assert np.abs(found[layer][:, 1:] - after[:, :-1]).max() > 0.1  # a frame late is seen
        before = found[layer][..., None]
    everything = np.concatenate([found[layer] for layer in model.layers[:5]], axis=2)
    np.testing.assert_array_equal(found["max_pool"], everything.max(axis=1))
    np.testing.assert_allclose(found["mean_pool"], everything.mean(axis=1), rtol=0, atol=1e-5)
    assert np.abs(found["mean_pool"] - np.median(everything, axis=1)).max() > 0.1


def test_every_layer_of_vgg_follows_from_the_one_before_as_published() -> None:
    model, batch = make("MTT_vgg"), clip_windows()[:1]
    weights, found = model._weights, read(model, batch)
    x: NDArray[Any] = normalised(weights, 0, model.front_end(batch)[..., None])
    for i, (size, stride) in enumerate([((4, 1), 2), ((2, 2), 2), ((2, 2), 2), ((2, 2), 2), ((4, 4), 4)], start=1):
        layer = f"pool{i}"
        after = normalised(weights, i, convolved(weights, f"{i}CNN", x, "same"))
        after = np.lib.stride_tricks.sliding_window_view(after, size, axis=(1, 2))[:, ::stride, ::stride].max((4, 5))
        np.testing.assert_allclose(found[layer], after, rtol=0, atol=5e-4)
        x = found[layer]
    np.testing.assert_allclose(sigmoid(dense(weights, "dense", x.reshape(1, -1))), model(batch), rtol=0, atol=1e-6)
    assert np.abs(sigmoid(dense(weights, "dense", x.transpose(0, 3, 1, 2).reshape(1, -1))) - model(batch)).max() > 1e-2


@pytest.mark.parametrize("variant", ["MSD_musicnn", "MSD_vgg"])
def test_an_embedder_answers_the_mean_over_time_and_frequency(variant: str) -> None:
    model, batch = make(variant), clip_windows()
    for layer, activations in read(model, batch).items():
        vectors = make(f"{variant}?layer={layer}")(batch)
        by_hand = activations.reshape(2, -1, activations.shape[-1]).astype(np.float64)
        np.testing.assert_allclose(vectors, by_hand.mean(axis=1), rtol=0, atol=1e-5)
        if activations.ndim > 2 and by_hand.shape[1] > 2:
            assert np.abs(vectors - by_hand.max(axis=1)).max() > 0.1


def test_layers_are_told_apart_in_specs_fingerprints_and_the_cache(model: MusicnnModel, big: Path) -> None:
    embedders = [model.at(layer) for layer in model.layers]
    assert [made.spec for made in embedders] == [f"musicnn:MSD_musicnn?layer={layer}" for layer in model.layers]
    assert len({made.fingerprint for made in [model, *embedders]}) == len(embedders) + 1
    assert len({str(identity(made)) for made in [model, *embedders]}) == len(embedders) + 1
    assert embedders[0].at("cnn1").fingerprint == make("MSD_musicnn?layer=cnn1").fingerprint
    assert make("MTT_musicnn?layer=cnn1").fingerprint != make("MSD_musicnn?layer=cnn1").fingerprint
    large = make(f"{BIG}?layer=penultimate&weights={big}")
    assert large.spec == f"musicnn:{BIG}?weights={big}&layer=penultimate"
    assert large(windows(1)).shape == (1, 500)
    assert (large.at("cnn1").spec, large.at("cnn1").labels) == (f"musicnn:{BIG}?weights={big}&layer=cnn1", None)
    assert model.labels is not None  # the model itself is as it was


def test_an_embedder_forgets_what_it_was_trained_with_and_not_what_comes_behind_it(model: MusicnnModel) -> None:
    batch, embedder = windows(1), model.at("cnn2")
    assert model.at("penultimate").trained_layers == model.trained_layers[1:]
    assert embedder.trained_layers == ("conv2d_6", "conv2d_5", "front end")
    for layer in model.trained_layers:
        moved = np.abs(embedder.randomised([layer])(batch) - embedder(batch)).max()
        assert (moved > 0.01) == (layer in embedder.trained_layers)
    one, other = embedder.randomised(["front end"]), model.randomised(["front end"]).at("cnn2")
    np.testing.assert_array_equal(one(batch), other(batch))
    assert one.fingerprint == other.fingerprint != embedder.fingerprint
    assert one.spec is other.spec is None


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("MSD_musicnn?layer=penultimat", "unknown layer 'penultimat'; did you mean 'penultimate'"),
        ("MSD_musicnn?layer=pool1", r"unknown layer 'pool1'.*\(allowed: timbral, temporal, cnn1"),
        ("MTT_vgg?layer=penultimate", r"unknown layer 'penultimate' \(allowed: pool1, pool2, pool3, pool4, pool5\)"),
        ("MTT_vgg?layer=", "option 'layer' is empty"),
    ],
)
def test_unknown_layers_are_refused_with_those_there_are(argument: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make(argument)


# --- the model that no package brings ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with random weights of MSD_musicnn_big, Adam's slots among them."""
    folder = tmp_path_factory.mktemp("MSD_musicnn_big")
    weights = random_weights(big_shapes())
    write_bundle_in(folder, {**weights, "dense_1/bias/Adam": weights["dense_1/bias"]})
    return folder


def test_the_big_model_has_the_labels_of_its_siblings_and_scores_of_its_own(big: Path, model: MusicnnModel) -> None:
    network = build("model", f"musicnn:{BIG}?weights={big}")
    assert (network.spec, network.labels) == (f"musicnn:{BIG}?weights={big}", model.labels)
    scores = network(windows(2))
    assert scores.shape == (2, 50)
    assert np.abs(scores - model(windows(2))).max() > 0.1
    assert network.randomised(["dense"]).fingerprint != network.fingerprint


def test_the_fingerprint_of_the_big_model_follows_its_weights_and_not_its_folder(big: Path, tmp_path: Path) -> None:
    shutil.copytree(big, tmp_path / "copy")
    write_bundle_in(tmp_path / "other", random_weights(big_shapes(), seed=1))
    ours, copied, other = (MusicnnModel(BIG, weights=path) for path in (big, tmp_path / "copy", tmp_path / "other"))
    assert ours.fingerprint == copied.fingerprint != other.fingerprint


def test_the_shapes_of_the_big_model_are_those_of_its_sibling_but_for_the_wider_layers() -> None:
    sibling = {
        name: tensor.shape for name, tensor in read_tensor_bundle(locate(CHECKPOINT) / "musicnn/MSD_musicnn").items()
    }
    wider = {64: 512, 200: 500, 2 * (561 + 3 * 64): 2 * (561 + 3 * 512)}
    named = {
        "conv2d_5",
        "conv2d_6",
        "conv2d_7",
        "dense",
        "dense_1",
        *(f"batch_normalization_{i}" for i in range(6, 11)),
    }
    for name, shape in sibling.items():
        expected = tuple(wider.get(n, n) for n in shape) if name.partition("/")[0] in named else shape
        assert big_shapes()[name] == expected
    assert big_shapes().keys() == sibling.keys()


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (BIG, r"the package musicnn lacks the checkpoint of MSD_musicnn_big.*musicnn:MSD_musicnn_big\?weights=DIR"),
        (f"{BIG}?weights=nowhere", "nowhere holds no checkpoint of MSD_musicnn_big"),
        (f"{BIG}?weight=x", "unknown option 'weight'; did you mean 'weights'"),
        ("MSD_vgg?weights=.", "MSD_vgg comes with the package musicnn; weights= goes with MSD_musicnn_big only"),
    ],
)
def test_a_folder_without_the_big_model_is_wrong_usage(argument: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make(argument)


def test_a_checkpoint_of_another_architecture_is_refused(big: Path, tmp_path: Path) -> None:
    for variant, message in {
        "MSD_musicnn": r"'conv2d_5/kernel' is \(7, 561, 1, 64\)",
        "MSD_vgg": "'conv2d/kernel' is",
    }.items():
        folder = locate(CHECKPOINT) / "musicnn" / variant
        with pytest.raises(CorruptError, match=f"{variant} is of another architecture: {message}") as found:
            MusicnnModel(BIG, weights=folder)
        assert found.value.exit_code == 3
    shutil.copytree(big, tmp_path / "cut")
    data = tmp_path / "cut" / ".data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(CorruptError, match="ends before tensor"):
        MusicnnModel(BIG, weights=tmp_path / "cut")
