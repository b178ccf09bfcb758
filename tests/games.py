"""Known games: value functions on masks whose attributions are known."""

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import MaskSet, Neighborhood, choose_masks

Value = Callable[[NDArray[np.bool_]], NDArray[np.float64]]


def play(value: Value, chosen: MaskSet | int) -> Neighborhood:
    """The neighbourhood in which `value`, from masks to (n_masks, n_outputs), is the model."""
    masks = choose_masks(chosen) if isinstance(chosen, int) else chosen
    return Game(masks.masks.shape[1], value).played(masks)


def random_game(n: int, n_outputs: int, seed: int) -> Value:
    """A value drawn for each of the 2ⁿ masks."""
    table = np.random.default_rng(seed).normal(size=(2**n, n_outputs))
    return lambda masks: table[masks @ (1 << np.arange(n))]


def shapley_by_permutations(value: Value, n: int) -> NDArray[np.float64]:
    """The definition: marginal contributions averaged over all n! orders, shape (n_outputs, n)."""
    orders = list(itertools.permutations(range(n)))
    total = np.zeros((n, value(np.zeros((1, n), bool)).shape[1]))
    for order in orders:
        rows = np.zeros((n + 1, n), bool)
        for step, player in enumerate(order):
            rows[step + 1 :, player] = True
        gains = np.diff(value(rows), axis=0)
        total = total + gains[np.argsort(order)]
    return (total / len(orders)).T
