"""The map of a page: a row a label, a column a window, where it sounds; of the figure over time as well.

A map shows whole windows only: a last one that is filled up with silence is an answer to little music or none, counts
in no mean and is not explained. What no whole window covers stays empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.prediction.taggram import Taggram
from audiolime_ext.track.explanation import TrackExplanation

Array = NDArray[np.float64]

MOST_ROWS = 12


def taggram_rows(taggram: Taggram, labels: Sequence[str]) -> list[str]:
    """The explained labels first, then those that reach most in a window that counts, a dozen in all."""
    highest = taggram.scores[taggram.counted].max(axis=0)
    ranked = [taggram.labels[i] for i in np.argsort(-highest, kind="stable")]
    rows = [label for label in labels if label in taggram.labels]
    return [*rows, *(label for label in ranked if label not in rows)][: max(MOST_ROWS, len(rows))]


def whole_columns(track: TrackExplanation) -> tuple[NDArray[np.bool_], Array, Array]:
    """Which windows of the taggram a map shows, those that are whole, and where each begins and ends, in seconds.

    A column is as long as its window, or ends where the next one begins.
    """
    whole = ~track.taggram.padded if not track.taggram.padded.all() else np.ones(len(track.taggram.times_s), bool)
    starts = track.taggram.times_s[whole]
    nexts = np.append(starts[1:], max(track.end_s, starts[-1] + 1e-3))
    return whole, starts, np.minimum(starts + track.duration_s, nexts)


def picture(track: TrackExplanation, rows: Sequence[str]) -> dict[str, Any]:
    """What the script draws: labels, starts and ends of the columns in seconds, and their scores, a list a column."""
    lines = [track.taggram.labels.index(row) for row in rows]
    whole, starts, ends = whole_columns(track)
    return {
        "labels": list(rows),
        "times": np.round(starts, 4).tolist(),
        "ends": np.round(ends, 4).tolist(),
        "scores": np.round(track.taggram.scores[whole][:, lines], 3).tolist(),
    }
