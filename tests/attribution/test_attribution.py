"""What a method answers: weights with intervals of the width that their errors have."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.errors import UsageError

WEIGHTS, ERRORS = np.array([[0.5, -0.2], [0.1, 0.0]]), np.array([[0.1, 0.2], [0.0, 0.05]])


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
@pytest.mark.parametrize("dof", [None, 4.0, 60.0])
def test_intervals_are_those_of_students_t(level: float, dof: float | None) -> None:
    found = Attribution("shapley", WEIGHTS, ERRORS, False, dof=dof).interval(level)
    assert found is not None
    for i, j in np.ndindex(WEIGHTS.shape):
        law = norm if dof is None else t(dof)
        ends = np.array(law.interval(level)) * ERRORS[i, j] + WEIGHTS[i, j]
        np.testing.assert_allclose([found[0][i, j], found[1][i, j]], ends, atol=1e-9)


def test_where_no_error_is_known_there_is_no_interval() -> None:
    assert Attribution("lime", WEIGHTS, None, False).interval() is None


def test_a_weight_without_any_error_among_sampled_ones_is_exact_and_nothing_was_estimated_of_it() -> None:
    part = np.array([[0.0, 0.2], [0.0, 0.05]])
    cases = [(part, False, [True, False]), (ERRORS, False, [False, False]), (0 * ERRORS, True, [True, True])]
    cases += [(0 * ERRORS, False, [False, False])]  # the sample shows no error, and is one
    for errors, exact, expected in cases:
        found = Attribution("owen", WEIGHTS, errors, exact)
        assert found.exact_each.tolist() == expected
        assert np.isnan(np.stack(found.estimated())).all(axis=(0, 1)).tolist() == expected
    low, high = Attribution("owen", WEIGHTS, part, False).interval() or (part, part)
    errors, lows, highs = Attribution("owen", WEIGHTS, part, False).estimated()
    np.testing.assert_array_equal([errors[:, 1], lows[:, 1], highs[:, 1]], [part[:, 1], low[:, 1], high[:, 1]])
    unknown = Attribution("owen", WEIGHTS, None, False)
    assert not unknown.exact_each.any()
    assert np.isnan(unknown.estimated()).all()


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(UsageError, match=rf"a confidence level lies between 0 and 1, such as 0\.95; got {level}"):
        Attribution("shapley", WEIGHTS, ERRORS, False).interval(level)
