"""Whether a model *is* confounded: not by how it was trained, but by what it does when the confounder comes or goes.

Every song it never heard is given to it twice, rendered with the confounder and without. It is confounded if at least
half of its decisions change, clean if at most a tenth do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFOUNDED, CLEAN = 0.5, 0.1


@dataclass(frozen=True)
class Truth:
    """How many of `n_pairs` decisions change, as a share."""

    share_changed: float
    n_pairs: int

    @property
    def verdict(self) -> str:
        """``"confounded"``, ``"clean"`` or ``"intermediate"``."""
        if self.share_changed >= CONFOUNDED:
            return "confounded"
        return "clean" if self.share_changed <= CLEAN else "intermediate"


def intervene(one: NDArray[np.float32], other: NDArray[np.float32]) -> Truth:
    """Compare answers (n_recordings, n_labels) to the same recordings on either side of the intervention.

    Examples
    --------
    >>> intervene(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.4, 0.6], [0.3, 0.7]])).verdict
    'confounded'
    """
    changed = one.argmax(axis=1) != other.argmax(axis=1)
    return Truth(float(changed.mean()), len(changed))
