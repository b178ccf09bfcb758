"""Numbers as a store keeps them: what is unpacked is what was packed."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.audit.store.packing import packed, packed_pairs, unpacked, unpacked_pairs, values


@pytest.mark.parametrize("n_labels", [1, 3, 50])
def test_every_number_comes_back_as_float32_and_what_is_undetermined_as_none(n_labels: int) -> None:
    rng = np.random.default_rng(0)
    numbers = (rng.normal(size=(20, n_labels)) * 10.0 ** rng.integers(-30, 30, (20, n_labels))).astype(np.float32)
    rows = [
        [None if i % 7 == j % 7 else float(number) for j, number in enumerate(row)] for i, row in enumerate(numbers)
    ]
    found = unpacked(packed(rows, n_labels), len(rows), n_labels)
    assert found.dtype == np.float32
    assert [list(values(row)) for row in found] == rows


def test_one_number_may_stand_for_all_labels() -> None:
    assert unpacked(packed([(0.5,), (None,)], 50), 2, 50).shape == (2, 1)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(1.0, 2.0)], "2 values; give one, or one for each of 3 labels, in every row alike"),
        ([(1.0,), (1.0, 2.0, 3.0)], "1 and 3 values; give one"),
        ([(1.0, float("nan"), 2.0)], "a value is not finite; None stands for what is undetermined"),
        ([(1.0, float("inf"), None)], "a value is not finite"),
    ],
)
def test_rows_that_no_measure_has_are_refused(rows: list[tuple[float | None, ...]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        packed(rows, 3)


@pytest.mark.parametrize("pairs", [[], [(0, 1)], [(5, 2**31 - 1), (7, 0)]])
def test_pairs_come_back(pairs: list[tuple[int, int]]) -> None:
    assert [tuple(pair) for pair in unpacked_pairs(packed_pairs(pairs)).tolist()] == pairs
