"""audioLIME's result: linear weights by number of the output, and the components that have them.

The strongest of the negative components comes first where only these are wanted (audioLIME gave the weakest). The
evaluated neighbourhood is kept, so that any other attribution method can be applied to it, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio
from audiolime_ext.components import components as parts
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.contract import Scores
from audiolime_ext.prediction.labels import label_indices

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AudioExplanation:
    """What `LimeAudioExplainer.explain_instance` answers; labels are numbers of outputs, or their names.

    Parameters
    ----------
    components : Components
        Components that were switched, in this order.
    all_labels : tuple of str
        Names of the model's outputs.
    neighborhood : Neighborhood
        Distinct masks with the model's answers, for any other attribution method; "all off" is always among them, with
        a count of 0 where it was not drawn.
    rows : ndarray of int64, shape (n_rows,)
        Position in `neighborhood` of the mask of each row of the fit, in the order they were drawn; the first is all
        on.
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

    components: parts.Components = field(repr=False)
    all_labels: tuple[str, ...] = field(repr=False)
    neighborhood: Neighborhood = field(repr=False)
    rows: NDArray[np.int64] = field(repr=False)
    local_exp: dict[int, list[tuple[int, float]]]
    intercept: dict[int, float]
    score: dict[int, float]
    local_pred: dict[int, Array]
    distance: dict[int, Array] = field(repr=False)
    top_labels: list[int] | None = None

    @property
    def neighborhood_data(self) -> NDArray[np.int64]:
        """The rows as they were drawn, zeros and ones, shape (n_rows, n_components)."""
        return self.neighborhood.masks[self.rows].astype(np.int64)

    @property
    def neighborhood_labels(self) -> Scores:
        """The model's answer to each row, shape (n_rows, n_outputs)."""
        return np.asarray(self.neighborhood.scores[self.rows])

    def as_list(self, label: str | int) -> list[tuple[str, float]]:
        """Pairs (name of the component, weight), in the order of `local_exp`."""
        return [(self.components.names[i], weight) for i, weight in self.local_exp[self._column(label)]]

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
            Waveforms at the model's rate; see `audio` for the recording's own quality.

        Raises
        ------
        UsageError
            If the label was not explained, or an argument cannot be used.
        """
        if not (positive_components or negative_components):
            raise UsageError("positive_components, negative_components or both must be True")
        if num_components != "all" and (not isinstance(num_components, (int, np.integer)) or num_components < 1):
            raise UsageError(f"num_components must be 'all' or a positive number, not {num_components!r}")
        pairs = self.local_exp[self._column(label)]
        if not (positive_components and negative_components):
            sign = 1 if positive_components else -1
            pairs = sorted((pair for pair in pairs if sign * pair[1] > 0), key=lambda pair: -abs(pair[1]))
        chosen = [i for i, weight in pairs if abs(weight) >= min_abs_weight]
        chosen = chosen if num_components == "all" else chosen[:num_components]
        alone = [self._heard(i) for i in chosen]
        return (alone, np.array(chosen, dtype=np.int64)) if return_indeces else alone

    def audio(self, components: Sequence[int] | int) -> Audio:
        """Components by number, together, at the recording's own rate and channels."""
        on = np.zeros(self.components.n, dtype=bool)
        on[np.atleast_1d(np.asarray(components, dtype=np.int64))] = True
        names = ", ".join(name for name, wanted in zip(self.components.names, on, strict=True) if wanted)
        return self.components.listen(on, background=False, name=f"{self.components.recording_name}: {names}")

    def _heard(self, component: int) -> NDArray[np.float32]:
        mask = np.arange(self.components.n) == component
        signal = self.components.heard_mixes(mask[None], background=False)[0][..., self.components.grid.lead :]
        return np.asarray(signal[0] if len(signal) == 1 else signal)

    def _column(self, label: str | int) -> int:
        column = label_indices([label], self.all_labels)[0]
        if column not in self.local_exp:
            explained = ", ".join(self.all_labels[i] for i in self.local_exp)
            raise UsageError(f"the label {self.all_labels[column]!r} was not explained; these were: {explained}")
        return column
