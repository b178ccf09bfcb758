"""Hub corrections: songs that are near to all lose their place, and nobody else does."""

from __future__ import annotations

import numpy as np

from audiolime_ext.recommendation.hubs import k_occurrence, local_scaling, mutual_proximity, skewness


def test_both_corrections_lessen_hubs() -> None:
    vectors = np.random.default_rng(0).normal(size=(300, 50)) + 0.3
    directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    near = directions @ directions.T
    before = skewness(k_occurrence(near))
    assert before > 0.8
    assert skewness(k_occurrence(mutual_proximity(near))) < 0.6 * before
    assert skewness(k_occurrence(local_scaling(near))) < 0.6 * before
