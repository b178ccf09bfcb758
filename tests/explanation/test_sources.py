"""Sources of components: sums of segments, with the errors of sums."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.explanation.sources import source_name, source_weights, together_db

WEIGHTS = np.array([[0.3, -0.1, 0.2, 0.5]])
COVARIANCE = np.array([[[4, -3.9, 0, 0], [-3.9, 4, 0, 0], [0, 0, 1, 0.5], [0, 0, 0.5, 1]]]) / 100


def found(covariance: np.ndarray | None, *, exact: bool = False, method: str = "shapley") -> Attribution:
    errors = None if covariance is None else np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    return Attribution(method, WEIGHTS, errors, exact, covariance=covariance)


def test_a_source_weighs_what_its_segments_weigh_together() -> None:
    weights, covariance = source_weights(found(None, exact=True), 0, (2, 1, 1))
    assert weights == pytest.approx([0.2, 0.2, 0.5])
    assert covariance is not None
    assert not covariance.any()


def test_errors_of_segments_that_go_together_add_up_and_those_that_cancel_do_not() -> None:
    _, covariance = source_weights(found(COVARIANCE), 0, (2, 2))
    assert covariance is not None
    assert np.diag(covariance) == pytest.approx([0.002, 0.03])


def test_what_cancels_but_for_rounding_is_no_error() -> None:
    cancelled = np.array([[[1.0, -1.0 + 1e-15], [-1.0 + 1e-15, 1.0]]])
    attribution = Attribution("shapley", WEIGHTS[:, :2], np.ones((1, 2)), False, covariance=cancelled)
    _, covariance = source_weights(attribution, 0, (2,))
    assert covariance is not None
    assert covariance[0, 0] == 0.0


def test_without_errors_nothing_is_known_but_of_owen_values_whose_sums_are_exact() -> None:
    assert source_weights(found(None), 0, (2, 2))[1] is None
    owen = source_weights(found(None, method="owen"), 0, (2, 2))[1]
    assert owen is not None
    assert not owen.any()


def test_names_lose_their_seconds_only_where_there_are_segments() -> None:
    assert source_name("track 0.30–0.60 s", 1) == "track 0.30–0.60 s"
    assert source_name("track 0.30–0.60 s", 2) == "track"


def test_levels_add_up_as_power_and_end_at_silence() -> None:
    assert together_db([-6.0]) == -6.0
    assert together_db([-10.0, -10.0, -10.0, -10.0]) == pytest.approx(-10 + 20 * np.log10(2))
    assert together_db([-200.0, -200.0]) == pytest.approx(-197, abs=0.02)
    assert together_db([-400.0, -400.0]) == -200.0
