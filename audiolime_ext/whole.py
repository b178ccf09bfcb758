"""Whether one component is the whole recording: then there is nothing to tell apart.

Instrumental music in two stems, vocals and accompaniment: all of it is accompaniment. Its weight is the score, taking it
out leaves nothing, and another song's accompaniment is another song. None of this says what the model listens to.

One component holds everything where both are so: *by level*, the others together lie below −15 dB of the mixture; and
*by what the model hears*, it answers to that component alone as to the recording.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

REST_DB = -15.0  # of the mixture; all other components together
SAME_ANSWER = 0.1  # of the distance between the answers to the recording and to the baseline


def holds_everything(
    levels_db: Sequence[float], alone: NDArray[np.float64], full: float, empty: float
) -> int | None:
    """Position of the component that is the whole recording for one label; None where there is none.

    Parameters
    ----------
    levels_db
        Level of each component relative to the mixture, shape (n_components,).
    alone
        The model's answer to each component alone, shape (n_components,).
    full, empty
        Its answers to the recording and to the baseline.

    Examples
    --------
    >>> import numpy as np
    >>> holds_everything([-30.0, 0.0], np.array([0.1, 0.79]), 0.8, 0.1)
    1
    >>> holds_everything([-30.0, 0.0], np.array([0.1, 0.4]), 0.8, 0.1) is None  # faint, but it counts
    True
    >>> holds_everything([-6.0, -1.0], np.array([0.1, 0.8]), 0.8, 0.1) is None
    True
    """
    levels = np.asarray(levels_db, np.float64)
    loudest = int(np.argmax(levels))
    rest = float(np.sum(10 ** (np.delete(levels, loudest) / 10)))
    if len(levels) < 2 or rest > 10 ** (REST_DB / 10):
        return None
    return loudest if abs(float(alone[loudest]) - full) <= SAME_ANSWER * abs(full - empty) else None
