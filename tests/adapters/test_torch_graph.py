"""ONNX graphs in PyTorch: every operator against ONNX Runtime, and musicnn's networks against themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from audiolime_ext.errors import UsageError
from audiolime_ext.extras import require
from audiolime_ext.models.musicnn import LEAD, PUBLISHED, WINDOW, MusicnnModel
from audiolime_ext.models.musicnn_network import musicnn_graph
from audiolime_ext.networks.graph import Graph
from audiolime_ext.networks.onnx_nodes import nodes_of
from audiolime_ext.networks.runtime import session
from audiolime_ext.networks.torch_graph import TorchGraph
from audiolime_ext.networks.torch_operators import OPERATORS, lacking

torch = require("torch", extra="torch")

Floats = NDArray[np.float32]


def values(*shape: int) -> Floats:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def ints(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, np.int64)


def tensor(*numbers: Any, dtype: Any = np.int64) -> Any:
    return numpy_helper.from_array(np.array(numbers, dtype))


def model(x: Floats, nodes: Sequence[Any], constants: dict[str, Any], opset: int, output: str = "y") -> Any:
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def one(kind: str, x: Floats, *more: Any, opset: int = 17, outputs: int = 1, **attributes: Any) -> tuple[Floats, Any]:
    """An input, and a graph of one operator of it and of constants; None stands for an input that is left out."""
    names = ["" if value is None else f"c{i}" for i, value in enumerate(more)]
    constants = {name: value for name, value in zip(names, more, strict=True) if name}
    results = ["y", *(f"y{i}" for i in range(1, outputs))]
    return x, model(x, [helper.make_node(kind, ["x", *names], results, **attributes)], constants, opset)


def then_float(kind: str, x: Floats, *more: Any, opset: int = 17, **attributes: Any) -> tuple[Floats, Any]:
    """The same of an operator that answers no float32."""
    names = [f"c{i}" for i in range(len(more))]
    nodes = [helper.make_node(kind, ["x", *names], ["z"], **attributes), helper.make_node("Cast", ["z"], ["y"], to=1)]
    return x, model(x, nodes, dict(zip(names, more, strict=True)), opset)


def chain(x: Floats, nodes: Sequence[Any], opset: int = 17, **constants: Any) -> tuple[Floats, Any]:
    return x, model(x, nodes, constants, opset)


X2, X3, X4 = values(2, 6), values(2, 4, 9), values(2, 3, 8, 7)
NODE = helper.make_node
UNARY = ["Neg", "Abs", "Exp", "Relu", "Sigmoid", "Tanh", "Erf", "Sin", "Cos", "Tan", "Atan", "Sign", "Floor", "Ceil"]
UNARY += ["Round", "Softplus", "Softsign", "Elu", "Celu", "Selu", "HardSigmoid", "HardSwish", "LeakyRelu", "Identity"]
UNARY += ["Reciprocal", "LogSoftmax", "Softmax", "GlobalMaxPool", "GlobalAveragePool", "Flatten", "Transpose"]
CASES: dict[str, tuple[Floats, Any]] = {
    **{name: one(name, X4) for name in UNARY},
    **{name: one(name, np.abs(X2)) for name in ("Log", "Sqrt")},
    **{name: one(name, X3, values(4, 1)) for name in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean")},
    "Mish": one("Mish", X2, opset=18),
    **{f"Gelu, {how}": one("Gelu", X2, opset=20, approximate=how) for how in ("none", "tanh")},
    "Pow": one("Pow", np.abs(X2), np.float32(1.7)),
    "Mod": one("Mod", X2, np.full(6, 0.7, np.float32), fmod=1),
    "PRelu": one("PRelu", X3, values(4, 1)),
    "LeakyRelu, alpha": one("LeakyRelu", X2, alpha=0.3),
    "Clip": one("Clip", X2, np.float32(-0.5), np.float32(0.4)),
    "Clip, low alone": one("Clip", X2, np.float32(-0.5)),
    "Clip 6": one("Clip", X2, opset=10, min=-0.5, max=0.4),
    **{name: then_float(name, X2, values(6)) for name in ("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual")},
    "IsNaN": then_float("IsNaN", X2),
    **{
        name: chain(
            X2,
            [
                NODE("Greater", ["x", "c"], ["a"]),
                NODE("Less", ["x", "d"], ["b"]),
                NODE(name, ["a", "b"][: 1 if name == "Not" else 2], ["z"]),
                NODE("Where", ["z", "x", "c"], ["y"]),
            ],
            c=np.float32(-0.2),
            d=np.float32(0.3),
        )
        for name in ("And", "Or", "Xor", "Not")
    },
    "Where": chain(X2, [NODE("Greater", ["x", "c"], ["a"]), NODE("Where", ["a", "x", "c"], ["y"])], c=np.float32(0.1)),
    "MatMul": one("MatMul", X3, values(9, 5)),
    "Gemm": one("Gemm", X2, values(5, 6), values(5), transB=1, alpha=0.5, beta=2.0),
    "Gemm, A turned": one("Gemm", X2, values(2, 3), transA=1),
    "Einsum": one("Einsum", X3, values(9, 5), equation="bij,jk->bki"),
    "Softmax 11": one("Softmax", X4, opset=11, axis=1),
    "Softmax, axis": one("Softmax", X4, axis=1),
    **{f"Reduce{name}": one(f"Reduce{name}", X3, axes=[1]) for name in ("Mean", "Max", "Min", "Prod", "L1", "L2")},
    **{f"Reduce{name}": one(f"Reduce{name}", np.abs(X3), axes=[2]) for name in ("SumSquare", "LogSum", "LogSumExp")},
    "ReduceSum": one("ReduceSum", X3, ints(-1), keepdims=0),
    "ReduceMean 18": one("ReduceMean", X3, ints(1, 2), opset=18, keepdims=0),
    "ReduceMax, all": one("ReduceMax", X3),
    "ReduceProd, two": one("ReduceProd", X3, axes=[0, 2], keepdims=0),
    "ReduceSum, none": one("ReduceSum", X3, noop_with_empty_axes=1),
    "Reshape": one("Reshape", X3, ints(0, -1, 3)),
    "Transpose, perm": one("Transpose", X3, perm=[0, 2, 1]),
    "Flatten, axis": one("Flatten", X4, axis=2),
    "Squeeze": one("Squeeze", X3[:, :1], ints(1)),
    "Squeeze 11": one("Squeeze", X3[:, :1], opset=11, axes=[1]),
    "Unsqueeze": one("Unsqueeze", X3, ints(0, -1)),
    "Unsqueeze 11": one("Unsqueeze", X3, opset=11, axes=[1]),
    "Concat": one("Concat", X3, values(2, 2, 9), axis=1),
    "Split": one("Split", X3, ints(1, 3), outputs=2, axis=1),
    "Split 11": one("Split", X3, opset=11, outputs=2, axis=1, split=[1, 3]),
    "Split 18": one("Split", X3, opset=18, outputs=2, axis=2, num_outputs=2),
    "Split, alike": one("Split", X3, outputs=2, axis=1),
    "Slice": one("Slice", X3, ints(1, -2), ints(4, -9), ints(1, 2), ints(2, -1)),
    "Slice, to the end": one("Slice", X3, ints(0), ints(2**63 - 1), ints(-1)),
    "Slice, backwards": one("Slice", X3, ints(-1), ints(-(2**63) + 1), ints(2), ints(-1)),
    "Slice 9": one("Slice", X3, opset=9, starts=[1], ends=[3], axes=[1]),
    "Gather": one("Gather", X3, np.array([[0, -1], [2, 2]]), axis=1),
    "GatherElements": one("GatherElements", X3, np.array([[[0, -1, 2]]] * 2), axis=2),
    "Expand": one("Expand", X3[:, :1], ints(2, 4, 1)),
    "Tile": one("Tile", X3, ints(1, 2, 3)),
    **{f"Pad, {mode}": one("Pad", X3, ints(0, 2, 1, 0, 1, 3), mode=mode) for mode in ("constant", "reflect", "edge")},
    "Pad, value": one("Pad", X3, ints(0, 0, 1, 0, 0, 3), np.float32(0.5)),
    "Pad, cut": one("Pad", X3, ints(0, 0, -1, 0, 0, 2)),
    "Pad 18": one("Pad", X3, ints(1, 2), None, ints(2), opset=18, mode="edge"),
    "Pad 10": one("Pad", X3, opset=10, pads=[0, 0, 1, 0, 0, 2], value=0.5),
    "Shape": then_float("Shape", X3, start=1),
    "Size": then_float("Size", X3),
    "Cast": then_float("Cast", X2, to=7),
    "CastLike": one("CastLike", X2, np.float32(0)),
    "Constant": chain(X2, [NODE("Constant", [], ["c"], value_float=0.5), NODE("Mul", ["x", "c"], ["y"])]),
    "Constant, tensor": chain(
        X2, [NODE("Constant", [], ["c"], value=tensor(0.5, dtype=np.float32)), NODE("Mul", ["x", "c"], ["y"])]
    ),
    "ConstantOfShape": chain(
        X2,
        [
            NODE("Shape", ["x"], ["s"]),
            NODE("ConstantOfShape", ["s"], ["c"], value=tensor(2.0, dtype=np.float32)),
            NODE("Mul", ["x", "c"], ["y"]),
        ],
    ),
    "Range": chain(
        X2,
        [NODE("Range", ["a", "b", "c"], ["r"]), NODE("Mul", ["x", "r"], ["y"])],
        a=np.float32(1),
        b=np.float32(4),
        c=np.float32(0.5),
    ),
    "CumSum": one("CumSum", X3, np.int64(2)),
    "CumSum, reverse": one("CumSum", X3, np.int64(2), reverse=1, exclusive=1),
    "Dropout": one("Dropout", X2),
    "Conv": one("Conv", X4, values(5, 3, 3, 2), values(5), pads=[1, 0, 2, 1], strides=[2, 1], dilations=[1, 2]),
    "Conv, groups": one("Conv", X3, values(4, 2, 3), group=2),
    **{f"Conv, {auto}": one("Conv", X4, values(5, 3, 3, 2), auto_pad=auto, strides=[2, 2]) for auto in ("SAME_UPPER",)},
    "Conv, SAME_LOWER": one("Conv", X4, values(5, 3, 2, 2), auto_pad="SAME_LOWER"),
    "Conv, VALID": one("Conv", X4, values(5, 3, 2, 2), auto_pad="VALID"),
    "Conv, columns": one(
        "Conv", values(2, 1, 9, 4), values(5, 1, 3, 1), values(5), pads=[1, 0, 2, 0], strides=[2, 1], dilations=[2, 1]
    ),
    "Conv, columns and steps across them": one("Conv", values(2, 1, 9, 4), values(5, 1, 3, 1), strides=[1, 2]),
    "ConvTranspose": one("ConvTranspose", X4, values(3, 5, 3, 2), values(5), pads=[1, 0, 0, 1], strides=[2, 3]),
    "ConvTranspose, more": one(
        "ConvTranspose", X4, values(3, 5, 3, 2), values(5), strides=[2, 3], output_padding=[1, 2]
    ),
    "ConvTranspose, SAME_UPPER": one("ConvTranspose", X3, values(4, 5, 5), strides=[2], auto_pad="SAME_UPPER"),
    "ConvTranspose, SAME_LOWER": one("ConvTranspose", X3, values(4, 5, 5), strides=[2], auto_pad="SAME_LOWER"),
    "ConvTranspose, shape": one("ConvTranspose", X3, values(4, 5, 5), strides=[2], output_shape=[18]),
    "MaxPool": one("MaxPool", X4, kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 2, 1]),
    "MaxPool, ceil": one("MaxPool", X3, kernel_shape=[4], strides=[3], ceil_mode=1),
    "MaxPool, dilations": one("MaxPool", X3, kernel_shape=[2], dilations=[3]),
    "AveragePool": one("AveragePool", X4, kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1]),
    "AveragePool, counted": one("AveragePool", X4, kernel_shape=[3, 2], pads=[1, 0, 1, 1], count_include_pad=1),
    "AveragePool, ceil": one("AveragePool", X3, kernel_shape=[4], strides=[3], ceil_mode=1),
    "BatchNormalization": one(
        "BatchNormalization", X4, values(3), values(3), values(3), np.abs(values(3)), epsilon=1e-3
    ),
    "InstanceNormalization": one("InstanceNormalization", X4, values(3), values(3)),
    "LayerNormalization": one("LayerNormalization", X4, values(8, 7), values(8, 7), axis=2),
    "LayerNormalization, no bias": one("LayerNormalization", X4, values(7)),
    "LSTM": one("LSTM", values(5, 2, 3), values(1, 16, 3), values(1, 16, 4), values(1, 32), hidden_size=4),
    "LSTM, both ways": one(
        "LSTM", values(5, 2, 3), values(2, 16, 3), values(2, 16, 4), hidden_size=4, direction="bidirectional"
    ),
    "LSTM, from states": one(
        "LSTM",
        *(values(5, 2, 3), values(1, 16, 3), values(1, 16, 4), None, None, values(1, 2, 4), values(1, 2, 4)),
        hidden_size=4,
    ),
    "GRU": one(
        "GRU",
        *(values(5, 2, 3), values(2, 12, 3), values(2, 12, 4), values(2, 24)),
        hidden_size=4,
        direction="bidirectional",
        linear_before_reset=1,
    ),
    "STFT": one("STFT", values(2, 64, 1), np.int64(8), np.hanning(16).astype(np.float32), np.int64(16)),
}
NO_SLOPE: tuple[str, ...] = (
    "Sign",
    "Floor",
    "Ceil",
    "Round",
    "Equal",
    "Greater",
    "Less",
    "GreaterOrEqual",
    "LessOrEqual",
    "IsNaN",
)
NO_SLOPE += ("Shape", "Size", "Cast")


@pytest.mark.parametrize("name", CASES)
def test_an_operator_answers_what_onnx_runtime_answers(name: str) -> None:
    x, graph = CASES[name]
    expected = session(graph.SerializeToString()).run(None, {"x": x})[0]
    (answer,) = TorchGraph(graph)(torch.from_numpy(x), ["y"])
    assert answer.shape == expected.shape
    np.testing.assert_allclose(answer.numpy(), expected, atol=1e-5 * max(1, np.abs(expected).max()))


def test_every_operator_of_the_table_is_tried() -> None:
    tried = {node.op_type for _, graph in CASES.values() for node in graph.graph.node}
    assert tried == set(OPERATORS)


@pytest.mark.parametrize("name", [name for name in CASES if name not in NO_SLOPE])
def test_the_derivative_of_an_operator_is_that_of_finite_differences(name: str) -> None:
    x, graph = CASES[name]
    run = TorchGraph(graph)
    rng, given = np.random.default_rng(1), torch.tensor(x, dtype=torch.float64, requires_grad=True)
    (answer,) = run(given, ["y"])
    vector = torch.from_numpy(rng.normal(size=answer.shape))
    (gradient,) = torch.autograd.grad(answer, given, vector)
    step = torch.from_numpy(1e-6 * rng.normal(size=x.shape))
    further, before = (float((run(given.detach() + sign * step, ["y"])[0] * vector).sum()) for sign in (0.5, -0.5))
    assert further - before == pytest.approx(float((gradient * step).sum()), rel=1e-5, abs=1e-11)


@pytest.mark.parametrize(
    ("graph", "told"),
    [
        (one("NonZero", X2), "NonZero"),
        (one("MaxPool", X3, outputs=2, kernel_shape=[2]), "MaxPool with the places of its maxima"),
        (one("Pad", X3, ints(0, 0, 1, 0, 0, 1), opset=19, mode="wrap"), "Pad with mode=wrap"),
        (
            one("GRU", values(5, 2, 3), values(1, 12, 3), values(1, 12, 4), hidden_size=4),
            "GRU with linear_before_reset=0",
        ),
        (
            one("LSTM", values(5, 2, 3), values(1, 16, 3), values(1, 16, 4), hidden_size=4, direction="reverse"),
            "LSTM with direction=reverse",
        ),
    ],
)
def test_what_is_lacking_is_named(graph: tuple[Floats, Any], told: str) -> None:
    x, network = graph
    assert lacking(nodes_of(network)) == [told]
    with pytest.raises(UsageError, match=f"has no derivative here: {told}; export it without"):
        TorchGraph(network)(torch.from_numpy(x), ["y"])


def test_what_the_answer_does_not_need_may_be_lacking() -> None:
    nodes = [NODE("Relu", ["x"], ["y"]), NODE("NonZero", ["x"], ["z"])]
    run = TorchGraph(model(X2, nodes, {}, 17))
    assert (run.lacking(["y"]), run.lacking(["z"])) == ([], ["NonZero"])
    np.testing.assert_array_equal(run(torch.from_numpy(X2), ["y"])[0], np.maximum(X2, 0))


def test_functions_of_a_model_are_computed_in_their_places() -> None:
    whole = model(X2, [NODE("twice", ["x"], ["y"], domain="own")], {}, 17)
    body = [NODE("Add", ["a", "a"], ["b"])]
    whole.functions.append(helper.make_function("own", "twice", ["a"], ["b"], body, [helper.make_opsetid("", 17)]))
    whole.opset_import.append(helper.make_opsetid("own", 1))
    np.testing.assert_array_equal(TorchGraph(whole)(torch.from_numpy(X2), ["y"])[0], 2 * X2)


def test_halves_are_computed_in_single_precision() -> None:
    nodes = [NODE("Cast", ["x"], ["a"], to=10), NODE("Mul", ["a", "w"], ["b"]), NODE("Cast", ["b"], ["y"], to=1)]
    (answer,) = TorchGraph(model(X2, nodes, {"w": np.float16(0.1)}, 17))(torch.from_numpy(X2), ["y"])
    np.testing.assert_allclose(answer, X2 * np.float32(np.float16(0.1)), rtol=1e-6)


def test_equal_maxima_over_an_axis_share_the_derivative() -> None:
    x = torch.ones(1, 1, 4, requires_grad=True)
    (answer,) = TorchGraph(one("GlobalMaxPool", x.detach().numpy())[1])(x, ["y"])
    np.testing.assert_array_equal(torch.autograd.grad(answer.sum(), x)[0], np.full((1, 1, 4), 0.25))


def test_a_graph_of_ours_is_computed_with_the_weights_that_lie_outside_it() -> None:
    weights = values(2000)
    graph = Graph("scaled")
    graph.output(graph.node("Mul", graph.input("x", ["n", 2000]), graph.constant(weights)), "y", ["n", 2000])
    (answer,) = graph.in_torch()(torch.ones(1, 2000), ["y"])
    np.testing.assert_array_equal(answer[0], weights)


def features(tagger: MusicnnModel, n: int = 1) -> Floats:
    signals = np.random.default_rng(0).normal(0, 0.1, (n, LEAD + WINDOW)).astype(np.float32)
    return np.asarray(tagger.front_end(signals * np.linspace(1, 0.2, n, dtype=np.float32)[:, None]))


def first(outputs: Floats) -> Floats:
    """The vector of the third output alone."""
    return np.eye(outputs.shape[1], dtype=np.float32)[[2] * len(outputs)]


@pytest.fixture(scope="module", params=PUBLISHED)
def musicnn(request: pytest.FixtureRequest) -> MusicnnModel:
    return MusicnnModel(request.param, threads=1)


def test_musicnn_answers_in_pytorch_what_it_answers_in_onnx_runtime(musicnn: MusicnnModel) -> None:
    given = features(musicnn)
    scores = musicnn._network(None)(given[:, None])[0]
    outputs, at, gradient = musicnn.vjp(given, first)
    np.testing.assert_allclose(outputs, scores, atol=1e-5)
    np.testing.assert_array_equal(at, given)
    assert gradient.shape == given.shape
    assert np.abs(gradient).max() > 1e-4
    for layer in musicnn.layers:
        outputs, at, gradient = musicnn.vjp(given, first, wrt=layer)
        activations = musicnn.activations(given, layer)
        np.testing.assert_allclose(outputs, scores, atol=1e-5)
        np.testing.assert_allclose(at, activations, atol=1e-5 * np.abs(activations).max())
        assert gradient.shape == activations.shape


def test_musicnns_derivative_is_that_of_finite_differences(musicnn: MusicnnModel) -> None:
    given, rng = features(musicnn), np.random.default_rng(3)
    gradient = musicnn.vjp(given, first)[2].astype(np.float64)
    graph = musicnn._graph(None).in_torch()

    def score(x: NDArray[np.float64]) -> float:
        return float(graph(torch.from_numpy(x[:, None]), ["scores"])[0][0, 2])

    wide = given.astype(np.float64)
    step = 1e-6 * rng.normal(size=wide.shape)  # so small that hardly a maximum or a ReLU changes sides
    change = (score(wide + step / 2) - score(wide - step / 2)) / 1e-6
    assert change == pytest.approx(float((gradient * step).sum()) / 1e-6, rel=1e-3)


@pytest.mark.parametrize("variant", ["MTT_musicnn", "MTT_vgg"])
def test_the_derivative_by_features_is_that_by_a_layer_times_the_layers_own(variant: str) -> None:
    """The chain rule, for layers that all ways to the scores lead through."""
    musicnn = MusicnnModel(variant, threads=1)
    given = features(musicnn)
    whole = musicnn.vjp(given, first)[2]
    for layer in ["penultimate"] if variant == "MTT_musicnn" else ["pool2", "pool5"]:
        behind = musicnn.vjp(given, first, wrt=layer)[2]
        embedder = musicnn.at(layer)
        n_pooled = behind[0, ..., 0].size
        if n_pooled == 1:  # its pooling changes nothing
            through = embedder.vjp(given, lambda _: behind.reshape(len(behind), -1))[2]  # noqa: B023
        else:
            graph = musicnn._graph(layer).in_torch()
            x = torch.tensor(given[:, None], requires_grad=True)
            (answer,) = graph(x, ["activations"])
            through = torch.autograd.grad(answer, x, torch.from_numpy(behind))[0][:, 0].numpy()
        np.testing.assert_allclose(through, whole, atol=1e-5 * np.abs(whole).max())


def test_parallel_layers_of_musicnn_together_carry_the_whole_derivative() -> None:
    """``timbral`` and ``temporal`` are the two ways from the input, ``max_pool`` and ``mean_pool`` those to the end."""
    musicnn = MusicnnModel("MSD_musicnn", threads=1)
    given = features(musicnn)
    whole = musicnn.vjp(given, first)[2]
    for pair in (("timbral", "temporal"), ("max_pool", "mean_pool")):
        total = np.zeros_like(whole)
        for layer in pair:
            x = torch.tensor(given[:, None], requires_grad=True)
            (answer,) = musicnn._graph(layer).in_torch()(x, ["activations"])
            behind = torch.from_numpy(musicnn.vjp(given, first, wrt=layer)[2])
            total += torch.autograd.grad(answer, x, behind)[0][:, 0].numpy()
        np.testing.assert_allclose(total, whole, atol=1e-5 * np.abs(whole).max())


def test_a_batch_of_musicnn_is_its_signals_one_by_one() -> None:
    musicnn = MusicnnModel("MTT_musicnn", threads=1)
    given = features(musicnn, 3)
    for wrt in (None, "cnn2"):
        together = musicnn.vjp(given, first, wrt=wrt)[2]
        alone = np.concatenate([musicnn.vjp(row[None], first, wrt=wrt)[2] for row in given])
        np.testing.assert_allclose(together, alone, atol=1e-6 * np.abs(alone).max())
        assert np.abs(together[0] - together[1]).max() > 1e-5


def test_embedders_and_random_networks_of_musicnn_are_differentiated_as_they_answer() -> None:
    musicnn = MusicnnModel("MTT_musicnn", threads=1)
    given, embedder = features(musicnn), musicnn.at("cnn2")
    outputs, _, gradient = embedder.vjp(given, first)
    np.testing.assert_allclose(outputs, musicnn.activations(given, "cnn2").mean(axis=1), atol=1e-4)
    assert gradient.shape == given.shape
    mean = embedder.vjp(given, first, wrt="cnn2")[2]
    expected = np.zeros((1, 187, 64), np.float32)
    expected[:, :, 2] = 1 / 187  # of the mean over time
    np.testing.assert_allclose(mean, expected, atol=1e-7)
    other = musicnn.randomised(["dense_1"])
    np.testing.assert_allclose(other.vjp(given, first)[0], other._network(None)(given[:, None])[0], atol=1e-5)
    assert np.abs(other.vjp(given, first)[2] - musicnn.vjp(given, first)[2]).max() > 1e-4
    with pytest.raises(
        UsageError, match=r"musicnn:MTT_musicnn cannot be .* by layer 'cnn3': it is not passed on the way"
    ):
        embedder.vjp(given, first, wrt="cnn3")
    with pytest.raises(UsageError, match="unknown layer 'cnn9'"):
        musicnn.vjp(given, first, wrt="cnn9")
    with pytest.raises(
        UsageError, match=r"cotangent_fn answered an array of shape \(50,\) for outputs of shape \(1, 50\)"
    ):
        musicnn.vjp(given, lambda outputs: outputs[0])


def test_the_graph_that_goes_on_from_a_layer_answers_the_same_in_onnx_runtime() -> None:
    musicnn = MusicnnModel("MTT_musicnn", threads=1)
    given = features(musicnn)[:, None]
    network = musicnn_graph(musicnn._weights, through="penultimate").network(threads=1)
    np.testing.assert_allclose(network(given)[1], musicnn._network(None)(given)[0], atol=1e-6)


def test_weights_that_are_listed_among_the_inputs_as_older_files_do_are_no_inputs() -> None:
    x, graph = one("Mul", X2, np.float32(2))
    graph.graph.input.insert(0, helper.make_tensor_value_info("c0", TensorProto.FLOAT, []))
    run = TorchGraph(graph.SerializeToString())
    np.testing.assert_array_equal(run(torch.from_numpy(x), ["y"])[0], 2 * x)
