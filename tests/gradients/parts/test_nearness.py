"""Why songs are near, by bands: the map is of the very value that the stems' weights add up to."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from audiolime_ext import tagger, why
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.cost import require_map
from audiolime_ext.gradients.hearing import hear
from audiolime_ext.gradients.parts.nearness import NearnessMap, cost_of, nearness_map
from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.prediction.similarity import nearer
from audiolime_ext.recommendation.why.result import Why
from tests.gradients.networks import SR, Celled, Network, linear, one_place
from tests.gradients.stems import ALL, HIGH, LOW, stems
from tests.recommendation.planted import collection

WEIGHTS = np.concatenate([one_place(ALL, LOW), one_place(ALL, HIGH)])
EMBEDDER = Network(linear(WEIGHTS))  # how loud the low bands are, and how loud the high ones
SONG = stems((0.05, 0.1, 0.02, 0.06), (0.02, 0.01, 0.03, 0.02))
A, B = np.array([4.0, 1.0]), np.array([1.0, 3.0])
VECTORS = np.random.default_rng(0).uniform(0, 3, (9, 2))


@cache
def over(**options: Any) -> Why:
    """Why the song is nearer to A, which has more bass, than to B."""
    return why((SONG.mixture, SONG), A, B, model=EMBEDDER, cache=False, **options)


@cache
def mapped() -> NearnessMap:
    return nearness_map(over(), strongest=None)


def test_the_map_of_a_linear_model_is_that_of_the_closed_form() -> None:
    found, reason = mapped().relevance, over()
    heard = hear(SONG.mixture, EMBEDDER)
    of_features = np.einsum("k,ktb->tb", reason.aim.score.weights, WEIGHTS)
    closed = of_features * (heard.features.astype(float) - heard.silence)
    for window, expected in enumerate(closed):
        assert found.values[found.frames_of(window)] == pytest.approx(expected, abs=1e-6)
    assert np.abs(found.values).max() > 1e-4


def test_map_and_stems_divide_the_same_difference_in_every_window() -> None:
    """A cosine that divides by each mix's own length is another value."""
    found, reason = mapped().relevance, over()
    assert [one.start_s for one in found.windows] == reason.track.times_s.tolist() == [0, 1, 2, 3]
    by_stems = reason.track.all_weights[:, 0].sum(axis=1)
    by_map = found.per_window.sum(axis=1)
    assert by_map == pytest.approx(by_stems, abs=1e-5)
    assert reason.silence + by_map.mean() == pytest.approx(reason.score, abs=1e-5)
    heard = hear(SONG.mixture, EMBEDDER)
    cosines = nearer(A, B, centre=reason.space.centre)(EMBEDDER.answer(heard.features.astype(float))[0])[:, 0]
    assert np.abs(cosines - by_map).max() > 0.05


def test_stems_whose_bands_the_model_hears_agree_with_the_map() -> None:
    beside = mapped().agreement
    assert beside is not None
    assert {row.component: row.state for row in beside.rows} == {"bass": "agrees", "cymbals": "agrees"}
    by_name = {row.component: row.relevance for row in beside.rows}
    assert by_name["bass"] > 0 > by_name["cymbals"]
    assert beside.n_windows == 4


def test_the_strongest_windows_are_mapped_and_that_is_said() -> None:
    found = nearness_map(over(), strongest=2)
    values = [one.value for one in mapped().relevance.windows]
    assert [one.start_s for one in found.relevance.windows] == sorted(np.argsort(values)[-2:].tolist())
    assert any(
        note.startswith("of 4 windows, 2 are explained: where A over B is highest") for note in found.relevance.notes
    )
    assert found.asked == ("--gradients", "integrated")
    assert mapped().asked == ("--gradients", "integrated", "--every")
    assert str(cost_of(over())).startswith("3 windows of 4 × 9 to 256 gradients: ")


def test_what_is_read_names_the_songs_and_the_question_that_is_not_asked() -> None:
    told = mapped().reading
    assert told[0].startswith(
        "the map is of the similarity to A less that to B, the number that the stems' weights add"
    )
    assert told[-2].endswith("that is another question, with B as the baseline")
    text = str(mapped())
    assert text.index("A over B by integrated gradients, from silence") < text.index("beside the stems:")
    assert all(f"note: {one}" in text for one in told)
    plain = mapped().to_dict()
    assert plain["relevance"]["label"] == plain["agreement"]["label"] == "A over B"
    assert plain["reading"] == list(told)


def test_of_one_song_it_is_the_similarity_alone() -> None:
    reason = why((SONG.mixture, SONG), A, model=EMBEDDER, cache=False)
    found = nearness_map(reason, strongest=None)
    assert reason.silence + found.relevance.per_window.sum(axis=1).mean() == pytest.approx(reason.score, abs=1e-5)
    assert found.reading[0].startswith("the map is of the similarity to A, the number")
    assert not any("baseline" in one for one in found.reading)


def test_of_a_taste_it_is_the_log_odds() -> None:
    index = collection(VECTORS)
    reason = why((SONG.mixture, SONG), like=["song 0", "song 1"], index=index, model=EMBEDDER, cache=False)
    found = nearness_map(reason, strongest=None)
    assert reason.silence + found.relevance.per_window.sum(axis=1).mean() == pytest.approx(reason.score, abs=1e-4)
    assert found.reading[0].startswith("the map is of the log-odds that it fits the taste, the number")


def test_of_a_song_that_an_index_heard_in_part_it_is_the_same_part() -> None:
    index = replace(collection(VECTORS), middle_s=2.0)
    reason = why((SONG.mixture, SONG), "song 0", "song 1", index=index, model=EMBEDDER, cache=False)
    found = nearness_map(reason, strongest=None).relevance
    assert [one.start_s for one in found.windows] == reason.track.times_s.tolist() == [1, 2]
    assert found.per_window.sum(axis=1) == pytest.approx(reason.track.all_weights[:, 0].sum(axis=1), abs=1e-5)


def test_without_frequencies_of_bands_nothing_is_compared() -> None:
    mel = LogMel(SR, 256, 128, 32)
    model = Network(linear(WEIGHTS))
    model.front_end = lambda batch: mel(batch)
    found = nearness_map(why((SONG.mixture, SONG), A, B, model=model, cache=False))
    assert found.agreement is None
    assert "beside the stems" not in str(found)
    assert found.to_dict()["agreement"] is None


def test_grad_cam_sums_to_nothing_and_says_so() -> None:
    model: Any = Celled()
    model.labels = None
    reason = why((SONG.mixture, SONG), np.array([4.0]), model=model, cache=False)
    found = nearness_map(reason, method="grad-cam", layer="cells")
    told = "it says where the layer holds what raises this number; it sums to nothing in particular"
    assert found.reading[1] == told
    assert nearness_map(over(), method="gradients").reading[1].startswith("it says where it would change most; ")
    assert found.asked == ("--gradients", "grad-cam", "--layer", "cells")


def test_what_cannot_be_mapped_is_refused_before_any_work() -> None:
    plain = tagger(lambda batch: batch[:, :3].astype(float), sr=SR, window_s=1.0)
    with pytest.raises(UsageError, match=r"cannot be differentiated.*explain the model by its answers alone"):
        require_map(plain, "integrated", None)
    deaf = Network(linear(WEIGHTS))
    deaf.front_end = None
    with pytest.raises(UsageError, match="the model is given signals"):
        require_map(deaf, "integrated", None)
    with pytest.raises(UsageError, match="unknown method 'lime'"):
        require_map(EMBEDDER, "lime", None)
    with pytest.raises(UsageError, match="unknown layer 'cell'; did you mean 'cells'"):
        require_map(Celled(), "grad-cam", "cell")
