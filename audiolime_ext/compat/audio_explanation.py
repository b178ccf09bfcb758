"""audioLIME's result: linear weights by number of the output, and the components that carry them.

The strongest of the negative components comes first where only these are wanted (audioLIME gave the weakest). The
evaluated neighbourhood is kept, so that any other attribution method can answer beside it.
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
    components
        What was switched, in this order.
    all_labels
        Names of the model's outputs.
    neighborhood
        The distinct masks with the model's answers, for any other attribution method; "all off" is always among them,
        with a count of 0 where it was not drawn.
    rows
        Which mask each row of the fit is, in the order they were drawn, shape (n_rows,); the first is all on.
    local_exp, intercept, score, local_pred
        By number of the output: pairs (component, weight), by weight or, with `absolute_feature_sort`, by its size; the
        surrogate's intercept, its weighted R² on the rows (NaN for a single row), prediction for all on, shape (1,).
    distance
        By number of the output: distances of the rows to all on, shape (n_rows,).
    top_labels
        The highest outputs, highest first, where these were asked for; else None.
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
        label
            Number or name of an output that was explained.
        positive_components, negative_components
            Whether components with positive and with negative weights are wanted. Where both are, they come in the
            order of `local_exp`.
        num_components
            The most components.
        min_abs_weight
            The least size of their weights.
        return_indeces
            Answer a pair: the signals, and the components' numbers.

        Returns
        -------
        Float32 signals at the model's rate, (n_samples,) each, or (2, n_samples) for a stereo model; see `audio` for
        the recording's own quality.

        Raises
        ------
        UsageError
            If the label was not explained, or nothing can be asked for in this way.
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
