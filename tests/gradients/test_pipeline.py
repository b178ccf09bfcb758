"""From a recording to a map: models that hear one place, and what is refused before any work."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from audiolime_ext import tagger
from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import AudioError, ModelError, UnfitModel, UsageError
from audiolime_ext.gradients.hearing import hear
from audiolime_ext.gradients.methods.integrated import integrated_gradients
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.prediction.front_end import MelSpectra
from audiolime_ext.prediction.similarity import cosine_to, nearer
from tests.gradients.networks import N_BANDS, SR, Celled, Network, linear, logistic, one_place, relu, score

RNG = np.random.default_rng(0)
NOISE = Audio(RNG.normal(0, 0.1, (1, 3 * SR)).astype(np.float32), SR, "noise")
LOW = Network(logistic(4 * one_place(slice(None), slice(0, 6)), -3.0), labels=["low"])


@pytest.mark.parametrize("method", ["integrated", "gradients", "smooth-integrated"])
def test_a_model_that_hears_one_band_has_its_relevance_there(method: str) -> None:
    network = Network(logistic(4 * one_place(slice(None), slice(6, 7)), -3.0), labels=["low"])
    found = relevance(NOISE, network, method=method, n_draws=3)
    sizes = np.abs(found.values)
    assert sizes[:, 6].sum() / sizes.sum() >= 0.95
    assert found.bands_hz is not None
    assert max(found.bands(), key=lambda band: band.mean).index == 6


def test_a_model_that_hears_one_moment_has_its_relevance_there() -> None:
    network = Network(logistic(4 * one_place(slice(20, 30), slice(None)), -3.0), labels=["moment"])
    found = relevance(NOISE, network)
    sizes = np.abs(found.values).sum(axis=1)
    starts = [round(one.start_s / found.step_s) for one in found.windows]
    frames = np.concatenate([np.arange(start + 20, start + 30) for start in starts])
    assert sizes[frames].sum() / sizes.sum() >= 0.95


def test_it_is_the_methods_own_map_of_the_windows() -> None:
    found = relevance(NOISE, LOW, start_s=1.0, duration_s=1.0)
    heard = hear(NOISE, LOW, start_s=1.0, duration_s=1.0)
    alone = integrated_gradients(LOW, heard.features, score(), baseline=heard.silence)
    assert found.values == pytest.approx(alone.values[0], abs=1e-12)
    assert found.times_s[0] == pytest.approx(1 + 128 / SR)
    assert [one.start_s for one in found.windows] == [1.0]
    assert (found.label, found.target, found.baseline, found.recording) == ("low", "score", "silence", "noise")


def test_without_a_label_the_one_of_the_highest_mean_is_explained() -> None:
    weights = np.concatenate([one_place(slice(None), slice(0, 6)), 3 * one_place(slice(None), slice(20, 32))])
    network = Network(linear(weights), labels=["low", "high"])
    assert relevance(NOISE, network).label == "high"
    assert relevance(NOISE, network, label="low").label == "low"
    contrast = relevance(NOISE, network, target=["high", "low"])
    assert (contrast.label, contrast.target) == ("high − low", "high − low")
    assert str(contrast).splitlines()[0] == "noise, 3 windows: high − low by integrated gradients, from silence"


def test_an_embedder_is_explained_by_a_similarity() -> None:
    rng = np.random.default_rng(4)
    embedder = Network(relu(rng.normal(0, 0.1, (8, 61, N_BANDS)), rng.normal(0, 1, (4, 8))))
    centre, a, b = rng.normal(0, 1, (3, 4))
    one = relevance(NOISE, embedder, target=cosine_to(a, centre=centre).target("similarity to A"), near=0)
    assert (one.label, one.target) == ("similarity to A", "similarity to A")
    assert all(
        (window.gap or 0) <= max(0.01 * abs(window.value - (window.baseline or 0)), 1e-3) for window in one.windows
    )
    both = relevance(NOISE, embedder, target=nearer(a, b, centre=centre).target("A over B"), near=0)
    assert both.label == "A over B"


@pytest.mark.parametrize(("baseline", "name"), [("mean", "the mean window"), ("other", "the windows of other")])
def test_a_baseline_is_named(baseline: str, name: str) -> None:
    other = Audio(RNG.normal(0, 0.01, (1, 2 * SR)).astype(np.float32), SR, "other")
    found = relevance(NOISE, LOW, baseline=other if baseline == "other" else baseline, near=0)
    assert found.baseline == name
    if baseline == "other":
        assert "other has fewer windows (2 for 3)" in found.notes[0]
        assert found.notes[1] == "the baseline is another song, other: maps say nothing of how near this one is to it"
    else:
        assert found.windows[0].baseline == pytest.approx(found.windows[1].baseline)


def test_windows_that_are_named_keep_the_mean_of_all() -> None:
    some, every = (relevance(NOISE, LOW, baseline="mean", near=0, at=at) for at in ([0.0, 2.0], None))
    assert some.windows == (every.windows[0], every.windows[2])
    assert some.excerpt_s == every.excerpt_s == (0.0, 3.0)
    assert some.covered.tolist() == [*every.covered[:61], *[False] * (len(some.covered) - 122), *every.covered[-61:]]


def test_given_features_are_a_baseline() -> None:
    heard = hear(NOISE, LOW)
    found = relevance(NOISE, LOW, baseline=heard.features[1])
    assert found.baseline == "the given features"
    assert [one.abstained for one in found.windows][1]


def test_windows_that_overlap_are_said_to() -> None:
    network = Network(logistic(4 * one_place(slice(None), slice(0, 6)), -3.0), labels=["low"])
    network.hop_s = 0.5
    found = relevance(NOISE, network)
    assert len(found.windows) == 5
    assert any("windows overlap by up to" in note for note in found.notes)
    assert len(found.values) == len(relevance(NOISE, LOW).values)


def test_a_blur_is_noted_and_keeps_the_sums_of_bands() -> None:
    plain, blurred = (relevance(NOISE, LOW, blur_frames=frames) for frames in (0, 2))
    assert blurred.per_window == pytest.approx(plain.per_window)
    assert "blurred by a Gaussian of 2 frames (standard deviation)" in blurred.notes
    assert np.abs(blurred.values - plain.values).max() > 0


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"method": "lime"}, "unknown method 'lime'"),
        ({"method": "grad-cam"}, "the layers of the model Network cannot be read"),
        ({"layer": "conv"}, "a layer is for grad-cam, and integrated is of the features; leave layer out"),
        ({"strongest": 0}, "strongest is 0; explain one window or more, or all"),
        ({"method": "gradients", "baseline": "mean"}, "gradients compares with nothing; leave baseline out"),
        (
            {"baseline": "zeros"},
            r"unknown baseline 'zeros' \(allowed: silence, mean, features, an Audio of another song\)",
        ),
        ({"target": max}, r"the target max\(\) is a function of the outputs, whose derivative nothing states"),
        ({"label": "high"}, "unknown label 'high'"),
        ({"baseline": np.zeros((3, 3))}, r"the baseline has shape \(3, 3\)"),
    ],
)
def test_what_cannot_be_used_is_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        relevance(NOISE, LOW, **options)


class Chancy(Network):
    """Answers by chance, as with dropout left on, or by what else is in the batch; its derivative does not."""

    def __init__(self, *, spread: float = 0.0, beside: float = 0.0) -> None:
        super().__init__(logistic(4 * one_place(slice(None), slice(0, 6)), -3.0), labels=["low"])
        self.rng, self.spread, self.beside = np.random.default_rng(0), spread, beside

    def __call__(self, batch: Any) -> Any:
        scores = super().__call__(batch)
        return scores + self.spread * self.rng.normal(size=scores.shape) + self.beside * (len(scores) == 1)


def test_a_model_that_answers_by_chance_is_explained_with_a_note() -> None:
    notes = relevance(NOISE, Chancy(spread=1e-3)).notes
    assert any("the model answers differently: ±0.0008" in note and "is dropout on?" in note for note in notes)
    assert "its gradients differ from pass to pass, too: maps hold that chance" in notes
    assert not any("differ" in note for note in relevance(NOISE, LOW).notes)
    with pytest.raises(
        ModelError, match=r"another value of score .*\(or the model answers by chance: is dropout on\?\)"
    ):
        relevance(NOISE, Chancy(spread=0.3))


def test_a_model_whose_answer_depends_on_its_batch_is_refused() -> None:
    with pytest.raises(UnfitModel, match=r"depends on what else is in the batch: 'low' differs by 0\.02"):
        relevance(NOISE, Chancy(beside=0.02))


def test_gradients_end_at_the_spectrogram_whatever_the_front_end_does() -> None:
    class Rounding(Network):
        front_end = MelSpectra(lambda batch: np.round(Network.front_end(batch), 1), SR, 256, 128, N_BANDS)

    network = Rounding(linear(one_place(slice(None), slice(0, 6))), labels=["low"])
    found, heard = relevance(NOISE, network, near=0), hear(NOISE, network)
    weights = one_place(slice(None), slice(0, 6))[0]
    assert np.unique(heard.features).size < 100
    assert found.values.sum() == pytest.approx((heard.features * weights).sum(), abs=1e-6)


def test_in_a_silent_excerpt_there_is_nothing_to_explain_from_silence() -> None:
    silent = Audio(np.zeros((1, 2 * SR), np.float32), SR, "silent")
    found = relevance(silent, LOW)
    assert not found.values.any()
    assert all(one.abstained for one in found.windows)
    assert any("not explained: the value differs from the baseline's by less than 0.05" in note for note in found.notes)


def test_grad_cam_without_a_layer_lists_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"grad-cam is of a layer: name it \(layer=, --layer\), one of cells"):
        relevance(NOISE, Celled(), method="grad-cam")
    with pytest.raises(UsageError, match=r"unknown layer 'cell'; did you mean 'cells'"):
        relevance(NOISE, Celled(), method="grad-cam", layer="cell")


LEVELS = Audio(NOISE.samples[:, : 2 * SR] * np.repeat([0.2, 2.0], SR).astype(np.float32), SR, "levels")


def test_the_strongest_windows_are_explained_as_they_are_among_all() -> None:
    whole, one = relevance(LEVELS, LOW, near=0), relevance(LEVELS, LOW, strongest=1, near=0)
    assert whole.windows[1].value > whole.windows[0].value
    assert one.windows == whole.windows[1:]
    assert one.values == pytest.approx(whole.values[-len(one.values) :], abs=1e-12)
    assert one.notes[0] == "of 2 windows, 1 is explained: where low is highest"
    assert relevance(LEVELS, LOW, strongest=2, near=0).notes == whole.notes


def test_the_strongest_windows_keep_their_own_baseline() -> None:
    other = Audio(NOISE.samples[:, SR:], SR, "other")
    whole, one = (relevance(LEVELS, LOW, baseline=other, strongest=n, near=0) for n in (None, 1))
    assert one.windows == whole.windows[1:]


def test_silent_windows_are_not_among_the_strongest() -> None:
    quiet = Audio(NOISE.samples[:, : 2 * SR] * np.repeat([0.0, 1.0], SR).astype(np.float32), SR, "quiet")
    fond = Network(logistic(-4 * one_place(slice(None), slice(0, 6)), -3.0), labels=["silence"])
    found = relevance(quiet, fond, strongest=2)
    assert [one.start_s for one in found.windows] == [1.0]
    assert "of 2 windows (1 silent), 1 is explained: where silence is highest" in found.notes
    with pytest.raises(AudioError, match="'quiet' is silent in all that was asked about"):
        relevance(quiet, fond, strongest=1, duration_s=1.0)


@pytest.mark.parametrize(
    ("options", "entries"),
    [
        ({}, ["sundararajan2017axiomatic"]),
        ({"method": "gradients", "n_draws": 2}, ["smilkov2017smoothgrad"]),
        ({"method": "smooth-integrated", "n_draws": 2}, ["smilkov2017smoothgrad", "sundararajan2017axiomatic"]),
    ],
)
def test_references_are_those_of_the_method_and_of_the_model(options: dict[str, Any], entries: list[str]) -> None:
    network = Network(LOW.answer, labels=["low"])
    network.references = ("@misc{low}",)  # type: ignore[assignment]
    found = relevance(NOISE, network, **options)
    assert re.findall(r"^@\w+{(\w+)", found.references, flags=re.MULTILINE) == [*entries, "low"]


def test_grad_cam_cites_its_paper() -> None:
    found = relevance(NOISE, Celled(), method="grad-cam", layer="cells")
    assert found.references.startswith("@inproceedings{selvaraju2017gradcam,")


def test_a_label_beside_a_contrast_is_refused() -> None:
    weights = np.concatenate([one_place(slice(None), slice(0, 6)), one_place(slice(None), slice(20, 32))])
    with pytest.raises(UsageError, match="says by itself what is explained; leave label out"):
        relevance(NOISE, Network(linear(weights), labels=["low", "high"]), target=["low", "high"], label="low")


def test_a_model_without_gradients_is_refused() -> None:
    with pytest.raises(UsageError, match=r"cannot be differentiated"):
        relevance(NOISE, tagger(lambda batch: batch[:, :1], sr=SR, window_s=1.0))


def test_gradients_of_another_function_than_the_answers_are_refused() -> None:
    class Logits(Network):
        def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
            outputs, inside, gradient = super().vjp(features, cotangent_fn)
            return outputs - 5, inside, gradient

    network = Logits(logistic(4 * one_place(slice(None), slice(0, 6)), -3.0), labels=["low"])
    with pytest.raises(ModelError, match=r"another value of score than the model itself \(by 5\)"):
        relevance(NOISE, network)


def test_it_is_told_how_far_the_windows_and_their_steps_are() -> None:
    told: list[Any] = []
    relevance(NOISE, LOW, n_steps=8, most_steps=8, progress=told.append)
    windows, steps = ([one for one in told if one.stage == name] for name in ("explaining", "following gradients"))
    assert (windows[0].done, windows[-1].done, windows[-1].total, windows[-1].unit) == (0, 3, 3, "window")
    assert (steps[0].done, steps[-1].done, steps[-1].total, steps[-1].unit) == (0, 8, 8, "step")
    assert steps[-1].outer.stage == "explaining"


@pytest.mark.parametrize("method", ["gradients", "smooth-integrated"])
def test_the_noise_of_a_window_is_the_same_whichever_others_are_explained(method: str) -> None:
    asked: dict[str, Any] = {"method": method, "n_draws": 3}
    whole, last = relevance(NOISE, LOW, **asked), relevance(NOISE, LOW, at=[2.0], **asked)
    assert (whole.per_window[2] == last.per_window[0]).all()
    assert np.abs(whole.per_window[2] - relevance(NOISE, LOW, at=[2.0], seed=1, **asked).per_window[0]).max() > 0


def test_maps_of_grad_cam_may_be_scaled_and_others_not() -> None:
    found = relevance(NOISE, Celled(), method="grad-cam", layer="cells", scaled=True)
    assert [found.values[found.frames_of(i)].max() for i in range(3)] == pytest.approx([1, 1, 1], abs=1e-3)
    assert relevance(NOISE, Celled(), method="grad-cam", layer="cells").values.max() < 0.1
    assert "each window's map is scaled to 0…1" in found.notes
    with pytest.raises(UsageError, match="scaled is for grad-cam; the maps of integrated keep their unit"):
        relevance(NOISE, LOW, scaled=True)
