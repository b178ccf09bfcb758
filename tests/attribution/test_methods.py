"""The methods by name: which masks each asks for, and how many of them."""

from __future__ import annotations

import pytest

from audiolime_ext.attribution.methods import METHODS, method_named
from audiolime_ext.components.masks import choose_masks
from audiolime_ext.errors import UsageError


def test_a_name_that_is_none_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown method 'shaply'; did you mean 'shapley'\? \(allowed: auto, .*owen"):
        method_named("shaply")


@pytest.mark.parametrize("name", METHODS)
def test_where_all_masks_fit_the_budget_every_method_that_draws_takes_them_all(name: str) -> None:
    how = method_named(name)
    chosen = how.choose(4, max_evals=16, seed=0)
    assert len(chosen.masks) == (6 if name == "leave-one-out" else 16)
    assert chosen.masks[-1].all()


@pytest.mark.parametrize(("name", "sampling"), [("shapley", "shapley"), ("lime", "uniform"), ("banzhaf", "uniform")])
def test_a_sample_is_drawn_as_the_method_weighs_masks(name: str, sampling: str) -> None:
    how = method_named(name)
    assert how.sampling == sampling
    expected = choose_masks(12, max_evals=200, sampling=how.sampling, seed=5)
    found = how.choose(12, max_evals=200, seed=5)
    assert (found.masks == expected.masks).all()
    assert (found.counts == expected.counts).all()


def test_leave_one_out_asks_about_all_none_and_each_without_one_and_draws_nothing() -> None:
    how = method_named("leave-one-out")
    assert how.sampling is None
    assert sorted(how.choose(12, max_evals=14, seed=0).masks.sum(axis=1).tolist()) == [0, *[11] * 12, 12]
    assert method_named("owen").sampling is None
