"""A model asked about masks: each mask once, in batches; its answers are kept, raw.

A game is a value for every mask. Everything that needs answers asks a `Game`: the methods that draw masks, the checks,
the measures of faithfulness, other packages. So no mask is predicted twice, whatever is done with the answers, and the
number of questions is counted in one place. It keeps the model's *outputs*; `Game.of_values` shows the same game
through a target, so another target costs no prediction.

`answers` is the loop behind it, for one excerpt as for the many windows of a track or the many mixes of an audit: no
more mixes exist at a time than the model takes at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Samples
from audiolime_ext.components.masks import Masks, MaskSet, Neighborhood
from audiolime_ext.errors import ModelError, UsageError
from audiolime_ext.prediction.asking import n_at_once, predict
from audiolime_ext.prediction.contract import Model, Scores
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.outputs import joined
from audiolime_ext.progress.stages import stage
from audiolime_ext.text import counted

if TYPE_CHECKING:
    from audiolime_ext.components.components import Components

Mixes = Callable[[Any], Samples]  # from masks or gains (n_mixes, n) to what the model hears, (n_mixes, n_channels, …)
AskMasks = Callable[[Masks], Any]  # from masks (n_masks, n) to outputs (n_masks, n_outputs)


class Game:
    """Answers to masks of n components: those that are known, and a function that is asked once about each other mask.

    Parameters
    ----------
    n : int
        Number of components.
    ask : callable or None
        Function from masks, bool (n_masks, n), to finite answers (n_masks, n_outputs); None: only what is known is
        answered.
    known : Neighborhood or None
        Masks that were answered already, with their answers; None: no mask was.

    Examples
    --------
    >>> game = Game(2, lambda masks: masks.sum(axis=1, keepdims=True))
    >>> game(np.array([[1, 1], [1, 1], [0, 1]]))[:, 0], game.n_asked
    (array([2., 2., 1.]), 2)
    """

    def __init__(self, n: int, ask: AskMasks | None = None, *, known: Neighborhood | None = None) -> None:
        self.n = n
        self.n_asked = 0
        self._ask = ask
        self._known: dict[bytes, Scores] = {}
        if known is not None:
            self._known.update(zip(_keys(known.masks), known.scores, strict=True))

    @classmethod
    def of(
        cls, components: Components, model: Model, *, known: Neighborhood | None = None, progress: bool = True
    ) -> Game:
        """The game of a model and an excerpt: the model is asked about the mix that each mask makes."""

        def ask(masks: Masks) -> Scores:
            asked = [(components.heard_mixes, masks)]
            shown = len(masks) if progress else None
            size = n_at_once(model, components.n_windows)
            return answers(partial(predict, model), components.grid, asked, size=size, progress=shown)[0]

        return cls(components.n, ask, known=known)

    def __call__(self, masks: NDArray[Any]) -> Scores:
        """Answers to masks, bool (n_masks, n): float64 (n_masks, n_outputs).

        Raises
        ------
        UsageError
            If masks are of another length, or not known and there is no model to ask.
        ModelError
            If the answers have another shape, or are not finite.
        """
        rows = np.asarray(masks, dtype=bool)
        if rows.ndim != 2 or rows.shape[1] != self.n:
            raise UsageError(f"masks of shape (n_masks, {self.n}) are needed, not {np.shape(masks)}")
        keys = _keys(rows)
        new = {key: row for key, row in zip(keys, rows, strict=True) if key not in self._known}
        if new:
            self._learn(new)
        return np.stack([self._known[key] for key in keys])

    def can_answer(self, masks: Masks) -> bool:
        """Whether all of these masks are known, or there is a model to ask."""
        return self._ask is not None or self.n_unknown(masks) == 0

    def n_unknown(self, masks: Masks) -> int:
        """How many different masks among these would have to be asked about."""
        return len(set(_keys(masks)) - set(self._known))

    def played(self, chosen: MaskSet) -> Neighborhood:
        """Chosen masks with their answers."""
        return Neighborhood(chosen.masks, chosen.counts, chosen.exhaustive, self(chosen.masks))

    def of_values(self, values: Callable[[Scores], Scores]) -> Game:
        """The same game through a function of the outputs: its answers are values; its questions go to this game."""
        seen = Game(self.n, None if self._ask is None else lambda masks: values(self(masks)))
        if self._known:
            seen._known.update(zip(self._known, values(np.stack(list(self._known.values()))), strict=True))
        return seen

    def _learn(self, new: dict[bytes, Masks]) -> None:
        if self._ask is None:
            raise UsageError(
                f"{len(new)} of the masks asked for were not evaluated ({len(self._known)} of {2**self.n} were); "
                "explain with more evaluations, or give a model to ask"
            )
        found = np.asarray(self._ask(np.stack(list(new.values()))), dtype=np.float64)
        n_outputs = len(next(iter(self._known.values()))) if self._known else found.shape[-1]
        if found.shape != (len(new), n_outputs) or not np.isfinite(found).all():
            raise ModelError(
                f"finite answers of shape {(len(new), n_outputs)} are needed for {counted(len(new), 'mask')}; "
                f"got shape {found.shape}"
            )
        self._known.update(zip(new, found, strict=True))
        self.n_asked += len(new)


def answers(
    ask: Callable[[Samples], Scores],
    grid: Grid,
    asked: Iterable[tuple[Mixes, NDArray[Any]]],
    *,
    size: int,
    progress: int | None = None,
) -> list[Scores]:
    """A model's outputs for masks of several excerpts: for each excerpt an array (n_masks, n_outputs).

    Every mask is composed and predicted once, in batches that reach from one excerpt into the next where both have the
    same length; an excerpt is looked at only when its turn comes. Gains of components are asked about as masks are.

    Parameters
    ----------
    ask : callable
        Function from signals (n, n_windows, n_channels, n_samples) to outputs (n, n_outputs): `predict` of a model.
    grid : Grid
        The model's windows.
    asked : iterable of (callable, ndarray of bool or float)
        Function that makes mixes of masks or gains, and these, shape (n_masks, n_components), for each excerpt.
    size : int
        Number of mixes that are made and asked about at a time, see `n_at_once`.
    progress : int or None
        Number of masks in all, of which it is told how many were asked about; None: nobody is told.
    """
    found: list[list[Scores]] = []

    def rows() -> Iterator[tuple[int, Mixes, NDArray[Any], int]]:
        for i, (mixes, masks) in enumerate(asked):
            found.append([])
            yield from ((i, mixes, masks, row) for row in range(len(masks)))

    left = rows()
    counting: Any = nullcontext() if progress is None else stage("asking the model", progress, "mix")
    with counting as asking:
        while batch := list(islice(left, size)):
            runs = [list(run) for _, run in groupby(batch, lambda row: row[0])]
            signals = [grid.cut(run[0][1](run[0][2][[row for *_, row in run]])) for run in runs]
            for run, scores in zip(runs, _predicted(ask, signals), strict=True):
                found[run[0][0]].append(scores)
            if asking is not None:
                asking.advance(len(batch))
    return [joined(of_excerpt) for of_excerpt in found]


def _predicted(ask: Callable[[Samples], Scores], signals: list[Samples]) -> list[Scores]:
    """Outputs for the signals of several excerpts, asked together where they have the same shape."""
    if len({one.shape[1:] for one in signals}) > 1:
        return [ask(one) for one in signals]
    ends = np.cumsum([len(one) for one in signals])
    return np.split(ask(np.concatenate(signals) if len(signals) > 1 else signals[0]), ends[:-1])


def _keys(masks: NDArray[Any]) -> list[bytes]:
    return [row.tobytes() for row in np.packbits(np.asarray(masks, bool), axis=1)]
