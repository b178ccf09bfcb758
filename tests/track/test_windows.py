"""Asking about the windows of a track: in batches that reach across windows, every mask once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, explain, tagger
from audiolime_ext.attribution.methods import method_named
from audiolime_ext.cache import Store, identity
from audiolime_ext.components.masks import enumerate_masks
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.factorization.kept import KeptStems
from audiolime_ext.models.musicnn import MusicnnModel
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.track.windows import Asking
from factorizations.oracle import OracleFactorization

SR = 8000
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def oracle() -> OracleFactorization:
    """Sixteen seconds of two noises; nothing sounds in second 3."""
    stems = RNG.normal(0, 0.1, (2, 1, 16 * SR)).astype(np.float32)
    stems[..., 3 * SR : 4 * SR] = 0
    return OracleFactorization({name: (stem, SR) for name, stem in zip("ab", stems, strict=True)})


def asking(oracle: OracleFactorization, batches: list[int], **options: Any) -> Asking:
    def loud(batch: np.ndarray) -> np.ndarray:
        batches.append(len(batch))
        return np.asarray(np.sqrt((batch**2).mean(axis=1, keepdims=True)))

    model: Model = tagger(loud, **{"window_s": 1.0, "batch_size": 16, **options})
    stems = KeptStems(oracle, oracle.mixture)
    return Asking(oracle.mixture, stems, model, Grid.of(model, SR), method_named("auto"), Settings(), Store(None))


def test_batches_are_filled_across_windows(oracle: OracleFactorization) -> None:
    batches: list[int] = []
    spans = [(float(second), 1.0) for second in range(16) if second != 3]
    answers = list(asking(oracle, batches).answers(spans[:12], alone=False))
    assert batches == [16, 16, 16]
    assert [answer.start_s for answer in answers] == [start for start, _ in spans[:12]]
    for answer in answers:
        np.testing.assert_array_equal(answer.neighborhood.masks, enumerate_masks(2))


def test_a_silent_window_is_asked_about_once(oracle: OracleFactorization) -> None:
    batches: list[int] = []
    found = list(asking(oracle, batches).answers([(second, 1.0) for second in (2.0, 3.0, 4.0, 5.0)], alone=False))
    assert batches == [13]
    assert [len(answer.names) for answer in found] == [2, 0, 2, 2]
    assert found[1].neighborhood.full == found[1].neighborhood.empty == [0.0]


@pytest.mark.parametrize("batch_size", [1, 3, None])
def test_any_batch_size_gives_the_same_answers(oracle: OracleFactorization, batch_size: int | None) -> None:
    spans = [(0.0, 1.0), (3.0, 1.0), (7.5, 1.0)]
    batches: list[int] = []
    expected = list(asking(oracle, []).answers(spans, alone=False))
    found = list(asking(oracle, batches, batch_size=batch_size).answers(spans, alone=False))
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(one.neighborhood.scores, other.neighborhood.scores, atol=1e-7)
    assert max(batches) <= (batch_size or 32)


def test_windows_with_a_lead_longer_than_their_hop_are_averaged_as_explain_does(oracle: OracleFactorization) -> None:
    options: dict[str, Any] = {"hop_s": 0.25, "lead_s": 0.3}
    asked = asking(oracle, [], **options)
    spans = [(0.5, 1.0), (14.25, 1.0), (15.2, 0.8)]
    for answer in asked.answers(spans, alone=False):
        alone = explain(
            oracle.mixture,
            asked.model,
            factorization=oracle,
            start_s=answer.start_s,
            duration_s=answer.duration_s,
            level_check=False,
        )
        np.testing.assert_allclose(answer.neighborhood.scores, alone.neighborhood.scores, atol=1e-6)


def test_only_what_proves_its_identity_has_one() -> None:
    def function(batch: np.ndarray) -> np.ndarray:
        return batch[:, :1]

    def other(batch: np.ndarray) -> np.ndarray:
        return batch[:, :1]

    assert identity(tagger(function)) is None
    versions = [tagger(f, version=v, labels=n) for f in (function, other) for v in "12" for n in (["a"], ["b"])]
    assert all(isinstance(model, FunctionModel) for model in versions)
    known = [str(identity(model)) for model in versions]
    assert len(set(known)) == 8


@pytest.mark.usefixtures("published")
def test_published_taggers_and_their_randomised_twins_differ() -> None:
    model = MusicnnModel("MSD_musicnn")
    one, other = identity(model), identity(model.randomised(["dense"]))
    assert one is not None
    assert other is not None
    assert one["fingerprint"] != other["fingerprint"]


def test_noise_is_no_silence() -> None:
    faint = Audio(np.full((1, SR), 1e-9, np.float32), SR)
    oracle = OracleFactorization({"faint": faint})
    (answer,) = asking(oracle, []).answers([(0.0, 1.0)], alone=True)
    assert answer.names == ("faint",)


def test_masks_of_many_components_are_not_counted_out(oracle: OracleFactorization) -> None:
    asked = asking(oracle, [])
    assert asked._wants_all([0, 2, 10])
    assert not asked._wants_all([2, 40])  # 2⁴⁰ masks would fill any memory
