"""What the user named becomes an object: a function, a spec string, or something of the user's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audiolime_ext import tagger
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.prediction.loading import load_model
from factorizations.hpss import HPSSFactorization

SPEC = "tests.fuzz.fuzzed_models:loud"


class Own:
    """A model that somebody wrote."""

    spec = fingerprint = sr = labels = window_s = hop_s = min_s = None
    lead_s, n_channels, batch_size, references = 0.0, 1, 8, ()

    def __call__(self, batch: Any) -> Any:
        return np.abs(batch).mean(axis=1, keepdims=True)


class Fixed(Own):
    """One whose batches have a size that nobody may set."""

    batch_size = property(lambda self: 8)


def test_a_tagger_that_a_spec_names_remembers_it_and_a_function_has_none() -> None:
    assert load_model(SPEC).spec == SPEC
    assert load_model(lambda batch: batch.mean(axis=1, keepdims=True)).spec is None


def test_a_function_listens_at_the_rate_that_is_given() -> None:
    def mean(batch: Any) -> Any:
        return batch.mean(axis=1, keepdims=True)

    assert load_model(mean, sr=8000).sr == 8000
    assert load_model(mean).sr is None


@pytest.mark.parametrize("given", [tagger(lambda batch: batch, batch_size=8), Own()])
def test_another_batch_size_is_a_copys(given: Any) -> None:
    assert load_model(given, batch_size=2).batch_size == 2
    assert given.batch_size == 8
    assert load_model(given).batch_size == 8


def test_a_batch_size_that_cannot_be_set_is_told() -> None:
    with pytest.raises(UsageError, match=r"batch_size of Fixed cannot be changed \(.*\); set it where the model is"):
        load_model(Fixed(), batch_size=2)


def test_a_factorization_is_taken_as_it_is_or_built_from_its_spec() -> None:
    given = HPSSFactorization()
    assert load_factorization(given) is given
    assert load_factorization("hpss").fingerprint == given.fingerprint


@pytest.mark.parametrize("nonsense", ["json:loads", HPSSFactorization, None, "drums"[:0].join])
def test_something_that_is_no_factorization_is_refused(nonsense: Any) -> None:
    with pytest.raises(UsageError, match=r"has a method factorize\(audio"):
        load_factorization(nonsense)
