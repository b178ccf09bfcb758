"""An explanation in words: intervals as printed, the table's width, what leads where it is too wide."""

from dataclasses import replace

import numpy as np
import pytest

from audiolime_ext import Explanation
from audiolime_ext.attribution.attribution import Attribution
from tests.explanation.test_top import additive


def sampled(found: Explanation, error: float, dof: float | None) -> Explanation:
    """The same weights as if they came from a sample."""
    errors = np.full_like(found.attribution.weights, error)
    return replace(found, attribution=Attribution("shapley", found.attribution.weights, errors, False, dof=dof))


@pytest.mark.parametrize(("error", "dof", "printed"), [(0.1, None, "±0.20"), (0.1, 10, "±0.22"), (0.02, 4, "±0.06")])
def test_behind_a_sampled_weight_stands_half_the_width_of_its_interval(
    error: float, dof: float | None, printed: str
) -> None:
    found = sampled(additive([0.5, -0.25], base=0.3), error, dof)
    low, high = found.attribution.interval() or ([], [])
    assert f"±{(high[0][0] - low[0][0]) / 2:.2f}" == printed
    assert f"+0.50{printed}" in str(found)
    assert f"-0.25{printed}" in str(found)
    assert f"+0.50{printed}" in found._repr_html_()


def test_exact_weights_and_those_without_error_bars_stand_alone() -> None:
    found = additive([0.5, -0.25], base=0.3)
    unknown = replace(found, attribution=Attribution("shapley", found.attribution.weights, None, False))
    assert "±" not in str(found) + str(unknown)


@pytest.mark.parametrize(("n", "wide"), [(6, False), (7, True)])
def test_with_more_than_six_components_the_table_names_the_four_that_count_most(n: int, wide: bool) -> None:
    weights = [0.01, -0.3, 0.02, 0.2, -0.1, 0.05, 0.03][:n]
    table = str(additive(weights, base=0.5)).split("\n\n")[1]
    assert ("components that count most" in table) is wide
    assert ("stem 1 -0.30, stem 3 +0.20, stem 4 -0.10, stem 5 +0.05" in table) is wide
    assert ("stem 0" not in table) is wide


def test_a_component_without_any_sound_is_called_silent() -> None:
    rows = [line for line in str(additive([0.5, 0.0], gains=[1.0, 0.0])).splitlines() if "level (dB)" in line]
    assert [row.split()[2:] for row in rows] == [["0.0", "silent"]]
