"""ONNX models as taggers: against the same network in NumPy."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import audiolime_ext
from audiolime_ext.cli import main
from audiolime_ext.errors import CorruptError, MissingError, UsageError
from audiolime_ext.explanation.pipeline import explain
from audiolime_ext.prediction.capabilities import Layered
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.stated import KEY, Stated
from audiolime_ext.prediction.taggram import tag
from audiolime_ext.registry import build
from tests.adapters.suite import *  # noqa: F403 - the suite of all taggers, on the listener below
from tests.networks.test_runtime import interrupt_a_run, looping

SR, LABELS = 8000, "rock;jazz;hum"
OUTSIDE: dict[str, Any] = {"save_as_external_data": True, "location": "model.weights", "size_threshold": 0}
NOISE = np.random.default_rng(1).normal(0, 0.1, (3, SR)).astype(np.float32)


def weights(n_channels: int, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    shapes = {"kernel": (4, n_channels, 9), "bias": (4,), "matrix": (4, 3), "shift": (3,)}
    return {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


def expected(batch: NDArray[Any], seed: int = 0, *, logits: bool = False) -> NDArray[np.float64]:
    """Convolution, ReLU, mean over time, a linear layer and sigmoids, for (n_batch, n_channels, n_samples)."""
    w = weights(batch.shape[1], seed)
    windows = np.lib.stride_tricks.sliding_window_view(batch.astype(np.float64), 9, axis=2)
    hidden = np.maximum(np.einsum("nctk,ock->not", windows, w["kernel"]) + w["bias"][:, None], 0).mean(axis=2)
    answer = hidden @ w["matrix"] + w["shift"]
    return np.asarray(answer if logits else 1 / (1 + np.exp(-answer)))


def saved(
    folder: Path,
    shape: tuple[Any, ...] = ("n_batch", "n_samples"),
    *,
    seed: int = 0,
    logits: bool = False,
    extra: tuple[Any, ...] = (),
    name: str = "model.onnx",
    **options: Any,
) -> Path:
    """That network for inputs of a shape: waveforms, or spectra where the last of three axes has 20 bands."""
    spectra = len(shape) == 3 and shape[-1] == 20
    to_channels = helper.make_node("Reshape", ["x", "n-1-t"], ["h0"])
    nodes = [
        helper.make_node("Transpose", ["x"], ["h0"], perm=[0, 2, 1]) if spectra else to_channels,
        helper.make_node("Conv", ["h0", "kernel", "bias"], ["h1"]),
        helper.make_node("Relu", ["h1"], ["h2"]),
        helper.make_node("ReduceMean", ["h2"], ["h3"], axes=[2], keepdims=0),
        helper.make_node("Gemm", ["h3", "matrix", "shift"], ["h4"]),
        helper.make_node("Identity" if logits else "Sigmoid", ["h4"], ["y"]),
        *extra,
    ]
    constants = {**weights(20 if spectra else 1, seed), "n-1-t": np.array([0, 1, -1])}
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("y", *(n.output[0] for n in extra))],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save_model(model, folder / name, **options)
    return folder / name


def spec(path: Path, more: str = "", labels: str = LABELS) -> str:
    return f"onnx:{path}?sr={SR}&labels={labels}{more}"


@pytest.fixture(scope="module", params=["any length", "overlapping windows", "one signal of one second", "log-mel"])
def listener(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("onnx")
    match request.param:
        case "any length":
            return load_model(spec(saved(folder)))
        case "overlapping windows":
            return load_model(spec(saved(folder), "&window_s=1&hop_s=0.5"))
        case "one signal of one second":
            return load_model(spec(saved(folder, (1, SR))))
    return load_model(spec(saved(folder, ("n", "t", 20)), "&front_end=log-mel:256,128,20&window_s=1"))


@pytest.mark.parametrize(
    "shape", [("n", "t"), ("n", 1, "t"), ("n", "t", 1), (None, None), (1, "t"), (1, 1, SR), ("n", SR)]
)
def test_it_answers_what_the_network_answers(tmp_path: Path, shape: tuple[Any, ...]) -> None:
    made = build("model", spec(saved(tmp_path, shape)))
    np.testing.assert_allclose(made(NOISE), expected(NOISE[:, None]), atol=1e-6)
    assert made.labels == ("rock", "jazz", "hum")
    assert (made.sr, made.window_s) == (SR, 1.0 if SR in shape else None)


def test_the_same_check_notices_another_network(tmp_path: Path) -> None:
    made = build("model", spec(saved(tmp_path, seed=1)))
    assert np.abs(made(NOISE) - expected(NOISE[:, None])).max() > 0.01


def test_logits_become_probabilities(tmp_path: Path) -> None:
    path = saved(tmp_path, logits=True)
    logits = expected(NOISE[:, None], logits=True)
    odds = np.exp(logits)
    np.testing.assert_allclose(build("model", spec(path))(NOISE), logits, atol=1e-5)
    for name, wanted in {"softmax": odds / odds.sum(axis=1, keepdims=True), "sigmoid": odds / (1 + odds)}.items():
        np.testing.assert_allclose(build("model", spec(path, f"&activation={name}"))(NOISE), wanted, atol=1e-6)


def test_a_log_mel_front_end_feeds_it(tmp_path: Path) -> None:
    path = saved(tmp_path, ("n", "t", 20))
    made = build("model", spec(path, "&front_end=log-mel:256,128,20"))
    spectra = LogMel(SR, 256, 128, 20)(NOISE).transpose(0, 2, 1)
    np.testing.assert_allclose(made(NOISE), expected(spectra), atol=1e-5)
    with pytest.raises(UsageError, match=r"shape \(any, any, 20\).*declare another front_end"):
        build("model", spec(path, "&front_end=log-mel:256,128,30"))
    with pytest.raises(UsageError, match=r"is given \(n_batch, n_samples\); declare its front_end"):
        build("model", spec(path))


def test_a_number_of_frames_that_was_exported_is_the_window(tmp_path: Path) -> None:
    path = saved(tmp_path, ("n", 30, 20))
    made = build("model", spec(path, "&front_end=log-mel:256,128,20"))
    assert made.window_s == (256 + 29 * 128) / SR
    with pytest.raises(UsageError, match=r"takes 30 frames, but window_s=1 at 8000 Hz is 61"):
        build("model", spec(path, "&front_end=log-mel:256,128,20&window_s=1"))


def test_weights_may_lie_beside_it(tmp_path: Path) -> None:
    made = build("model", spec(saved(tmp_path, **OUTSIDE)))
    np.testing.assert_allclose(made(NOISE), expected(NOISE[:, None]), atol=1e-6)
    content = bytearray((tmp_path / "model.weights").read_bytes())
    content[2] ^= 1
    (tmp_path / "model.weights").write_bytes(content)
    assert build("model", spec(tmp_path / "model.onnx")).fingerprint != made.fingerprint
    (tmp_path / "model.weights").unlink()
    with pytest.raises(MissingError, match=r"weights of .*model\.onnx cannot be read .*keep its files together"):
        build("model", spec(tmp_path / "model.onnx"))


def named_outside(folder: Path, location: str, *, function: bool = False) -> Path:
    """A model whose weights lie in that file; or a constant of a function within it does."""
    path = saved(folder, **OUTSIDE)
    model = onnx.load(path, load_external_data=function)
    if function:
        hidden = onnx.TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
        hidden.external_data.add(key="location", value=location)
        node = helper.make_node("Constant", [], ["c"], value=hidden)
        model.functions.append(helper.make_function("own", "f", [], ["c"], [node], [helper.make_opsetid("", 17)]))
        model.opset_import.append(helper.make_opsetid("own", 1))
    else:
        for tensor in model.graph.initializer:
            tensor.external_data[0].value = location
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("function", [False, True])
@pytest.mark.parametrize("how", ["up", "absolute", "linked file", "linked folder", "no name"])
def test_weights_are_read_from_no_other_folder(tmp_path: Path, how: str, function: bool) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
    saved(outside, **OUTSIDE)
    locations = {"up": "../outside/model.weights", "absolute": str(outside / "model.weights"), "no name": ""}
    if how == "linked file":
        (inside / "link").symlink_to(outside / "model.weights")
    if how == "linked folder":
        (inside / "link").symlink_to(outside)
    linked = "link" if how == "linked file" else "link/model.weights"
    path = named_outside(inside, locations.get(how, linked), function=function)
    with pytest.raises(MissingError, match=r"weights of .*model\.onnx cannot be read: .*only files in its own folder"):
        build("model", spec(path))


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
@pytest.mark.parametrize(
    ("location", "key", "value", "message"),
    [
        ("pipe", "offset", "0", "it is a pipe"),
        ("model.weights", "length", str(10**15), r"and 1000000000000000 from \d+ on are looked for"),
        ("model.weights", "offset", str(10**9), r"from 1000000000 on are looked for"),
        ("model.weights", "length", "-1", r"and -1 from \d+ on are looked for"),
        ("model.weights", "offset", str(10**30), "cannot fit .int."),
    ],
)
def test_no_more_is_read_than_a_regular_file_holds(
    tmp_path: Path, location: str, key: str, value: str, message: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    path = named_outside(tmp_path, location)
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        next(entry for entry in tensor.external_data if entry.key == key).value = value
    path.write_bytes(model.SerializeToString())
    with pytest.raises(MissingError, match=rf"weights of .*model\.onnx cannot be read .*{message}.*keep its files"):
        build("model", spec(path))


def test_weights_may_lie_in_a_folder_below(tmp_path: Path) -> None:
    path = named_outside(tmp_path, "below/model.weights")
    (tmp_path / "below").mkdir()
    (tmp_path / "model.weights").rename(tmp_path / "below" / "model.weights")
    np.testing.assert_allclose(build("model", spec(path))(NOISE), expected(NOISE[:, None]), atol=1e-6)


def test_the_fingerprint_notices_retraining_and_options_but_not_a_move(tmp_path: Path) -> None:
    path = saved(tmp_path)
    before, louder = build("model", spec(path)), build("model", spec(path, "&activation=sigmoid"))
    moved = build("model", spec(path.rename(tmp_path / "moved.onnx"), "&threads=1"))
    after = build("model", spec(saved(tmp_path, seed=1)))
    assert before.fingerprint == moved.fingerprint
    assert len({before.fingerprint, after.fingerprint, louder.fingerprint}) == 3


# --- layers --------------------------------------------------------------------------------------------------------


def inner(path: Path, layer: str, more: str = "") -> str:
    return f"onnx:{path}?sr={SR}&layer={layer}{more}"


def test_a_layer_is_the_networks_own_tensor_by_its_name_or_its_nodes(tmp_path: Path) -> None:
    path = saved(tmp_path)
    model = onnx.load(path)
    model.graph.node[3].name = "/pool/ReduceMean"
    onnx.save(model, path)
    w, scores = weights(1), load_model(spec(path))
    assert isinstance(scores, Layered)
    assert list(scores.layers) == ["h0", "h1", "h2", "h3", "h4", "y"]
    hidden, logits = load_model(inner(path, "h3"))(NOISE), load_model(inner(path, "h4"))(NOISE)
    assert hidden.shape == (3, 4)
    np.testing.assert_allclose(logits, expected(NOISE[:, None], logits=True), atol=1e-5)
    np.testing.assert_allclose(hidden @ w["matrix"] + w["shift"], logits, atol=1e-5)
    assert np.abs(hidden[:, ::-1] @ w["matrix"] + w["shift"] - logits).max() > 0.01
    by_node = load_model(inner(path, "/pool/ReduceMean"))
    np.testing.assert_array_equal(by_node(NOISE), hidden)
    assert by_node.fingerprint == load_model(inner(path, "h3")).fingerprint
    np.testing.assert_array_equal(load_model(inner(path, "y"))(NOISE), scores(NOISE))


def test_of_three_axes_the_one_of_the_features_must_be_declared(tmp_path: Path) -> None:
    path, w = saved(tmp_path), weights(1)
    with pytest.raises(UsageError, match=r"layer 'h2' answers float32 values of shape \(2, 4, 7992\) .*channels=first"):
        load_model(inner(path, "h2"))
    made = load_model(inner(path, "h2", "&channels=first"))
    logits = made(NOISE) @ w["matrix"] + w["shift"]
    np.testing.assert_allclose(logits, expected(NOISE[:, None], logits=True), atol=1e-5)
    over_features = load_model(inner(path, "h2", "&channels=last&window_s=1"))
    assert over_features(NOISE).shape == (3, 7992)
    assert made.fingerprint != over_features.fingerprint


def test_activations_are_those_before_pooling(tmp_path: Path) -> None:
    made = load_model(spec(saved(tmp_path, ("n", "t", 20)), "&front_end=log-mel:256,128,20"))
    assert isinstance(made, Layered)
    assert made.front_end is not None
    features = made.front_end(NOISE)
    activations = made.activations(features, "h2")
    assert activations.shape == (3, 4, features.shape[1] - 8)
    np.testing.assert_allclose(activations.mean(axis=2), made.activations(features, "h3"), atol=1e-6)
    with pytest.raises(UsageError, match=r"unknown layer 'h9'"):
        made.activations(features, "h9")


def test_an_embedder_of_a_model_is_that_of_its_spec(tmp_path: Path) -> None:
    made = load_model(spec(saved(tmp_path), "&window_s=1&activation=sigmoid"), batch_size=2)
    assert isinstance(made, Layered)
    embedder = made.at("h3")
    assert embedder.spec == f"onnx:{tmp_path / 'model.onnx'}?sr={SR}&window_s=1&layer=h3"
    again = load_model(embedder.spec)
    np.testing.assert_array_equal(again(NOISE), embedder(NOISE))
    assert again.fingerprint == embedder.fingerprint
    assert (embedder.batch_size, embedder.window_s) == (2, 1)
    states = {made.fingerprint, *(made.at(layer).fingerprint for layer in ("h3", "h4", "y"))}
    assert len(states) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (f"&layer=h3&labels={LABELS}", r"layer= and labels= do not go together: .*leave out labels="),
        ("&layer=h3&activation=sigmoid", r"layer= and activation= do not go together"),
        ("&layer=h3&output=y", r"layer= and output= do not go together"),
        (f"&labels={LABELS}&channels=first", r"channels= says which axis of a layer .*; add layer=…, or leave it out"),
        ("&layer=h2&channels=2", r"unknown channels '2' \(allowed: first, last\)"),
        ("&layer=relu", r"unknown layer 'relu' \(allowed: h0, h1, h2, h3, h4, y\)"),
        ("", r"does not state its labels"),
    ],
)
def test_options_that_contradict_a_layer_are_refused(tmp_path: Path, options: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_model(f"onnx:{saved(tmp_path)}?sr={SR}{options}")


def test_an_embedding_is_tagged_and_explained_with_numbered_outputs(tmp_path: Path) -> None:
    embedder = load_model(inner(saved(tmp_path), "h3"))
    assert tag((NOISE[0], SR), embedder).labels == ("0", "1", "2", "3")
    explained = explain((NOISE[0], SR), embedder, factorization="hpss", labels=[2])
    assert explained.labels == ("2",)
    assert "output 2" in str(explained)
    with pytest.raises(UsageError, match=r"unknown label 'rock': the outputs have no names; give numbers from 0 to 3"):
        explain((NOISE[0], SR), embedder, factorization="hpss", labels=["rock"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"These are words.", r"is damaged, or no ONNX model .*torch\.onnx\.export"),
        (b"PK\3\4 an archive", r"is damaged, or no ONNX model"),
        (b"", r"is damaged, or no ONNX model \(it holds no network\)"),
        (None, r"is damaged, or no ONNX model"),
    ],
)
def test_what_is_no_model_is_told(tmp_path: Path, content: bytes | None, message: str) -> None:
    whole = saved(tmp_path).read_bytes()
    path = tmp_path / "wrong.onnx"
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(CorruptError, match=message):
        build("model", spec(path))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"there is no model at .*none\.onnx"):
        build("model", spec(tmp_path / "none.onnx"))


def test_wrong_labels_are_told_with_both_numbers(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("rock\njazz\n")
    with pytest.raises(UsageError, match=r"has 3 outputs, but labels names 2 \(rock, jazz\); name one label for each"):
        build("model", spec(saved(tmp_path), labels=str(tmp_path / "labels.txt")))


def test_one_of_several_outputs_is_chosen_by_name_or_position(tmp_path: Path) -> None:
    two = saved(tmp_path, extra=(helper.make_node("Identity", ["y"], ["again"]),))
    with pytest.raises(UsageError, match=r"has 2 outputs \(y \[.*\], again \[.*\]\); .*: add the option output=y"):
        build("model", spec(two))
    with pytest.raises(UsageError, match=r"has 2 outputs .*, and none is 'z'; name one of them: output=y"):
        build("model", spec(two, "&output=z"))
    (tmp_path / "alone").mkdir()
    alone = build("model", spec(saved(tmp_path / "alone")))
    chosen = [build("model", spec(two, f"&output={which}")) for which in ("y", "again", "1")]
    for made in chosen:
        np.testing.assert_array_equal(made(NOISE), alone(NOISE))
    assert len({made.fingerprint for made in chosen}) == 3


@pytest.mark.parametrize("precision", ["DOUBLE", "FLOAT16"])
def test_inputs_of_other_precisions_are_given_such(tmp_path: Path, precision: str) -> None:
    model = onnx.load(saved(tmp_path))
    model.graph.input[0].type.tensor_type.elem_type = getattr(TensorProto, precision)
    model.graph.node.insert(0, helper.make_node("Cast", ["x"], ["x32"], to=TensorProto.FLOAT))
    model.graph.node[1].input[0] = "x32"
    onnx.save(model, tmp_path / "other.onnx")
    made, plain = build("model", spec(tmp_path / "other.onnx")), build("model", spec(saved(tmp_path)))
    np.testing.assert_allclose(made(NOISE), plain(NOISE), atol=1e-3)


def test_other_forms_of_inputs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"exported for batches of exactly 4; export it for any number"):
        build("model", spec(saved(tmp_path, (4, "t"))))
    model = onnx.load(saved(tmp_path))
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    model.graph.node.insert(0, helper.make_node("Cast", ["x"], ["x32"], to=TensorProto.FLOAT))
    model.graph.node[1].input[0] = "x32"
    onnx.save(model, tmp_path / "whole.onnx")
    with pytest.raises(
        UsageError, match=r"the input of .* is tensor\(int64\); it must be tensor\(float\), tensor\(float16"
    ):
        build("model", spec(tmp_path / "whole.onnx"))


def test_a_network_that_the_runtime_does_not_know_is_told_in_one_line(tmp_path: Path) -> None:
    path = saved(tmp_path, extra=(helper.make_node("Clairvoyance", ["y"], ["z"], domain="own"),))
    with pytest.raises(UsageError, match=r"^ONNX Runtime cannot load .*Clairvoyance.*export it anew"):
        build("model", spec(path))


def test_a_window_that_it_cannot_hear_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match=r"cannot hear 0\.0005 s at 8000 Hz .*window_s=…"):
        build("model", spec(saved(tmp_path), "&window_s=0.0005"))
    assert capfd.readouterr().err == ""


def test_a_model_that_answers_by_chance_is_refused(tmp_path: Path) -> None:
    model = onnx.load(saved(tmp_path))
    model.graph.node[4].input[0] = "noisy"
    model.graph.node.insert(4, helper.make_node("RandomNormalLike", ["h3"], ["chance"]))
    model.graph.node.insert(5, helper.make_node("Add", ["h3", "chance"], ["noisy"]))
    onnx.save(model, tmp_path / "training.onnx")
    with pytest.raises(UsageError, match=r"answers the same signal differently .*training mode"):
        build("model", spec(tmp_path / "training.onnx"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.timeout(60)
def test_ctrl_c_ends_a_command_whose_model_never_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "endless.onnx").write_bytes(looping(1 << 62))
    threading.Thread(target=interrupt_a_run).start()
    endless = spec(tmp_path / "endless.onnx", labels="rock")
    assert main(["tag", str(Path(audiolime_ext.__file__).parent / "data" / "ezer_ev.ogg"), "-m", endless]) == 130
    assert capsys.readouterr().err == "audiolime: interrupted; nothing is left half-written\n"


def stating(path: Path, *texts: str) -> Path:
    """The file with a property of ours for each text."""
    model = onnx.load(path)
    for text in texts:
        model.metadata_props.add(key=KEY, value=text)
    onnx.save(model, path)
    return path


def test_a_file_that_states_facts_needs_no_options(tmp_path: Path) -> None:
    path = stating(saved(tmp_path), Stated(SR, 1.0, True, {"recipe": "by hand"}).text)
    found = load_model(f"onnx:{path}")
    assert (found.sr, found.window_s, found.labels, found.spec) == (SR, 1.0, None, f"onnx:{path}")
    np.testing.assert_allclose(found(NOISE), expected(NOISE[:, None]), atol=1e-5)
    same = load_model(f"onnx:{path}?sr={SR}&window_s=1.0")
    assert same.fingerprint == found.fingerprint


def test_options_win_over_what_the_file_states(tmp_path: Path) -> None:
    path = stating(saved(tmp_path), Stated(16000, 1.0, True).text)
    found = load_model(f"onnx:{path}?sr={SR}&labels={LABELS}&window_s=0.5")
    assert (found.sr, found.window_s, found.labels) == (SR, 0.5, tuple(LABELS.split(";")))
    layer = load_model(f"onnx:{path}?layer=h3&sr={SR}")
    assert (layer.sr, layer.labels, layer(NOISE).shape) == (SR, None, (3, 4))


def test_facts_of_a_model_with_labels_leave_the_labels_to_be_said(tmp_path: Path) -> None:
    path = stating(saved(tmp_path), Stated(SR, 1.0, False).text)
    with pytest.raises(UsageError, match="does not state its labels"):
        load_model(f"onnx:{path}")
    assert load_model(f"onnx:{path}?labels={LABELS}").sr == SR


@pytest.mark.parametrize("texts", [("nonsense",), (Stated(SR, 1.0, True).text,) * 2, (Stated(SR, 1e12, True).text,)])
def test_facts_that_cannot_be_are_refused_before_anything_is_made_of_them(
    tmp_path: Path, texts: tuple[str, ...]
) -> None:
    path = stating(saved(tmp_path), *texts)
    with pytest.raises(CorruptError, match=r"says of itself what cannot be \(audiolime_ext: .*; fetch it anew"):
        load_model(f"onnx:{path}?sr={SR}&labels={LABELS}")
