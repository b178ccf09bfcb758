"""One map against another: closed forms, what it says of itself, and pairs whose ratio says nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, relevance
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.methods.against import against
from audiolime_ext.gradients.relevance import Relevance
from tests.gradients.networks import N_BANDS, SR, Network

SOUND = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 3 * SR)).astype(np.float32), SR, "song")


class Halves(Network):
    """Two layers of two channels: how loud the low and the high bands are, which are its two scores.

    A third label has three times the second's score.
    """

    layers, channels = ("bands", "doubled"), -1
    weights = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 3.0]])  # of channels, by labels

    def __init__(self) -> None:
        self.labels, self.batches = ["low", "high", "higher"], []

    def at(self, layer: str) -> Any:
        raise NotImplementedError

    def activations(self, features: Any, layer: str) -> Any:
        found = np.zeros((*features.shape, 2), np.float32)
        found[:, :, : N_BANDS // 2, 0] = features[:, :, : N_BANDS // 2]
        found[:, :, N_BANDS // 2 :, 1] = features[:, :, N_BANDS // 2 :]
        return found * (2 if layer == "doubled" else 1)

    def __call__(self, batch: Any) -> Any:
        return self._outputs(self.activations(self.front_end(batch), "bands"))

    def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
        self.batches.append(len(features))
        inside = self.activations(features, wrt or "bands")
        outputs = self._outputs(self.activations(features, "bands"))
        by_channel = cotangent_fn(outputs) @ self.weights.T / features[0].size / (2 if wrt == "doubled" else 1)
        slope = np.broadcast_to(by_channel[:, None, None], inside.shape)
        if wrt is not None:
            return outputs, inside, slope
        halves = np.repeat(by_channel, N_BANDS // 2, axis=1)[:, None]
        return outputs, features, np.broadcast_to(halves, features.shape)

    def _outputs(self, inside: Any) -> Any:
        return (inside.mean((1, 2)) @ self.weights).astype(np.float32)


def cam(label: str, layer: str = "bands", **options: Any) -> Relevance:
    return relevance(SOUND, Halves(), label=label, method="grad-cam", layer=layer, **options)


def test_it_is_the_logarithm_of_the_ratio_within_three() -> None:
    one, other = cam("higher"), cam("high")
    found = against(one, other)
    expected = np.clip(np.log((one.values + 1e-5) / (other.values + 1e-5)), -3, 3)
    assert found.values == pytest.approx(expected, abs=1e-12)
    assert found.values[:, N_BANDS // 2 :].max() == pytest.approx(np.log(3), abs=0.1)
    assert against(other, one).values == pytest.approx(-found.values)
    assert found.per_window == pytest.approx(np.array([found.values[found.frames_of(i)].sum(axis=0) for i in range(3)]))
    assert [window.value for window in found.windows] == [
        a.value - b.value for a, b in zip(one.windows, other.windows, strict=True)
    ]


def test_what_only_one_has_is_at_the_limit_and_it_is_said() -> None:
    found = against(cam("low"), cam("high"))
    assert found.values[:, : N_BANDS // 2].mean() == pytest.approx(3, abs=0.1)
    assert found.values[:, N_BANDS // 2 :].mean() == pytest.approx(-3, abs=0.1)
    assert (found.label, found.target) == ("low against high", "score")
    assert str(found).startswith("song, 3 windows: score of low against high by log ratio of Grad-CAM at bands\n")
    assert "kHz" not in str(found)
    assert "kHz" in str(cam("low"))
    assert found.notes[-1] == "the value of a window is that of low less that of high"
    assert any("of the cells lie at ±3: by how much more one map is stronger there" in note for note in found.notes)
    assert "the natural logarithm of a ratio, within ±3, each map increased by 1e-05" in found.notes


def test_only_windows_that_are_explained_count() -> None:
    first, second = (cam(label, at=[0.0, 2.0]) for label in ("low", "high"))
    found = against(first, second)
    strongest = against(
        cam("low", strongest=2), cam("high", at=[one.start_s for one in cam("low", strongest=2).windows])
    )
    assert [note for note in strongest.notes if "explained" in note] == [
        "of 3 windows, 2 are explained: where low is highest"
    ]
    assert not found.values[~found.covered].any()
    assert (~found.covered).any()
    assert np.abs(found.values[found.covered]).min() > 0


def test_a_ratio_has_a_figure_of_its_own_scale() -> None:
    figure = against(cam("low"), cam("high")).plot()
    texts = [axis.get_ylabel() for axis in figure.axes]
    assert "log ratio" in texts
    assert "relevance" not in texts


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        (lambda: cam("low"), "both maps are of low, so their ratio is 1 everywhere"),
        (lambda: cam("high", "doubled"), "Grad-CAM at bands and the other by Grad-CAM at doubled: each is on a scale"),
        (lambda: cam("high", at=[1.0, 2.0]), "of other windows; make the second of those of the first"),
        (lambda: cam("high", scaled=True), "one of the two maps is scaled to 0…1 and the other is not"),
        (lambda: replace(cam("high"), sha256="other"), "of another recording each"),
        (lambda: replace(cam("high"), model="other"), "of another model each"),
        (lambda: relevance(SOUND, Halves(), label="high"), "by integrated gradients: each is on a scale of its own"),
    ],
)
def test_a_ratio_that_says_nothing_is_refused(second: Any, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        against(cam("low"), second())


def test_a_ratio_of_maps_with_signs_is_refused() -> None:
    low, high = (relevance(SOUND, Halves(), label=label, method="gradients", n_draws=1) for label in ("low", "high"))
    signed = replace(high, values=-high.values)
    with pytest.raises(UsageError, match="a ratio is of maps without negative values"):
        against(low, signed)
