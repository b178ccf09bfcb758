"""Masks: all of them, or a seeded sample in complementary pairs."""

import numpy as np
import pytest

from audiolime_ext.components.masks import choose_masks, enumerate_masks, sample_masks
from audiolime_ext.errors import UsageError


@pytest.mark.parametrize("n", [1, 2, 5, 10])
def test_every_mask_is_there_once_from_all_off_to_all_on(n: int) -> None:
    masks = enumerate_masks(n)
    assert len(np.unique(masks, axis=0)) == len(masks) == 2**n
    assert not masks[0].any()
    assert masks[-1].all()


@pytest.mark.parametrize("sampling", ["shapley", "uniform"])
def test_a_sample_is_distinct_paired_within_budget_and_counted(sampling: str) -> None:
    masks, counts = sample_masks(12, 201, sampling=sampling, seed=3)  # type: ignore[arg-type]
    assert len(masks) == 200  # 99 pairs, all off, all on
    assert len(np.unique(masks, axis=0)) == len(masks)
    assert counts.sum() > 200 if sampling == "shapley" else counts.sum() >= 200
    np.testing.assert_array_equal(masks, ~masks[::-1])
    np.testing.assert_array_equal(counts, counts[::-1])
    assert not masks[0].any()
    assert masks[-1].all()


def test_no_more_than_eight_times_as_many_pairs_are_drawn_as_there_is_room_for() -> None:
    """Of 255 pairs 254 are asked for, and some are too rare to be met."""
    masks, counts = sample_masks(9, 510, sampling="shapley", seed=0)
    assert len(masks) < 510
    assert counts[: len(counts) // 2].sum() == 1 + 8 * 254


def test_the_same_seed_gives_the_same_sample_and_another_seed_another() -> None:
    first, again, other = (choose_masks(14, max_evals=300, seed=seed).masks for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or (first != other).any()


def test_the_shapley_sample_draws_sizes_by_the_shapley_kernel() -> None:
    n = 12
    masks, counts = sample_masks(n, 2**n, sampling="shapley", seed=0)
    drawn = np.bincount(masks[1:-1].sum(axis=1), weights=counts[1:-1], minlength=n + 1)[1:n]
    sizes = np.arange(1, n)
    expected = 1 / (sizes * (n - sizes))
    np.testing.assert_allclose(drawn / drawn.sum(), expected / expected.sum(), atol=0.01)


def test_a_budget_that_cannot_carry_the_fit_is_refused() -> None:
    with pytest.raises(UsageError, match=r"10 evaluations are too few for 6 components; allow at least 14, or 64"):
        choose_masks(6, max_evals=10)
    with pytest.raises(UsageError, match=r"3 evaluations are too few for 2 components; allow 4: all there are"):
        choose_masks(2, max_evals=3)
    with pytest.raises(UsageError, match="nothing to switch"):
        choose_masks(0)


def test_components_of_a_uniform_sample_are_on_half_of_the_time_one_by_one() -> None:
    masks, counts = sample_masks(12, 800, sampling="uniform", seed=0)
    sizes, drawn = masks.sum(axis=1)[1:-1], counts[1:-1]  # of one mask, not of it and its opposite together
    spread = np.sqrt(np.average(np.square(sizes - 6.0), weights=drawn))
    assert spread == pytest.approx(np.sqrt(12 / 4), rel=0.1)
