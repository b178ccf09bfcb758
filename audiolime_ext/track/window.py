"""One window of a track: what was switched in it, what the model answered, what follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.components.masks import Neighborhood
from audiolime_ext.factorization.stems import RESIDUAL

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Window:
    """One explained window.

    Parameters
    ----------
    start_s, duration_s : float
        Start and length in seconds of the recording.
    names, levels_db : tuple of str, tuple of float
        Names of its components and their levels in dB relative to the mixture; none where it is silent.
    residual_db : float or None
        Level of the residual in dB relative to the mixture, switched or not; None where there is none.
    neighborhood, attribution : Neighborhood, Attribution
        Masks with values, and weights, as in `Explanation`.
    shifts : ndarray of float64, shape (n_labels, n_components), or None
        Largest change of each weight in shifted excerpts, where they were asked about.
    outputs : ndarray of float64, shape (n_masks, n_outputs), or None
        Outputs of the model for the masks, of which `neighborhood` has the target's values.
    """

    start_s: float
    duration_s: float
    names: tuple[str, ...]
    levels_db: tuple[float, ...]
    residual_db: float | None
    neighborhood: Neighborhood = field(repr=False)
    attribution: Attribution = field(repr=False)
    shifts: Array | None = field(default=None, repr=False)
    outputs: Array | None = field(default=None, repr=False)

    @property
    def silent(self) -> bool:
        """Whether nothing sounds in it."""
        return not self.names


def names_of(windows: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The components of all windows, in the order in which they first appear, the residual last."""
    found = dict.fromkeys(name for names in windows for name in names)
    return tuple(sorted(found, key=lambda name: name == RESIDUAL))
