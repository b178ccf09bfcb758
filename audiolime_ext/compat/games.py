"""Explanations as shap and shapiq know them: components are the features, or the players of a game.

A game gives every mask a value. An exhaustive neighbourhood holds all of them, so that anything shapiq computes
(interaction indices of any order, its estimators besides the exact values) costs no further prediction. Where masks are
missing, a live model can be asked: each mask once, however many games are made of the answers.

Invariant: *shapiq's exact computer finds our Shapley values, Banzhaf values and interactions* to 1e-10.

References: Lundberg and Lee, NeurIPS 2017 (shap); Muschalik et al., "shapiq: Shapley interactions for machine
learning", NeurIPS 2024.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.extras import require
from audiolime_ext.prediction.contract import Scores
from audiolime_ext.text import counted


def to_shap(explanation: Explanation, *, label: str | int | None = None) -> Any:
    """The weights as a ``shap.Explanation``, for shap's plots (needs the extra ``shap``).

    Parameters
    ----------
    explanation : Explanation
        Explanation by Shapley values or by a linear surrogate: `base_values` (the score of silence, or the intercept)
        and the values add up to the score, or to the surrogate's score.
    label : str, int or None
        Label, or the number of an output, for plots of a single output such as ``shap.plots.waterfall``; None: all
        labels asked for.

    Returns
    -------
    shap.Explanation
        Values of shape (n_components,) for one label, else (1, n_components, n_labels); `data` holds the components'
        levels in dB relative to the mixture.

    Raises
    ------
    UsageError
        If the weights do not add up, as Banzhaf values do not: shap's plots would show a wrong score.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext import explain, tagger
    >>> from factorizations.oracle import OracleFactorization
    >>> tone = np.sin(np.arange(8000) / 10).astype(np.float32)
    >>> oracle = OracleFactorization({"loud": (tone, 8000), "soft": (tone / 10, 8000)})
    >>> peak = tagger(lambda batch: np.abs(batch).max(axis=1, keepdims=True), labels=["peak"])
    >>> to_shap(explain(oracle.mixture, peak, factorization=oracle), label="peak").values.round(2)
    array([1. , 0.1])
    """
    shap = require("shap", extra="shap")
    names = explanation.labels if label is None else (explanation.all_labels[explanation.column(label)],)
    columns = [explanation.column(name) for name in names]
    found = explanation.attribution
    weights, empty, full = (
        x[columns] for x in (found.weights, explanation.neighborhood.empty, explanation.neighborhood.full)
    )
    base = empty if found.intercept is None else found.intercept[columns]
    if found.intercept is None and not np.allclose(base + weights.sum(axis=1), full, atol=1e-6):
        raise UsageError(
            f"{found.method} weights do not add up to the score, which shap takes for granted; "
            "explain with method='shapley' or 'lime'"
        )
    batch = shap.Explanation(  # a batch of one: for a single one shap mixes up the names where n_components = n_labels
        values=weights.T[None],
        base_values=base[None],
        data=np.array([explanation.components.levels_db]),
        feature_names=list(explanation.names),
        output_names=list(names),
    )
    return batch if label is None else batch[0, :, 0]


def shapiq_game(
    source: Explanation | Neighborhood | Game,
    *,
    label: str | int | None = None,
    names: Sequence[str] | None = None,
) -> Any:
    """A ``shapiq.Game`` whose players are the components (needs the extra ``shapiq``).

    Parameters
    ----------
    source : Explanation, Neighborhood or Game
        Explanation or its neighbourhood, which answer without predictions; or a `Game`, which may ask a model.
    label : str, int or None
        Label whose score is the game's value; of a neighbourhood or game the number of the output. None: the first that
        the explanation was asked for, or output 0.
    names : sequence of str, or None
        Names of the players; an explanation has its own.

    Returns
    -------
    shapiq.Game
        Game, normalized as shapiq requires: the value of a mask is its score less the score of silence.

    Raises
    ------
    UsageError
        If a neighbourhood does not hold every mask, or there is no such label or output.

    Examples
    --------
    >>> from audiolime_ext.components.masks import choose_masks
    >>> chosen = choose_masks(2)
    >>> both = chosen.masks.all(axis=1, keepdims=True).astype(float)
    >>> game = shapiq_game(Neighborhood(chosen.masks, chosen.counts, True, both), names=["drums", "bass"])
    >>> game([("drums",), ("drums", "bass")])
    array([0., 1.])
    """
    require("shapiq", extra="shapiq")
    if isinstance(source, Explanation):
        column: str | int | None = source.column(label)
        names, source = source.names, source.neighborhood
    else:
        column = 0 if label is None else label
    if isinstance(source, Neighborhood):
        if not source.exhaustive:
            raise UsageError(
                f"{len(source.masks)} of {2 ** source.masks.shape[1]} masks were evaluated; a game needs all: explain "
                "with more evaluations, or pass Game(n, ask, known=…) with a model to ask about the others"
            )
        source = Game(source.masks.shape[1], known=source)
    n_outputs = source(np.zeros((1, source.n), dtype=bool)).shape[1]
    if not isinstance(column, (int, np.integer)) or not 0 <= column < n_outputs:
        raise UsageError(f"the output {label!r} is unknown; give a number from 0 to {n_outputs - 1}")
    if names is not None and len(names) != source.n:
        raise UsageError(f"{counted(len(names), 'name')} for {counted(source.n, 'player')}; give one for each")
    return _game_of(source, int(column), None if names is None else list(names))


def _game_of(answers: Game, column: int, names: list[str] | None) -> Any:
    import shapiq

    class MaskGame(shapiq.Game):  # type: ignore[misc, unused-ignore]
        """A game whose players are components, and whose values are a model's scores of masks."""

        def value_function(self, coalitions: NDArray[Any]) -> Scores:
            """Scores of the masks, shape (n_masks,)."""
            return answers(coalitions)[:, column]

    empty = float(answers(np.zeros((1, answers.n), dtype=bool))[0, column])
    return MaskGame(answers.n, normalize=True, normalization_value=empty, player_names=names)
