"""Models that PyTorch differentiates: linear ones against their closed form, others against themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from audiolime_ext.errors import MissingError, ModelError, UnfitModel, UsageError
from audiolime_ext.extras import require
from audiolime_ext.models.musicnn import LEAD, WINDOW, MusicnnModel
from audiolime_ext.prediction import function, loading
from audiolime_ext.prediction.capabilities import Differentiable, Layered, require_differentiable
from audiolime_ext.prediction.front_end import LogMel

torch = require("torch", extra="torch")
nn = torch.nn
Module: Any = nn.Module
tagger: Any = function.tagger  # its models have a vjp where it can be made, which types do not say
load_model: Any = loading.load_model

SR, N_FRAMES, N_MELS = 8000, 61, 20
RNG = np.random.default_rng(0)
W = RNG.normal(0, 0.1, (3, N_MELS)).astype(np.float32)
BIAS = np.array([0.1, -0.2, 0.3], np.float32)
SIGNALS = RNG.normal(0, 0.1, (3, SR)).astype(np.float32)
FRONT_END = LogMel(SR, 256, 128, N_MELS)
SPECTRA = FRONT_END(SIGNALS)
VECTOR = RNG.normal(size=(3, 3)).astype(np.float32)
OPTIONS = f"?sr={SR}&labels=rock;jazz;hum&front_end=log-mel:256,128,{N_MELS}&window_s=1"


class Linear(Module):  # type: ignore[misc]
    """The mean over time, and a weighted sum of the bands: (n_batch, n_frames, n_bands) → (n_batch, 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = nn.Identity()
        self.last = nn.Linear(N_MELS, 3)
        self.last.weight.data, self.last.bias.data = torch.from_numpy(W.copy()), torch.from_numpy(BIAS.copy())

    def forward(self, x: Any) -> Any:
        return self.last(self.twice(2 * x).mean(1))


OUTPUTS = 2 * SPECTRA.mean(axis=1) @ W.T + BIAS
BY_FEATURES = np.repeat((2 * VECTOR @ W / N_FRAMES)[:, None], N_FRAMES, axis=1)


def exported(folder: Path, net: Any, example: Any = None) -> str:
    example = torch.zeros(2, N_FRAMES, N_MELS) if example is None else example
    batch = None if len(example) == 1 else ({0: torch.export.Dim.AUTO},)
    torch.export.save(torch.export.export(net.eval(), (example,), dynamic_shapes=batch), folder / "net.pt2")
    return f"torch:{folder / 'net.pt2'}{OPTIONS}"


def scripted(folder: Path, net: Any) -> str:
    torch.jit.trace(net.eval(), torch.zeros(2, N_FRAMES, N_MELS)).save(folder / "net.pt")
    return f"torch:{folder / 'net.pt'}{OPTIONS}"


def onnx_file(
    folder: Path, nodes: list[Any], shape: tuple[Any, ...] = ("n", N_FRAMES, N_MELS), **constants: Any
) -> str:
    kind = constants.pop("kind", TensorProto.FLOAT)
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", kind, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save_model(helper.make_model(graph, opset_imports=[opset], ir_version=8), folder / "net.onnx")
    return f"onnx:{folder / 'net.onnx'}{OPTIONS}"


def linear_onnx(folder: Path, shape: tuple[Any, ...] = ("n", N_FRAMES, N_MELS), kind: int = TensorProto.FLOAT) -> str:
    dtype = np.float64 if kind == TensorProto.DOUBLE else np.float32
    nodes = [
        helper.make_node("Add", ["x", "x"], ["twice"]),
        helper.make_node("ReduceMean", ["twice"], ["mean"], axes=[len(shape) - 2], keepdims=0),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w", "b"], ["y"], transB=1),
    ]
    return onnx_file(folder, nodes, shape, w=W.astype(dtype), b=BIAS.astype(dtype), kind=kind)


def at_hand(folder: Path) -> Any:
    return tagger(Linear(), sr=SR, labels=["rock", "jazz", "hum"], window_s=1.0, front_end=FRONT_END)


MADE: dict[str, Callable[[Path], Any]] = {
    "at hand": at_hand,
    "exported": lambda folder: load_model(exported(folder, Linear())),
    "exported for one signal": lambda folder: load_model(exported(folder, Linear(), torch.zeros(1, N_FRAMES, N_MELS))),
    "scripted": lambda folder: load_model(scripted(folder, Linear())),
    "onnx": lambda folder: load_model(linear_onnx(folder)),
    "onnx for one signal": lambda folder: load_model(linear_onnx(folder, (1, 1, N_FRAMES, N_MELS))),
    "onnx, double": lambda folder: load_model(linear_onnx(folder, kind=TensorProto.DOUBLE)),
}


@pytest.mark.parametrize("kind", MADE)
def test_a_linear_model_has_its_weights_as_its_derivative(tmp_path: Path, kind: str) -> None:
    model = MADE[kind](tmp_path)
    scores = model(SIGNALS)
    assert isinstance(model, Differentiable)
    outputs, at, gradient = model.vjp(SPECTRA, lambda _: VECTOR)
    np.testing.assert_allclose(outputs, OUTPUTS, atol=1e-5)
    np.testing.assert_allclose(outputs, scores, atol=1e-5)
    np.testing.assert_array_equal(at, SPECTRA)
    np.testing.assert_allclose(gradient, BY_FEATURES, atol=1e-6)
    assert {part.dtype for part in (outputs, at, gradient)} == {np.dtype(np.float32)}


@pytest.mark.parametrize(("kind", "layer"), [("at hand", "twice"), ("exported", None), ("onnx", "twice")])
def test_by_a_layer_it_has_those_behind_the_layer(tmp_path: Path, kind: str, layer: str | None) -> None:
    model = MADE[kind](tmp_path)
    layer = layer or model.layers[0]  # of the nodes of the program, the multiplication
    outputs, at, gradient = model.vjp(SPECTRA, lambda _: VECTOR, wrt=layer)
    np.testing.assert_allclose(outputs, OUTPUTS, atol=1e-5)
    np.testing.assert_allclose(at, 2 * SPECTRA, rtol=1e-6)
    np.testing.assert_allclose(gradient, BY_FEATURES / 2, atol=1e-6)
    if isinstance(model, Layered):
        np.testing.assert_array_equal(at, model.activations(SPECTRA, layer))
    with pytest.raises(UsageError, match="unknown layer 'nowhere'"):
        model.vjp(SPECTRA, lambda _: VECTOR, wrt="nowhere")


@pytest.mark.parametrize("kind", ["at hand", "exported for one signal", "onnx for one signal"])
def test_a_batch_is_its_signals_one_by_one(tmp_path: Path, kind: str) -> None:
    model = MADE[kind](tmp_path)
    together = model.vjp(SPECTRA, np.sin)[2]
    alone = np.concatenate([model.vjp(one[None], np.sin)[2] for one in SPECTRA])
    np.testing.assert_allclose(together, alone, atol=1e-7)


@pytest.mark.parametrize("name", ["sigmoid", "softmax"])
@pytest.mark.parametrize("kind", ["exported", "onnx", "at hand", "module", "function of tensors"])
def test_an_activation_is_differentiated_together_with_the_network(tmp_path: Path, kind: str, name: str) -> None:
    if kind in ("exported", "onnx"):
        spec = exported(tmp_path, Linear()) if kind == "exported" else linear_onnx(tmp_path)
        model = load_model(f"{spec}&activation={name}")
    else:
        module = nn.Sigmoid() if name == "sigmoid" else nn.Softmax(dim=1)
        activation = {
            "at hand": name,
            "module": module,
            "function of tensors": lambda y: module(1 * torch.as_tensor(y)),
        }
        model = tagger(Linear(), sr=SR, labels=list("abc"), front_end=FRONT_END, activation=activation[kind])
    outputs, _, gradient = model.vjp(SPECTRA, lambda _: VECTOR)
    np.testing.assert_allclose(outputs, model(SIGNALS), atol=1e-6)
    p = outputs.astype(np.float64)
    vector = VECTOR * p * (1 - p) if name == "sigmoid" else p * (VECTOR - (p * VECTOR).sum(axis=1, keepdims=True))
    expected = np.repeat((2 * vector @ W / N_FRAMES)[:, None], N_FRAMES, axis=1)
    np.testing.assert_allclose(gradient, expected, atol=1e-6)


def test_a_model_whose_activation_is_a_function_of_arrays_says_that_it_has_no_derivative() -> None:
    model = tagger(Linear(), sr=SR, front_end=FRONT_END, activation=lambda y: np.exp(np.asarray(y)))
    assert not isinstance(model, Differentiable)
    with pytest.raises(
        UsageError, match=r"cannot be differentiated: the derivative of its activation, <lambda>, is not"
    ):
        require_differentiable(model)


def test_two_labels_over_one_output_have_opposite_derivatives() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(SR, 1, bias=False))
    model = tagger(net, sr=SR, labels=["no", "yes"])
    outputs, _, gradient = model.vjp(SIGNALS, lambda outputs: np.array([[1, 0], [0, 1], [1, 1]], np.float32))
    np.testing.assert_allclose(outputs, model(SIGNALS), atol=1e-6)
    w = net[1].weight.detach().numpy()[0]
    np.testing.assert_allclose(gradient, [-w, w, 0 * w], atol=1e-6)


class Chain(Module):  # type: ignore[misc]
    """Convolutions over waveforms, with a connection around one of them, and a step in place."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv1d(1, 4, 9, 4), nn.Conv1d(4, 4, 3, padding=1)
        self.relu, self.last = nn.ReLU(inplace=True), nn.Linear(4, 3)

    def forward(self, x: Any) -> Any:
        x = self.first(x[:, None])
        return self.last((x + self.relu(self.second(x))).mean(2))


def expected(net: Any, wrt: str | None = None) -> NDArray[Any]:
    x = torch.tensor(SIGNALS, requires_grad=True)
    kept: list[Any] = []
    part: Any = dict(net.named_modules()).get(wrt or "")
    hook = part.register_forward_hook(lambda _, __, answer: kept.append(answer)) if wrt else None
    answer = net(x)
    if hook is not None:
        hook.remove()
    return np.asarray(torch.autograd.grad(answer, kept[0] if wrt else x, torch.from_numpy(VECTOR))[0])


@pytest.mark.parametrize("wrt", [None, "first", "last"])
def test_a_network_of_waveforms_is_differentiated_by_the_signals_themselves(wrt: str | None) -> None:
    net = Chain()
    model = tagger(net, sr=SR)
    np.testing.assert_allclose(model.vjp(SIGNALS, lambda _: VECTOR, wrt=wrt)[2], expected(net, wrt), atol=1e-6)


def test_what_is_changed_in_place_behind_a_layer_does_not_change_the_layer() -> None:
    net = Chain().eval()
    _, at, gradient = tagger(net, sr=SR).vjp(SIGNALS, lambda _: VECTOR, wrt="second")
    before = net.second(net.first(torch.from_numpy(SIGNALS)[:, None])).detach().numpy()
    np.testing.assert_allclose(at, before, atol=1e-6)
    w = VECTOR @ net.last.weight.detach().numpy() / at.shape[2]
    np.testing.assert_allclose(gradient, w[:, :, None] * (before > 0), atol=1e-6)


def test_exported_programs_are_differentiated_by_any_node_and_embedders_by_what_lies_before(tmp_path: Path) -> None:
    net = Chain().eval()
    program = torch.export.export(net, (torch.zeros(2, SR),), dynamic_shapes=({0: torch.export.Dim.AUTO},))
    torch.export.save(program, tmp_path / "chain.pt2")
    model = load_model(f"torch:{tmp_path / 'chain.pt2'}?sr={SR}&labels=a;b;c")
    np.testing.assert_allclose(model.vjp(SIGNALS, lambda _: VECTOR)[2], expected(net), atol=1e-6)
    first, second = [name for name in model.layers if name.startswith("conv1d")]
    np.testing.assert_allclose(model.vjp(SIGNALS, lambda _: VECTOR, wrt=first)[2], expected(net, "first"), atol=1e-6)
    embedder = load_model(f"torch:{tmp_path / 'chain.pt2'}?sr={SR}&layer={second}&channels=first")
    outputs, at, gradient = embedder.vjp(SIGNALS, np.ones_like, wrt=first)
    np.testing.assert_allclose(outputs, embedder(SIGNALS), atol=1e-6)
    assert at.shape == gradient.shape == (3, 4, 1998)
    _, at, gradient = embedder.vjp(SIGNALS, np.ones_like, wrt=second)
    np.testing.assert_allclose(gradient, np.full(at.shape, 1 / 1998), atol=1e-9)
    with pytest.raises(UsageError, match="by layer 'linear': its outputs do not depend on it"):
        embedder.vjp(SIGNALS, np.ones_like, wrt="linear")


def test_modules_of_a_scripted_sequence_are_layers(tmp_path: Path) -> None:
    net = nn.Sequential(
        nn.Unflatten(1, (1, -1)), nn.Conv1d(1, 4, 9, 4), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 1998, 3)
    )
    torch.jit.trace(net.eval(), torch.zeros(2, SR)).save(tmp_path / "net.pt")
    model = load_model(f"torch:{tmp_path / 'net.pt'}?sr={SR}&labels=a;b;c")
    np.testing.assert_allclose(model.vjp(SIGNALS, lambda _: VECTOR, wrt="2")[2], expected(net, "2"), atol=1e-6)


def test_a_network_that_hears_one_signal_at_a_time_is_asked_so() -> None:
    class Single(Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.part = nn.Identity()

        def forward(self, x: Any) -> Any:
            return self.part(x[:3] ** 2)

    model = tagger(Single(), sr=SR, one_at_a_time=True)
    outputs, _, gradient = model.vjp(SIGNALS, lambda _: VECTOR)
    np.testing.assert_allclose(outputs, model(SIGNALS))
    np.testing.assert_allclose(gradient[:, :3], 2 * SIGNALS[:, :3] * VECTOR, rtol=1e-6)
    assert not gradient[:, 3:].any()
    _, at, gradient = model.vjp(SIGNALS, lambda _: VECTOR, wrt="part")
    np.testing.assert_allclose(at, SIGNALS[:, :3] ** 2)
    np.testing.assert_array_equal(gradient, VECTOR)


def test_a_network_keeps_its_mode_and_gets_no_gradients() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(SR, 3)).train()
    net[2].eval()
    first, second = (tagger(net, sr=SR).vjp(SIGNALS, np.ones_like)[2] for _ in range(2))
    np.testing.assert_array_equal(first, second)  # dropout is off
    assert [part.training for part in net] == [True, True, False]
    assert [one.grad for one in net.parameters()] == [None, None]


def test_an_output_of_several_is_differentiated_by_its_name() -> None:
    class Several(Module):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return {"scores": 3 * x[:, :2], "states": x}

    model = tagger(Several(), sr=SR, output="scores")
    np.testing.assert_array_equal(model.vjp(SIGNALS, np.ones_like)[2][:, :3], [[3, 3, 0]] * 3)
    with pytest.raises(ModelError, match=r"2 outputs: 'scores' .*; say which are the scores"):
        tagger(Several(), sr=SR).vjp(SIGNALS, np.ones_like)


def made(forward: Callable[[Any, Any], Any]) -> Any:
    class Own(Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))
            self.part = nn.Identity()

        def forward(self, x: Any) -> Any:
            return forward(self, x)

    return tagger(Own(), sr=SR)


def changed(self: Any, x: Any) -> Any:
    x *= 2
    return x[:, :3]


def rectified(self: Any, x: Any) -> Any:
    return 2 * x.relu_()[:, :3] * (x[:, :3] >= 0)


def changed_too_late(self: Any, x: Any) -> Any:
    y = torch.exp(x[:, :3])
    y += 1
    return y


def test_a_network_that_changes_its_input_in_place_is_differentiated_by_what_it_was_given() -> None:
    before = SIGNALS.copy()
    _, at, gradient = made(changed).vjp(SIGNALS, lambda _: VECTOR)
    np.testing.assert_array_equal(SIGNALS, before)
    np.testing.assert_array_equal(at, SIGNALS)
    np.testing.assert_array_equal(gradient[:, :3], 2 * VECTOR)
    _, at, gradient = made(rectified).vjp(SIGNALS, lambda _: VECTOR)
    np.testing.assert_array_equal(at, SIGNALS)
    np.testing.assert_array_equal(gradient[:, :3], 2 * VECTOR * (SIGNALS[:, :3] > 0))


def test_in_half_precision_small_derivatives_vanish_and_float_keeps_them() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(SR, 3, bias=False))
    net[1].weight.data[:] = 1e-9
    kept = tagger(net, sr=SR).vjp(SIGNALS, np.ones_like)[2]
    np.testing.assert_allclose(kept, np.full(SIGNALS.shape, 3e-9), rtol=1e-5)
    _, at, gradient = tagger(net.half(), sr=SR).vjp(SIGNALS, np.ones_like)
    assert gradient.dtype == at.dtype == np.float32
    assert not gradient.any()


def test_a_network_without_weights_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"the network Linear has no weights \(it is on the device 'meta'\); load them"
    ):
        tagger(nn.Linear(SR, 3, device="meta"), sr=SR)


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (changed_too_late, r"changes in place what its derivative needs \(.*\); write y = y \+ x for y \+= x"),
        (
            lambda self, x: x[:, :3].detach(),
            r"cannot follow back to its input; .* without \.detach\(\), torch\.no_grad\(\)",
        ),
        (lambda self, x: self.weight * x.detach()[:, :3], r"cannot follow back to its input; .* without \.detach\(\)"),
        (lambda self, x: torch.from_numpy(x.detach().numpy()[:, :3]), r"cannot follow back to its input"),
        (lambda self, x: (x[:, :3] > 0).long(), r"answers int64 values, which have no derivative; let it answer its"),
        (lambda self, x: torch.sqrt(x[:, :3] * 0), r"nan or infinite at 9 of 24000 values, first of signal 0; a log"),
        (lambda self, x: x[:, :3].sum(), r"answered a Tensor|answered a tensor of shape"),
        (lambda self, x: x[:, 0], r"answered a tensor of shape \(3,\); .* it must answer a tensor \(3, n_outputs\)"),
        (lambda self, x: x[:, :3].numpy(), r"raised RuntimeError when it was differentiated: Can't call numpy\(\)"),
    ],
)
def test_what_cannot_be_differentiated_is_told_as_what_it_is(forward: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        made(forward).vjp(SIGNALS, np.ones_like)


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (lambda self, x: x[:, :3], "by layer 'part': it is not passed on the way to its outputs; name another layer"),
        (lambda self, x: self.part(self.part(x))[:, :3], "by layer 'part': it is passed 2 times; name another layer"),
        (lambda self, x: self.part(x > 0)[:, :3] * x[:, :3], "layer 'part' answers bool, by which nothing can be"),
    ],
)
def test_a_layer_that_is_no_single_one_on_the_way_is_told(forward: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        made(forward).vjp(SIGNALS, np.ones_like, wrt="part")


def test_a_layer_whose_answer_is_let_go_is_told() -> None:
    with pytest.raises(UnfitModel, match="cannot follow back to layer 'part'"):
        made(lambda self, x: self.part(x)[:, :3].detach()).vjp(SIGNALS, np.ones_like, wrt="part")


def test_a_vector_of_zeros_asks_for_the_outputs_alone_and_no_way_back_is_computed() -> None:
    class NoWayBack(torch.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(context: Any, x: Any) -> Any:
            return x[:, :3].clone()

        @staticmethod
        def backward(context: Any, *vectors: Any) -> Any:
            raise AssertionError("the way back")

    model = made(lambda self, x: NoWayBack.apply(x))
    outputs, at, gradient = model.vjp(SIGNALS, np.zeros_like)
    np.testing.assert_array_equal(outputs, SIGNALS[:, :3])
    assert gradient.shape == at.shape
    assert not gradient.any()
    with pytest.raises(ModelError, match="the way back"):
        model.vjp(SIGNALS, np.ones_like)


@pytest.mark.parametrize("vector", [np.zeros_like, np.ones_like])
def test_outputs_that_do_not_depend_on_the_input_are_told_whatever_is_asked(vector: Any) -> None:
    with pytest.raises(UnfitModel, match="cannot follow back to its input"):
        made(lambda self, x: self.weight.expand(len(x), 3)).vjp(SIGNALS, vector)
    with pytest.raises(UsageError, match="by layer 'part': its outputs do not depend on it"):
        made(lambda self, x: (self.part(x), self.weight * x[:, :3])[1]).vjp(SIGNALS, vector, wrt="part")


def test_an_error_of_the_vectors_own_function_stays_what_it_is() -> None:
    def wrong(outputs: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        at_hand(Path()).vjp(SPECTRA, wrong)


def test_an_onnx_file_with_operators_that_are_lacking_is_not_differentiable_and_says_which(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Hardmax", ["mean"], ["hard"]),
        helper.make_node("Gemm", ["hard", "w"], ["y"], transB=1),
    ]
    model = load_model(onnx_file(tmp_path, nodes, w=W))
    assert not isinstance(model, Differentiable)
    with pytest.raises(
        UsageError, match=r"net\.onnx.* cannot be differentiated: .* no derivative here: Hardmax; export it"
    ):
        require_differentiable(model)
    before = model.at("mean")
    assert isinstance(before, Differentiable)
    np.testing.assert_allclose(before.vjp(SPECTRA, np.ones_like)[2], np.full(SPECTRA.shape, 1 / N_FRAMES), atol=1e-7)


def test_without_pytorch_the_extra_that_brings_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    model = MusicnnModel("MTT_vgg")
    with pytest.raises(MissingError, match=r"needs the package torch: pip install 'audiolime-ext\[torch\]'"):
        model.vjp(model.front_end(np.zeros((1, LEAD + WINDOW), np.float32)), np.ones_like)
