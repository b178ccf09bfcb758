"""audioLIME's result: linear weights by number of the output, and the components that have them.

The strongest of the negative components comes first where only these are wanted (audioLIME gave the weakest). The
answers of the model are kept, so that any other attribution method can be applied to them, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio
from audiolime_ext.compat.binding import BoundFactorization
from audiolime_ext.compat.foreign import names_of
from audiolime_ext.compat.numbering import SegmentBySegment
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Masks, MaskSet, Neighborhood
from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.contract import Scores
from audiolime_ext.prediction.labels import label_indices

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AudioExplanation:
    """What `LimeAudioExplainer.explain_instance` answers; labels are numbers of outputs, or their names.

    Parameters
    ----------
    factorization : BoundFactorization or object
        Factorization that was explained: a bound one as the model hears it, or one that was written for audioLIME.
    all_labels : tuple of str
        Names of the model's outputs.
    game : Game
        The model's answers, each mask once.
    neighborhood_data : ndarray of int64, shape (n_rows, n_components)
        Rows of the fit, zeros and ones, as they were drawn; the first is all on.
    neighborhood_labels : ndarray of float64, shape (n_rows, n_outputs)
        The model's answer to each row.
    local_exp : dict of int to list of (int, float)
        Pairs (component, weight) by number of the output; sorted by weight or, with `absolute_feature_sort`, by the
        weight's size.
    intercept, score : dict of int to float
        Intercept of the surrogate, and its weighted R² on the rows (NaN for a single row), by number of the output.
    local_pred : dict of int to ndarray of float64, shape (1,)
        Prediction of the surrogate for all on, by number of the output.
    distance : dict of int to ndarray of float64, shape (n_rows,)
        Distances of the rows to all on, by number of the output.
    top_labels : list of int, or None
        Numbers of the highest outputs, highest first, where these were asked for; else None.
    """

    factorization: Any
    all_labels: tuple[str, ...] = field(repr=False)
    game: Game = field(repr=False)
    neighborhood_data: NDArray[np.int64] = field(repr=False)
    neighborhood_labels: Scores = field(repr=False)
    local_exp: dict[int, list[tuple[int, float]]]
    intercept: dict[int, float]
    score: dict[int, float]
    local_pred: dict[int, Array]
    distance: dict[int, Array] = field(repr=False)
    top_labels: list[int] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the components, by number."""
        if isinstance(self.factorization, BoundFactorization):
            return self.factorization.parts.names
        return names_of(self.factorization, self.game.n)

    @property
    def components(self) -> SegmentBySegment:
        """What was switched, of a bound factorization.

        Raises
        ------
        UsageError
            If the factorization is an object that was written for audioLIME.
        """
        return self._bound("the parts of a recording").parts

    @cached_property
    def _distinct(self) -> tuple[Masks, NDArray[np.int64]]:
        return distinct(self.neighborhood_data == 1)

    @property
    def rows(self) -> NDArray[np.int64]:
        """Position in `neighborhood` of the mask of each row of the fit, shape (n_rows,)."""
        return self._distinct[1]

    @cached_property
    def neighborhood(self) -> Neighborhood:
        """Distinct masks with the model's answers; "all off" is always among them, with a count of 0 if not drawn.

        Raises
        ------
        UsageError
            If all off was not drawn, and an object that was written for audioLIME cannot compose it.
        """
        masks, rows = self._distinct
        counts = np.bincount(rows, minlength=len(masks)).astype(np.int64)
        return self.game.played(MaskSet(masks, counts, len(masks) == 2**self.game.n))

    def as_list(self, label: str | int) -> list[tuple[str, float]]:
        """Pairs (name of the component, weight), in the order of `local_exp`."""
        return [(self.names[i], weight) for i, weight in self.local_exp[self.column(label)]]

    def as_map(self) -> dict[int, list[tuple[int, float]]]:
        """A copy of `local_exp`."""
        return {column: list(pairs) for column, pairs in self.local_exp.items()}

    def get_sorted_components(
        self,
        label: str | int,
        positive_components: bool = True,
        negative_components: bool = True,
        num_components: int | Literal["all"] = "all",
        min_abs_weight: float = 0.0,
        return_indeces: bool = False,
    ) -> Any:
        """Components as the model heard them, the strongest first; their sum can be listened to.

        Where none qualifies, one signal of silence is given, and no number: the sum is silence, as long as the excerpt.

        Parameters
        ----------
        label : str or int
            Name or number of an output that was explained.
        positive_components, negative_components : bool
            True to include components with positive, and with negative, weights. If both are, they come in the order of
            `local_exp`.
        num_components : int or "all"
            Largest number of components.
        min_abs_weight : float
            Smallest size of their weights.
        return_indeces : bool
            True to return a pair: the signals, and the components' numbers.

        Returns
        -------
        list of ndarray of float32, each of shape (n_samples,), or (2, n_samples) for a stereo model
            Waveforms at the model's rate; see `audio` for the recording's own quality. Of an object that was written
            for audioLIME: what its `retrieve_components` gives.

        Raises
        ------
        UsageError
            If the label was not explained, or an argument cannot be used.
        """
        if not (positive_components or negative_components):
            raise UsageError("positive_components, negative_components or both must be True")
        if num_components != "all" and (not isinstance(num_components, (int, np.integer)) or num_components < 1):
            raise UsageError(f"num_components must be 'all' or a positive number, not {num_components!r}")
        pairs = self.local_exp[self.column(label)]
        if not (positive_components and negative_components):
            sign = 1 if positive_components else -1
            pairs = sorted((pair for pair in pairs if sign * pair[1] > 0), key=lambda pair: -abs(pair[1]))
        listed = [i for i, weight in pairs if abs(weight) >= min_abs_weight]
        chosen = np.array(listed if num_components == "all" else listed[:num_components], dtype=np.int64)
        alone = self.factorization.retrieve_components(chosen)
        return (alone, chosen) if return_indeces else alone

    def audio(self, components: Sequence[int] | int) -> Audio:
        """Components by number, together, at the recording's own rate and channels; silence where none is named.

        Raises
        ------
        UsageError
            If there is no such component, or the factorization is an object that was written for audioLIME.
        """
        bound = self._bound("a recording to listen to")
        numbers = [int(number) for number in np.atleast_1d(np.asarray(components, dtype=np.int64))]
        named = ", ".join(self.names[number] for number in sorted(set(numbers)) if 0 <= number < self.game.n)
        parts = bound.parts
        return parts.listen(bound.mask(numbers), background=False, name=f"{parts.recording_name}: {named or 'nothing'}")

    def column(self, label: str | int) -> int:
        """The number of a label that was explained.

        Raises
        ------
        UsageError
            If it is unknown, or was not explained.
        """
        column = label_indices([label], self.all_labels)[0]
        if column not in self.local_exp:
            explained = ", ".join(self.all_labels[i] for i in self.local_exp)
            raise UsageError(f"the label {self.all_labels[column]!r} was not explained; these were: {explained}")
        return column

    def _bound(self, wanted: str) -> BoundFactorization:
        if isinstance(self.factorization, BoundFactorization):
            return self.factorization
        raise UsageError(
            f"{type(self.factorization).__name__} was written for audioLIME and has not {wanted}; "
            "get_sorted_components gives its components, or explain bind(separator, recording)"
        )


def distinct(drawn: Masks) -> tuple[Masks, NDArray[np.int64]]:
    """The different masks among those drawn, with all off and all on, and which of them each row is.

    Examples
    --------
    >>> import numpy as np
    >>> masks, rows = distinct(np.array([[True, True], [True, False], [True, True]]))
    >>> masks.astype(int).tolist(), rows.tolist()
    ([[0, 0], [1, 0], [1, 1]], [2, 1, 2])
    """
    off = np.zeros((1, drawn.shape[1]), dtype=bool)
    masks, rows = np.unique(np.concatenate([off, drawn]), axis=0, return_inverse=True)
    return masks, rows.reshape(-1)[1:].astype(np.int64)
