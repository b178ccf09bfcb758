"""Whether one component is the whole recording: then there is nothing to tell apart.

Instrumental music in two stems, vocals and accompaniment: all of it is accompaniment. Its weight is the score, taking
it out leaves nothing, and another song's accompaniment is another song. None of this says what the model listens to.

One component holds everything where both are so: *by level*, the others together lie below −28 dB of the mixture; and
*by what the model hears*, it answers to that component alone as to the recording, to a tenth of the distance between
the answers to the recording and to the baseline. A component without others holds everything.

Both limits were chosen on six clips in two stems of Spleeter, in windows of 3 s under the 50 tags of ``MSD_musicnn``.
Where nobody sings the vocals lie below −40 dB (10 of 11 windows; in one a solo is taken for a voice, at −14 dB), where
somebody sings or growls above −16 dB (21 windows): −28 dB is halfway. Below it the distance was under .01 in all 50
pairs of a window and a tag that scores .05 or more and differs from silence by as much; in the three clips with sung
vocals it was above .1 in nine of ten. (What a growl at −14 dB changes is less, so the level is needed too.)

Held out, 45 s of each of six other songs: the windows of the three without vocals lie below −32 dB, those of the three
with growls above −26 dB or, where nobody growls, below −35 dB. None of 90 lies between. Below the limit the distance
was under .1 in 180 of 189 pairs; in the other nine the accompaniment is not said to be all there is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

REST_DB = -28.0  # of the mixture; all other components together
SAME_ANSWER = 0.1  # of the distance between the answers to the recording and to the baseline


def holds_everything(levels_db: Sequence[float], alone: NDArray[np.float64], full: float, empty: float) -> int | None:
    """Position of the component that is the whole recording for one label; None where there is none.

    Parameters
    ----------
    levels_db : sequence of float, shape (n_components,)
        Level of each component in dB relative to the mixture.
    alone : ndarray of float64, shape (n_components,)
        Value of each component alone; NaN where the model was not asked.
    full, empty : float
        Values of the recording and of the baseline.

    Examples
    --------
    >>> import numpy as np
    >>> holds_everything([-35.0, 0.0], np.array([0.1, 0.79]), 0.8, 0.1)
    1
    >>> holds_everything([-35.0, 0.0], np.array([0.1, 0.4]), 0.8, 0.1) is None  # faint, but it counts
    True
    >>> holds_everything([-16.0, -0.1], np.array([0.1, 0.8]), 0.8, 0.1) is None  # soft, but it sounds
    True
    """
    levels = np.asarray(levels_db, np.float64)
    if not len(levels):
        return None
    loudest = int(np.argmax(levels))
    rest = float(np.sum(10 ** (np.delete(levels, loudest) / 10)))
    if rest > 10 ** (REST_DB / 10):
        return None
    return loudest if abs(float(alone[loudest]) - full) <= SAME_ANSWER * abs(full - empty) else None
