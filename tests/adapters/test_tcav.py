"""TCAV: the scores of captum's `concept` module, with the same directions at the same layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audiolime_ext.concepts.judgement.cavs import fit_cavs
from audiolime_ext.concepts.judgement.tcav import Gradients, scores_of
from audiolime_ext.extras import require

torch = require("torch", extra="torch")
concept: Any = pytest.importorskip("captum.concept")
nn = torch.nn

N_FEATURES, RNG = 10, np.random.default_rng(0)


class Network(nn.Module):  # type: ignore[misc, name-defined]
    """A layer that is pooled already, and what lies above it bends."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.inside, self.above = nn.Linear(16, N_FEATURES), nn.Sequential(nn.Tanh(), nn.Linear(N_FEATURES, 3))

    def forward(self, given: Any) -> Any:
        return self.above(self.inside(given))


class Ours(concept.Classifier if hasattr(concept, "Classifier") else object):  # type: ignore[misc]
    """Captum asks it for a direction; it answers the one that was fitted here."""

    def __init__(self, direction: np.ndarray) -> None:
        self.direction = torch.tensor(np.stack([direction, -direction]), dtype=torch.float32)

    def train_and_eval(self, dataloader: Any, **_: Any) -> Any:
        return {"accs": torch.tensor(1.0)}

    def weights(self) -> Any:
        return self.direction

    def classes(self) -> list[int]:
        return [0, 1]


@pytest.mark.parametrize("target", [0, 1, 2])
def test_scores_are_captums(tmp_path: Any, target: int) -> None:
    network = Network().double().float().eval()
    patches, songs = (RNG.normal(0, 1, (n, 16)).astype(np.float32) for n in (40, 24))
    patches[:20, :3] += 1.5
    inside = network.inside(torch.tensor(patches)).detach().numpy().astype(np.float64)
    cavs = fit_cavs((inside @ inside.T)[None], np.repeat([1.0, -1.0], 20))
    direction = cavs.alphas[0] @ inside
    at = network.inside(torch.tensor(songs)).detach().requires_grad_()
    (slopes,) = torch.autograd.grad(network.above(at)[:, target].sum(), at)
    ours = scores_of(cavs, np.arange(40)[None], Gradients.of(slopes.numpy().astype(float), np.arange(24), inside))

    def batches(rows: np.ndarray) -> Any:
        return torch.utils.data.DataLoader(torch.tensor(rows), batch_size=20)

    pair = [concept.Concept(0, "concept", batches(patches[:20])), concept.Concept(1, "other", batches(patches[20:]))]
    method = concept.TCAV(network, ["inside"], classifier=Ours(direction), save_path=str(tmp_path))
    found = method.interpret(torch.tensor(songs), [pair], target=target)
    theirs = next(iter(found.values()))["inside"]
    assert ours.shares[0] == pytest.approx(float(theirs["sign_count"][0]), abs=1e-6)
    derivatives = slopes.numpy() @ direction
    assert float(theirs["magnitude"][0]) == pytest.approx(derivatives.mean(), abs=1e-6)
    assert ours.derivatives[0] == pytest.approx(derivatives.mean() / np.linalg.norm(direction), abs=1e-6)
