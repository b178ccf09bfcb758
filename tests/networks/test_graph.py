"""The graph builder: what it builds computes what the layers are defined to compute."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.networks.graph import IR_VERSION, OPSET, Affine, Graph
from audiolime_ext.networks.runtime import session

RNG = np.random.default_rng(0)


def floats(*shape: int) -> NDArray[np.float32]:
    return RNG.standard_normal(shape).astype(np.float32)


def convolve(x: NDArray[np.float32], kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> NDArray[np.float64]:
    """The definition, for (channels, height, width) and (height, width, in, out), without padding."""
    windows = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), kernel.shape[:2], axis=(1, 2))
    return np.asarray(np.einsum("cyxhw,hwco->oyx", windows, kernel) + bias[:, None, None])


def run(graph: Graph, x: NDArray[np.float32]) -> NDArray[np.float32]:
    return graph.network()(x)[0]


def test_a_convolution_takes_tensorflows_kernel() -> None:
    x, kernel, bias = floats(1, 3, 9, 8), floats(3, 2, 3, 5), floats(5)
    graph = Graph("test")
    graph.output(graph.conv(graph.input("x", x.shape), kernel, bias), "y", [1, 5, 7, 7])
    np.testing.assert_allclose(run(graph, x)[0], convolve(x[0], kernel, bias), atol=1e-5)


def test_a_transposed_convolution_is_the_gradient_of_a_convolution() -> None:
    x, kernel = floats(1, 3, 4, 5), floats(5, 5, 2, 3)
    graph = Graph("test")
    y = graph.conv(
        graph.input("x", x.shape),
        kernel,
        np.zeros(2, np.float32),
        operator="ConvTranspose",
        strides=[2, 2],
        pads=[1, 1, 2, 2],
    )
    graph.output(y, "y", [1, 2, 8, 10])
    expected = np.zeros((2, 11, 13))
    for row, column in np.ndindex(4, 5):
        patch = np.einsum("hwoi,i->ohw", kernel, x[0, :, row, column])
        expected[:, 2 * row : 2 * row + 5, 2 * column : 2 * column + 5] += patch
    np.testing.assert_allclose(run(graph, x)[0], expected[:, 1:9, 1:11], atol=1e-5)


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1), (-1, -1, -1)])
def test_pooling_before_rectifying_and_scaling_changes_nothing(signs: tuple[int, ...]) -> None:
    x, kernel, bias = floats(1, 2, 10, 12), floats(3, 3, 2, 3), floats(3)
    norm = Affine(np.abs(floats(3)) * np.array(signs, np.float32), floats(3))
    graph = Graph("test")
    pool = {"kernel_shape": [2, 5], "strides": [2, 5]}
    graph.output(graph.pooled_block(graph.input("x", x.shape), kernel, bias, norm, pool=pool), "y", [1, 3, 4, 2])
    rectified = np.maximum(convolve(x[0], kernel, bias), 0)
    scaled = rectified * norm.scale[:, None, None] + norm.shift[:, None, None]
    expected = scaled.reshape(3, 4, 2, 2, 5).max(axis=(2, 4))
    np.testing.assert_allclose(run(graph, x)[0], expected, atol=1e-5)


def test_a_batch_normalisation_becomes_one_scale_and_shift() -> None:
    weights: dict[str, NDArray[Any]] = {
        "bn/gamma": floats(4),
        "bn/beta": floats(4),
        "bn/moving_mean": floats(4),
        "bn/moving_variance": floats(4) ** 2,
    }
    x = floats(2, 4, 3, 3)
    graph = Graph("test")
    shape: list[int | str] = ["n", 4, 3, 3]
    graph.output(graph.affine(graph.input("x", shape), Affine.from_batch_norm(weights, "bn")), "y", shape)
    gamma, beta, mean, variance = (
        weights[f"bn/{part}"][:, None, None] for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    np.testing.assert_allclose(run(graph, x), gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta, atol=1e-5)


@pytest.mark.parametrize("n", [3, 3000])
def test_large_weights_stay_outside_the_model_and_are_used_all_the_same(n: int) -> None:
    weights, x = floats(n), floats(2, n)
    graph = Graph("test")
    graph.output(graph.node("Mul", graph.input("x", ["n", n]), graph.constant(weights)), "y", ["n", n])
    network = graph.network()
    assert sum(array.size for array in network.weights.values()) == (n if n > 1024 else 0)
    np.testing.assert_array_equal(network(x)[0], weights * x)


def test_scalars_and_integers_can_be_constants() -> None:
    graph = Graph("test")
    x = graph.node("Add", graph.input("x", ["n", 2]), graph.constant(np.float32(1)))
    graph.output(graph.node("ReduceSum", x, graph.constant(np.array([1], np.int64)), keepdims=0), "y", ["n"])
    np.testing.assert_array_equal(run(graph, np.ones((3, 2), np.float32)), [4, 4, 4])


def test_models_keep_to_the_versions_that_every_supported_runtime_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    import onnx

    written: list[bytes] = []
    monkeypatch.setattr("audiolime_ext.networks.graph.session", lambda model, **_: written.append(model))
    graph = Graph("test")
    graph.output(graph.node("Relu", graph.input("x", [1, 2])), "y", [1, 2])
    graph.network()
    model = onnx.load_from_string(written[0])
    onnx.checker.check_model(model)
    assert (IR_VERSION, OPSET) == (model.ir_version, model.opset_import[0].version) == (8, 17)


def test_the_number_of_threads_can_be_set() -> None:
    graph = Graph("test")
    graph.output(graph.node("Relu", graph.input("x", [1, 2])), "y", [1, 2])
    assert graph.network(threads=1).session.get_session_options().intra_op_num_threads == 1
    with pytest.raises(Exception, match="INVALID_PROTOBUF"):
        session(b"not a model")


REPORTING = """
from audiolime_ext.networks.graph import Graph
import numpy as np
graph = Graph("test")
graph.output(graph.conv(graph.input("x", (1, 1, 3, 3)), np.ones((2, 2, 1, 1), np.float32), np.ones(1, np.float32)),
             "y", [1, 1, 2, 2])
graph.network()(np.ones((1, 1, 3, 3), np.float32))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there, the home is elsewhere")
def test_the_runtime_reports_nothing_and_marks_no_home(tmp_path: Path) -> None:
    run = [sys.executable, "-c", REPORTING]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    told = subprocess.run(run, env={**kept, "HOME": str(tmp_path)}, capture_output=True, text=True, check=True)
    assert (told.stdout, told.stderr) == ("", "")
    assert not [path for path in tmp_path.rglob("*") if "deviceid" in path.name]


def test_what_no_output_needs_is_neither_kept_nor_run() -> None:
    graph = Graph("two branches")
    x = graph.input("x", ["n_batch", 2000])
    doubled = graph.node("Mul", x, graph.constant(np.full(2000, 2, np.float32)))
    graph.node("Div", x, graph.constant(np.zeros(2000, np.float32)))
    graph.output(graph.node("Neg", doubled), "y", None)
    network = graph.network()
    assert len(network.weights) == 1
    np.testing.assert_array_equal(network(np.ones((1, 2000), np.float32))[0], np.full((1, 2000), -2, np.float32))
