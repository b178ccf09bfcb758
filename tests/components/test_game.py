"""Asking about masks: each once, counted, in batches that reach across excerpts; what is known stays known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import tagger
from audiolime_ext.audio.recording import Audio
from audiolime_ext.components.components import build
from audiolime_ext.components.game import Game, answers
from audiolime_ext.components.masks import choose_masks, enumerate_masks
from audiolime_ext.errors import ModelError, UsageError
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.grid import Grid
from factorizations.bands import make as make_bands
from tests.games import random_game

SR = 8000


class Counted:
    """A game that remembers what it was asked."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.asked: list[bytes] = []

    def __call__(self, masks: NDArray[np.bool_]) -> Any:
        self.asked += [mask.tobytes() for mask in masks]
        return self.value(masks)


def test_each_mask_is_asked_about_once_and_counted() -> None:
    value = Counted(random_game(4, 2, seed=0))
    game, masks = Game(4, value), enumerate_masks(4)
    twice = np.concatenate([masks[:5], masks[:5]])
    np.testing.assert_array_equal(game(twice), value.value(twice))
    np.testing.assert_array_equal(game(masks), value.value(masks))
    assert game.n_asked == len(value.asked) == len(set(value.asked)) == 16
    assert game.n_unknown(masks) == 0


def test_what_is_known_is_not_asked() -> None:
    value = Counted(random_game(6, 1, seed=1))
    near = Game(6, value).played(choose_masks(6, max_evals=20))
    value.asked.clear()
    game = Game(6, value, known=near)
    np.testing.assert_array_equal(game(near.masks), near.scores)
    assert not value.asked
    assert game.n_unknown(enumerate_masks(6)) == 64 - len(near.masks)


def test_without_anybody_to_ask_only_what_is_known_is_answered() -> None:
    near = Game(6, random_game(6, 1, seed=1)).played(choose_masks(6, max_evals=20))
    game = Game(6, known=near)
    assert game.can_answer(near.masks)
    assert not game.can_answer(enumerate_masks(6))
    with pytest.raises(UsageError, match=f"{64 - len(near.masks)} of the masks asked for were not evaluated"):
        game(enumerate_masks(6))


def test_another_view_of_the_answers_asks_no_mask_twice() -> None:
    value = Counted(random_game(4, 3, seed=2))
    game, masks = Game(4, value), enumerate_masks(4)
    game(masks[:8])
    contrast = game.of_values(lambda outputs: outputs[:, :1] - outputs[:, 1:2])
    np.testing.assert_array_equal(contrast(masks)[:, 0], value.value(masks)[:, 0] - value.value(masks)[:, 1])
    assert contrast.n_asked == 8
    np.testing.assert_array_equal(game(masks), value.value(masks))
    assert len(value.asked) == 16


@pytest.mark.parametrize("wrong", [np.zeros((1, 2)), np.zeros((16, 3)), np.full((16, 2), np.nan), np.zeros(16)])
def test_answers_of_another_shape_or_without_a_number_are_refused(wrong: NDArray[np.float64]) -> None:
    known = Game(4, random_game(4, 2, seed=0)).played(choose_masks(4))
    first = Game(4, lambda masks: wrong)
    game = Game(4, lambda masks: wrong[: len(masks)])
    game._known.update(dict.fromkeys([b"other"], known.scores[0]))
    with pytest.raises(ModelError, match=r"finite answers of shape \(16, 2\) are needed for 16 masks; got shape"):
        game(enumerate_masks(4))
    if wrong.shape != (16, 3):
        with pytest.raises(ModelError, match="finite answers of shape"):
            first(enumerate_masks(4))


def test_masks_of_another_length_are_refused() -> None:
    with pytest.raises(UsageError, match=r"masks of shape \(n_masks, 3\) are needed, not \(1, 4\)"):
        Game(3, lambda masks: masks)(np.ones((1, 4), bool))


@pytest.mark.parametrize("batch_size", [1, 3, 5, 100])
def test_a_models_answers_are_those_of_its_mixes_in_batches_of_its_size(batch_size: int) -> None:
    noise = Audio(np.random.default_rng(0).normal(0, 0.1, (1, SR)).astype(np.float32), SR, "noise")
    sizes: list[int] = []

    def listens(batch: NDArray[np.float32]) -> NDArray[np.float64]:
        sizes.append(len(batch))
        return np.stack([np.abs(batch).max(axis=1), (batch**2).mean(axis=1)], axis=1)

    model = tagger(listens, labels=["peak", "power"], batch_size=batch_size, window_s=0.25)
    grid = Grid.of(model, SR)
    components = build(noise, make_bands("3"), grid, start_s=0.0, duration_s=0.5)
    masks = enumerate_masks(3)
    found = Game.of(components, model)(masks)
    assert max(sizes) <= max(batch_size, 1)
    alone = [predict(model, grid.cut(components.heard_mixes(mask[None])))[0] for mask in masks]
    np.testing.assert_allclose(found, alone, atol=1e-7)


def test_batches_reach_from_one_excerpt_into_the_next_of_its_length_only() -> None:
    lengths: list[tuple[int, int]] = []

    def ask(windows: NDArray[np.float32]) -> NDArray[np.float64]:
        lengths.append((len(windows), windows.shape[-1]))
        return np.asarray(windows.sum(axis=(1, 2, 3))[:, None], np.float64)

    def constant(value: float, length: int) -> Any:
        return lambda masks: np.full((len(masks), 1, length), value, np.float32)

    grid = Grid.of(tagger(lambda batch: batch, sr=SR), SR)
    asked = [(constant(i, 10 if i < 3 else 20), np.ones((3, 1), bool)) for i in range(4)]
    found = answers(ask, grid, asked, size=4)
    assert lengths == [(4, 10), (4, 10), (1, 10), (3, 20)]
    assert [scores[:, 0].tolist() for scores in found] == [[0.0] * 3, [10.0] * 3, [20.0] * 3, [60.0] * 3]
