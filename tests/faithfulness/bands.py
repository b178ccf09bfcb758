"""Noise in stems that a model hears on and off, so that its labels are known games."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import Explanation, explain, tagger
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Neighborhood
from factorizations.oracle import OracleFactorization

SR = 8000
GAMES: dict[str, Callable[[NDArray[Any]], Any]] = {
    "additive": lambda on: 0.1 + 0.5 * on[:, 0] + 0.2 * on[:, 1] - 0.1 * on[:, 2],
    "and": lambda on: 0.9 * (on[:, 0] & on[:, 1]),
    "or": lambda on: 0.8 * (on[:, 0] | on[:, 1]),
    "constant": lambda on: 0.3,
}


def band(n: int) -> OracleFactorization:
    noise = np.random.default_rng(n).normal(0, 0.1, (n, SR // 4)).astype(np.float32)
    return OracleFactorization({"abcdefghijklmnopqrst"[i]: (noise[i], SR) for i in range(n)})


def listener(oracle: OracleFactorization, games: dict[str, Callable[[NDArray[Any]], Any]]) -> Any:
    """A model that hears which stems are on, and scores each label by a game on them."""
    inverse = np.linalg.pinv(oracle.samples.mean(axis=1))

    def model(batch: NDArray[np.float32]) -> NDArray[np.float64]:
        on = np.round(batch @ inverse).astype(bool)
        return np.stack([np.asarray(game(on), float) * np.ones(len(on)) for game in games.values()], axis=1)

    return tagger(model, sr=SR, labels=list(games))


def explained(n: int, games: dict[str, Callable[[NDArray[Any]], Any]], **options: Any) -> Explanation:
    oracle = band(n)
    return explain(oracle.mixture, listener(oracle, games), factorization=oracle, labels=list(games), **options)


def of(neighborhood: Neighborhood) -> Game:
    return Game(neighborhood.masks.shape[1], known=neighborhood)


def single(game: Callable[[NDArray[Any]], Any]) -> Callable[[NDArray[np.bool_]], NDArray[np.float64]]:
    return lambda masks: np.asarray(game(masks), float)[:, None]
