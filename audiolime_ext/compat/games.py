"""Explanations as games for shapiq: components are the players, and a mask's value is the model's score.

An exhaustive neighbourhood holds the values of all masks, so that anything shapiq computes (interaction indices of any
order, its estimators besides the exact values) costs no further prediction. Where masks are missing, a live model can
be asked: each mask once, however many games are made of the answers.

Invariant: *shapiq's exact computer finds our Shapley values, Banzhaf values and interactions* to 1e-10.

Reference: Muschalik et al., "shapiq: Shapley interactions for machine learning", NeurIPS 2024.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from audiolime_ext.compat.audio_explanation import AudioExplanation
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.extras import require
from audiolime_ext.text import counted
from audiolime_ext.track.window import Window


def shapiq_game(
    source: Explanation | AudioExplanation | Window | Neighborhood | Game,
    *,
    label: str | int | None = None,
    names: Sequence[str] | None = None,
) -> Any:
    """A ``shapiq.Game`` whose players are the components (needs the extra ``shapiq``).

    Parameters
    ----------
    source : Explanation, AudioExplanation, Window, Neighborhood or Game
        Explanation, a window of a track, or a neighbourhood, which answer without predictions; or a `Game`, which may
        ask a model.
    label : str, int or None
        Label whose score is the game's value; of a window, a neighbourhood or a game the number of the output. Negative
        numbers count from the last one. None: the first that the explanation was asked for, or output 0.
    names : sequence of str, or None
        Names of the players; explanations and windows have their own.

    Returns
    -------
    shapiq.Game
        Game, normalized as shapiq requires: the value of a mask is its score less the score of silence. Of no
        coalitions its values are none. It can be pickled, unless it asks a model.

    Raises
    ------
    UsageError
        If a neighbourhood does not hold every mask, a window is silent, or there is no such label or output.

    Examples
    --------
    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(2)
    >>> both = chosen.masks.all(axis=1, keepdims=True).astype(float)
    >>> game = shapiq_game(Neighborhood(chosen.masks, chosen.counts, True, both), names=["drums", "bass"])
    >>> game([("drums",), ("drums", "bass")]), game([])
    (array([0., 1.]), array([], dtype=float64))
    """
    require("shapiq", extra="shapiq")
    from audiolime_ext.compat.mask_game import MaskGame

    column: str | int | None = 0 if label is None else label
    if isinstance(source, Explanation):
        column, names, source = source.column(label), source.names, source.neighborhood
    elif isinstance(source, AudioExplanation):
        column = next(iter(source.local_exp)) if label is None else source.column(label)
        names, source = source.names, source.neighborhood
    elif isinstance(source, Window):
        if source.silent:
            raise UsageError(f"the window from {source.start_s:g} s on is silent; there are no players in it")
        names, source = source.names, source.neighborhood
    game = _known(source) if isinstance(source, Neighborhood) else source
    n_outputs = game(np.zeros((1, game.n), dtype=bool)).shape[1]
    if not isinstance(column, (int, np.integer)) or not -n_outputs <= column < n_outputs:
        raise UsageError(f"the output {label!r} is unknown; give a number from 0 to {n_outputs - 1}")
    if names is not None and len(names) != game.n:
        raise UsageError(f"{counted(len(names), 'name')} for {counted(game.n, 'player')}; give one for each")
    return MaskGame(game, int(column) % n_outputs, names)


def _known(near: Neighborhood) -> Game:
    if not near.exhaustive:
        raise UsageError(
            f"{len(near.masks)} of {2 ** near.masks.shape[1]} masks were evaluated; a game needs all: explain "
            "with more evaluations, or pass Game(n, ask, known=…) with a model to ask about the others"
        )
    return Game(near.masks.shape[1], known=near)
