"""One window of a track: what was switched in it, what the model answered, what follows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.attribution import Attribution
from audiolime_ext.components.masks import Neighborhood

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Window:
    """One explained window.

    Parameters
    ----------
    start_s, duration_s
        In seconds of the recording.
    names, levels_db
        Its components and their levels relative to the mixture; none where it is silent.
    residual_db
        Level of the residual relative to the mixture, switched or not; None where there is none.
    neighborhood, attribution
        What the model answered, and what follows; both as in `Explanation`.
    shifts
        As in `Checks`, where shifted excerpts were asked about.
    outputs
        All outputs of the model for the masks, of which `neighborhood` has what is explained.
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
