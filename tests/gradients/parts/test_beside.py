"""A map of what sources were weighed for: its windows, its value, where it starts, and how it was asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, explain, explain_track, tagger
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.gradients.cost import require_map
from audiolime_ext.gradients.hearing import hear
from audiolime_ext.gradients.parts.agreement import agreement
from audiolime_ext.gradients.parts.beside import OWN_MAP, all_asked, asked_of, cost_beside, map_beside
from audiolime_ext.gradients.pipeline import METHODS, relevance
from audiolime_ext.report.song.page import page_html
from factorizations.oracle import OracleFactorization
from tests.gradients.networks import N_BANDS, N_FRAMES, SR, Celled, Network, linear, logistic, one_place
from tests.gradients.stems import ALL, HIGH, LOW, hears_both, stems

PAIR = stems([0.1, 0.0, 0.05, 0.1], [0.1, 0.0, 0.1, 0.1])
MIX = PAIR.mixture
TWO = Network(logistic(np.concatenate([one_place(ALL, LOW), 2 * one_place(ALL, HIGH)]), -1.0), labels=["low", "high"])
USUAL: dict[str, Any] = {"factorization": PAIR, "progress": False}


def starts(found: Any) -> list[float]:
    return [round(one.start_s, 3) for one in found.windows]


def test_chosen_windows_are_heard_where_they_begin_in_order_and_once() -> None:
    heard = hear(MIX, TWO, at=[2.25, 0.5, 2.25])
    assert heard.starts_s.tolist() == [0.5, 2.25]
    for start, features in zip((0.5, 2.25), heard.features, strict=True):
        assert features == pytest.approx(hear(MIX, TWO, start_s=start, duration_s=1.0).features[0])


@pytest.mark.parametrize(
    ("at", "error", "complaint"),
    [
        ([], UsageError, "at names the seconds at which windows begin, and it is empty"),
        ([3.5], AudioError, "is not within the excerpt, 0 s to 4 s"),
        ([-1.0], AudioError, "is not within the excerpt"),
        ([float("nan")], AudioError, "a number of seconds, not nan"),
    ],
)
def test_windows_that_cannot_be_chosen_are_refused(at: list[float], error: type[Exception], complaint: str) -> None:
    with pytest.raises(error, match=complaint):
        hear(MIX, TWO, at=at)


def test_chosen_windows_lie_within_the_excerpt() -> None:
    found = relevance(MIX, TWO, start_s=0.5, duration_s=3.0, at=[0.5, 2.5])
    assert starts(found) == [0.5, 2.5]
    whole = relevance(MIX, TWO, start_s=0.5, duration_s=3.0)
    assert starts(
        relevance(MIX, TWO, start_s=0.5, duration_s=3.0, at=[one.start_s for one in whole.windows])
    ) == starts(whole)
    with pytest.raises(
        AudioError, match=r"the window of 1\.000 s at 0\.25 s is not within the excerpt, 0\.5 s to 3\.5 s"
    ):
        relevance(MIX, TWO, start_s=0.5, duration_s=3.0, at=[0.25])


def test_a_model_without_windows_has_none_to_choose() -> None:
    whole = Network(TWO.answer)
    whole.window_s = whole.hop_s = None  # type: ignore[assignment]
    with pytest.raises(UsageError, match="and the model has no window; leave it out"):
        hear(MIX, whole, at=[0.0])


def test_the_map_of_an_excerpt_has_its_windows_its_label_and_its_values() -> None:
    one = explain(MIX, TWO, labels=["high"], start_s=2.37, **USUAL)
    found = map_beside(one, MIX, TWO)
    assert (found.label, starts(found), found.baseline) == ("high", [2.37], "silence")
    assert found.windows[0].value == pytest.approx(one.score("high")[0], abs=1e-6)
    assert found.windows[0].baseline == pytest.approx(one.score("high")[1], abs=1e-6)
    longer = explain(MIX, TWO, labels=["low"], start_s=0.5, duration_s=3.0, **USUAL)
    assert starts(map_beside(longer, MIX, TWO)) == [0.5, 1.5, 2.5]


def test_the_map_of_a_track_has_the_windows_that_are_explained_and_sound() -> None:
    track = explain_track(MIX, TWO, labels=["low"], cache=False, **USUAL)
    found = map_beside(track, MIX, TWO, label="low", method="gradients")
    assert [one.silent for one in track.windows] == [False, True, False, False]
    assert starts(found) == [0, 2, 3]
    some = explain_track(MIX, TWO, labels=["low"], at=[2.25, 0.0], cache=False, **USUAL)
    found = map_beside(some, MIX, TWO)
    assert starts(found) == [0, 2.25]
    assert [one.value for one in found.windows] == pytest.approx(some.score("low")[0].tolist(), abs=1e-6)


@pytest.mark.parametrize("windowed", [True, False])
def test_a_recording_that_is_shorter_than_a_window_and_a_model_without_windows_are_mapped_as_they_are_explained(
    windowed: bool,
) -> None:
    short = stems([0.1], [0.1])
    short = OracleFactorization({n: (one[:, : SR // 2], SR) for n, one in zip(short.names, short.samples, strict=True)})
    network = Network(linear(one_place(slice(None), LOW, (N_FRAMES if windowed else 30, N_BANDS))), ["low"])
    if not windowed:
        network.window_s = network.hop_s = None  # type: ignore[assignment]
    one = explain(short.mixture, network, factorization=short, start_s=0.0, progress=False)
    found = map_beside(one, short.mixture, network)
    assert found.windows[0].value == pytest.approx(one.score("low")[0], abs=1e-6)
    assert cost_beside(one, short.mixture, network, method="integrated", n_values=1).n_explained == 1
    assert agreement(found, one).rows
    assert 'data-map="low"' in page_html(one, maps=[found], audio=None)


def test_what_it_will_cost_counts_these_windows() -> None:
    track = explain_track(MIX, TWO, labels=["low", "high"], cache=False, **USUAL)
    expected = cost_beside(track, MIX, TWO, method="integrated", n_values=2)
    assert (expected.n_windows, expected.n_explained, expected.n_values) == (3, 3, 2)
    assert str(expected).startswith("2 values × 3 windows × 9 to 256 gradients: ")


@pytest.mark.parametrize("target", ["score", "log-odds", ("low", "high")])
def test_it_is_of_the_same_target(target: Any) -> None:
    labels: dict[str, Any] = {} if isinstance(target, tuple) else {"labels": ["high"]}
    one = explain(MIX, TWO, target=target, start_s=0.0, **labels, **USUAL)
    found = map_beside(one, MIX, TWO)
    assert found.windows[0].value == pytest.approx(one.score()[0], abs=1e-5)
    assert found.label == one.labels[0]
    assert agreement(found, one).rows


def test_integrals_start_from_the_recording_that_stands_for_what_is_off_and_from_silence_for_noise() -> None:
    other = Audio(MIX.samples[:, ::-1].copy(), SR, "other")
    one = explain(MIX, TWO, labels=["low"], start_s=0.0, baseline="noise", **USUAL)
    found = map_beside(one, MIX, TWO)
    assert found.baseline == "silence"
    assert "the map starts from silence, and components are switched off to noise" in agreement(found, one).notes
    assert map_beside(one, MIX, TWO, baseline=other).baseline == "the windows of other"
    assert map_beside(one, MIX, TWO, baseline=other, method="gradients").baseline is None


def test_a_recording_of_which_the_name_is_all_that_is_known_must_be_given() -> None:
    one = explain(MIX, TWO, labels=["low"], start_s=0.0, **USUAL)
    settings = replace(one.provenance.settings, baseline="gone.wav")
    with pytest.raises(AudioError, match=r"gone\.wav"):
        map_beside(replace(one, provenance=replace(one.provenance, settings=settings)), MIX, TWO)


def test_what_is_not_the_explanations_is_refused() -> None:
    one = explain(MIX, TWO, labels=["low"], start_s=0.0, **USUAL)
    with pytest.raises(UsageError, match="'other' is not the recording that was explained"):
        map_beside(one, Audio(MIX.samples[:, ::-1].copy(), SR, "other"), TWO)
    with pytest.raises(UsageError, match="a layer is for grad-cam"):
        map_beside(one, MIX, TWO, layer="cells")
    own = explain(MIX, TWO, target=lambda scores: scores[:, :1], start_s=0.0, **USUAL)
    with pytest.raises(UsageError, match="is a function of the outputs, whose derivative nothing states"):
        map_beside(own, MIX, TWO)


def test_what_no_map_can_be_made_of_is_refused_with_what_to_do() -> None:
    require_map(TWO, "integrated", None)
    with pytest.raises(UsageError, match=r"cannot be differentiated; .* explain\(\), explain_track\(\)"):
        require_map(tagger(lambda batch: batch.mean(axis=1, keepdims=True), sr=SR), "integrated", None)
    with pytest.raises(UsageError, match="unknown layer 'cell'; did you mean 'cells'"):
        require_map(Celled(), "grad-cam", "cell")
    raw = Network(TWO.answer)
    raw.front_end = None
    with pytest.raises(UsageError, match="no spectrogram in which a map could lie; declare its front_end="):
        require_map(raw, "integrated", None)


def test_a_map_says_how_it_was_asked_for() -> None:
    network = hears_both()
    for method in METHODS:
        model, layer = (Celled(), "cells") if method == "grad-cam" else (network, None)
        found = relevance(MIX, model, method=method, layer=layer, duration_s=1.0)
        assert asked_of(found) == (method, layer)
        other = replace(found, method="difference of two integrated gradients")
        assert asked_of(other) == (OWN_MAP, None)
        assert all_asked([found, found]) == (method, layer)
        assert all_asked([found, other]) == (OWN_MAP, None)
    assert all_asked([]) == (None, None)
