"""audioLIME's ways to say where an excerpt is cut in time, as ours.

There a number meant equal segments, ``{"type": "fixed_length", "n_temporal_segments": 5}`` the same, ``{"type":
"manual", "manual_segments": [(0, 8000), (8000, 24000)]}`` spans in samples, and None one segment a second, ten at most.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from audiolime_ext.errors import UsageError, unknown

MOST_BY_DEFAULT = 10
_KINDS = ("fixed_length", "manual")


def one_a_second(duration_s: float) -> int:
    """The number of segments where none was given.

    Examples
    --------
    >>> one_a_second(3.7), one_a_second(200.0), one_a_second(0.5)
    (3, 10, 1)
    """
    return max(1, min(int(duration_s), MOST_BY_DEFAULT))


def segments_of(params: Any, sr: int) -> tuple[int | list[float], float | None]:
    """Segments and the seconds that they cover, from audioLIME's `temporal_segmentation_params`.

    Parameters
    ----------
    params : int or mapping
        Number of equal segments, or audioLIME's dictionary.
    sr : int
        Sampling rate of its samples in Hz.

    Returns
    -------
    tuple
        Number of equal segments, or inner boundaries in seconds; and the end of the last span in seconds, None where
        the excerpt says that.

    Raises
    ------
    UsageError
        If it is neither, or spans do not follow one another from the excerpt's start on.

    Examples
    --------
    >>> segments_of({"type": "manual", "manual_segments": [(0, 8000), (8000, 24000)]}, 16000)
    ([0.5], 1.5)
    """
    if not isinstance(params, Mapping):
        return _number(params), None
    kind = params.get("type")
    if kind not in _KINDS:
        raise unknown("type of temporal segmentation", kind, _KINDS)
    if kind == "fixed_length":
        return _number(params.get("n_temporal_segments")), None
    spans = [tuple(map(operator.index, span)) for span in params.get("manual_segments", ())]
    if not spans or spans[0][0] != 0 or any(before[1] != after[0] for before, after in pairwise(spans)):
        raise UsageError(
            f"manual_segments are spans (first, end) in samples at {sr} Hz that follow one another from 0 on, such as "
            f"[(0, 8000), (8000, 24000)], not {spans}; to leave out the beginning, give start_s"
        )
    return [end / sr for _, end in spans[:-1]], spans[-1][1] / sr


def _number(n: Any) -> int:
    try:
        return operator.index(n)
    except TypeError as error:
        raise UsageError(
            f"temporal segments are a number, or {{'type': 'fixed_length', 'n_temporal_segments': 5}}, not {n!r}"
        ) from error
