"""Our gradient methods against captum's, on a network of PyTorch: the same nodes, the same noise, the same layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audiolime_ext.extras import require
from audiolime_ext.gradients.methods.contrast import integral_of_difference
from audiolime_ext.gradients.methods.grad_cam import grad_cam
from audiolime_ext.gradients.methods.integrated import integrated_gradients
from audiolime_ext.gradients.methods.smoothing import smooth_grad
from audiolime_ext.prediction.similarity import cosine_to
from audiolime_ext.prediction.targets import make_target

torch = require("torch", extra="torch")
captum: Any = pytest.importorskip("captum.attr")
nn, functional = torch.nn, torch.nn.functional

LABELS, N_STEPS = ["rock", "pop", "jazz"], 24
X = np.random.default_rng(0).normal(0, 1, (3, 20, 12)).astype(np.float32)
BASE = np.random.default_rng(1).normal(0, 0.3, (20, 12)).astype(np.float32)
STEPS: dict[str, Any] = {"n_steps": N_STEPS, "most_steps": N_STEPS, "near": 0.0}
SAME: dict[str, Any] = {"n_steps": N_STEPS, "method": "riemann_trapezoid"}
WHOLE = N_STEPS / (N_STEPS - 1)  # captum's weights of this rule add up to less than one


class Convolutions(nn.Module):  # type: ignore[misc, name-defined]
    """Two convolutions with kinks and pooling, and a sigmoid at the end."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 8, 3, padding=1)
        self.last = nn.Linear(8, 3)

    def forward(self, spectra: Any) -> Any:
        inside = functional.max_pool2d(torch.relu(self.first(spectra[:, None])), 2)
        inside = torch.relu(self.second(inside))
        return torch.sigmoid(4 * self.last(inside.mean((2, 3))))


class TorchModel:
    """A model that is differentiated by autograd; its layers are captured by hooks."""

    layers, batch_size, spec, front_end = ("first", "second"), 5, None, None

    def __init__(self) -> None:
        self.network = Convolutions().eval()

    def at(self, layer: str) -> Any:
        raise NotImplementedError

    def activations(self, features: Any, layer: str) -> Any:
        return self.vjp(features, np.zeros_like, wrt=layer)[1]

    def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
        given, kept = torch.tensor(features, requires_grad=True), []
        hook = (
            None
            if wrt is None
            else getattr(self.network, wrt).register_forward_hook(lambda *told: kept.append(told[2]))
        )
        outputs = self.network(given)
        if hook is not None:
            hook.remove()
        by = kept[0] if kept else given
        (gradient,) = torch.autograd.grad(outputs, by, torch.tensor(cotangent_fn(outputs.detach().numpy())))
        return outputs.detach().numpy(), by.detach().numpy(), gradient.numpy()


@pytest.fixture(scope="module")
def model() -> TorchModel:
    return TorchModel()


@pytest.mark.parametrize("column", [0, 1, 2])
def test_integrated_gradients_are_captums_with_the_same_nodes(model: TorchModel, column: int) -> None:
    ours = integrated_gradients(model, X, make_target("score", LABELS).only(column), baseline=BASE, **STEPS)
    base = torch.tensor(np.broadcast_to(BASE, X.shape).copy())
    theirs = captum.IntegratedGradients(model.network).attribute(torch.tensor(X), base, target=column, **SAME)
    assert np.abs(ours.values).max() > 1e-3
    assert ours.values == pytest.approx(WHOLE * theirs.numpy(), abs=1e-5)
    assert ours.gaps == pytest.approx(np.abs(WHOLE * theirs.numpy().sum(axis=(1, 2)) - ours.moved), abs=1e-5)


def test_more_nodes_come_to_what_captums_come_to(model: TorchModel) -> None:
    """Ours are put where the network bends, captum's are a thousand of Gauss and Legendre's."""
    target = make_target("score", LABELS).only(0)
    ours = integrated_gradients(model, X, target, baseline=BASE, near=0.0)
    base = torch.tensor(np.broadcast_to(BASE, X.shape).copy())
    theirs = captum.IntegratedGradients(model.network).attribute(torch.tensor(X), base, target=0, n_steps=1000)
    assert ours.complete.all()
    off = np.linalg.norm(ours.values - theirs.numpy()) / np.linalg.norm(theirs.numpy())
    assert off < 0.1


def test_log_odds_and_cosines_are_captums_of_the_same_function(model: TorchModel) -> None:
    directions = np.random.default_rng(2).normal(0, 1, (2, 3))
    to_a, to_b = (cosine_to(one).target(name) for one, name in zip(directions, "AB", strict=True))
    a, b = (torch.tensor(one / np.linalg.norm(one), dtype=torch.float32) for one in directions)

    def log_odds(spectra: Any) -> Any:
        return torch.logit(model.network(spectra))[:, 1]

    def nearer(spectra: Any) -> Any:
        return functional.normalize(model.network(spectra), dim=1) @ (a - b)

    base = torch.tensor(np.broadcast_to(BASE, X.shape).copy())
    ours = integrated_gradients(model, X, make_target("log-odds", LABELS).only(1), baseline=BASE, **STEPS)
    theirs = captum.IntegratedGradients(log_odds).attribute(torch.tensor(X), base, **SAME)
    assert ours.values == pytest.approx(WHOLE * theirs.numpy(), abs=1e-5)
    ours = integral_of_difference(model, X, to_a, to_b, baseline=BASE, **STEPS)
    theirs = captum.IntegratedGradients(nearer).attribute(torch.tensor(X), base, **SAME)
    assert ours.values == pytest.approx(WHOLE * theirs.numpy(), abs=1e-5)


@pytest.mark.parametrize("layer", ["first", "second"])
def test_grad_cam_is_captums_layer_grad_cam_interpolated(model: TorchModel, layer: str) -> None:
    ours = grad_cam(model, X, make_target("score", LABELS).only(2), layer, channels="first")
    theirs = captum.LayerGradCam(model.network, getattr(model.network, layer)).attribute(
        torch.tensor(X), target=2, relu_attributions=True
    )
    there = functional.interpolate(theirs, X.shape[1:], mode="bilinear", align_corners=False)[:, 0]
    assert np.abs(ours.values).max() > 1e-4
    assert ours.values == pytest.approx(there.detach().numpy(), abs=1e-5)


@pytest.mark.parametrize("of", ["gradients", "integrated"])
def test_smooth_grad_is_captums_noise_tunnel_with_the_same_noise(
    model: TorchModel, of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """captum draws all copies of a window at once, by `torch.normal`; ours are put in their place."""
    n_draws = 4
    ranges = X.max(axis=(1, 2)) - X.min(axis=(1, 2))
    drawn = np.concatenate(
        [np.random.default_rng((3, i)).normal(0, 1, (n_draws, *X.shape[1:])) * 0.1 * ranges[i] for i in range(len(X))]
    )

    def noise(mean: Any, spread: Any) -> Any:
        assert spread.shape == drawn.shape
        return torch.tensor(drawn, dtype=torch.float32)

    asked = {"noise": 0.1, "n_draws": n_draws, "seed": 3}
    target = make_target("score", LABELS).only(0)
    told: dict[str, Any] = {"nt_type": "smoothgrad", "nt_samples": n_draws, "stdevs": 1.0, "target": 0}
    if of == "integrated":
        ours = smooth_grad(model, X, target, of=of, baseline=BASE, n_steps=N_STEPS, **asked)  # type: ignore[arg-type]
        base = torch.tensor(np.broadcast_to(BASE, X.shape).copy())
        told |= {"baselines": base, **SAME}
        method = captum.IntegratedGradients(model.network)
    else:
        ours = smooth_grad(model, X, target, **asked)  # type: ignore[arg-type]
        method = captum.Saliency(model.network)
        told["abs"] = False
    monkeypatch.setattr(torch, "normal", noise)
    theirs = captum.NoiseTunnel(method).attribute(torch.tensor(X), **told)
    assert np.abs(ours.values).max() > 1e-4
    whole = WHOLE if of == "integrated" else 1
    assert ours.values == pytest.approx(whole * theirs.detach().numpy(), abs=1e-5)
