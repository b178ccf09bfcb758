"""Which answers of a blind page are right: those that the page itself then says, and those as good as them.

The question is which source a label comes most from. Right is what leads, every source that is not told apart from it,
and one that is not lighter but too soft to be heard. A source that argues for the label and is lighter by no more than
what counts as the same value (`audiolime_ext.prediction.kind`) is as good. "None of them" is right where nothing
argues, where the label is not said, and where the value is nearly that of the baseline or lower: then the sources
together add nothing. Where it is not known what the label comes from, no answer is right or wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audiolime_ext.explanation.leading import Leading
from audiolime_ext.explanation.words import Voice


def right_answers(found: Leading | None, voice: Voice, at: Sequence[int]) -> dict[str, Any]:
    """The right answers to the question of a label in a window, as ``page.js`` reads them.

    ``right`` and ``close`` are components that are right, and that are as good; ``none``: whether "none of them" is
    right; ``same``: the difference that counts as none, as it is written. With no right answer at all it is not known.

    Parameters
    ----------
    found : Leading or None
        Knowledge of the label's sources; None where there is silence.
    voice : Voice
        Way in which numbers are written.
    at : sequence of int
        Number of each component on the page.

    Examples
    --------
    >>> from audiolime_ext.prediction.kind import Kind
    >>> more = {"first": (0,), "arguing": (0, 1), "near": 0.05}
    >>> found = Leading("leads", ("bass", "drums"), (1, 1), (0.22, 0.2), (-3, -3), (0, 0), 0.5, 0.1, 0.5, **more)
    >>> right_answers(found, Voice("rock", Kind("score")), [0, 1])
    {'right': [0], 'close': [1], 'none': False, 'same': '0.05'}
    """
    if found is None or found.state in ("nothing", "not said"):
        return {"right": [], "close": [], "none": True, "same": ""}
    first = [*found.first, *found.unheard]
    close = [i for i in found.arguing if i not in first and found.weights[first[0]] - found.weights[i] <= found.near]
    right = [found.carried if found.carried and i == first[0] else found.columns(i) for i in first]
    return {
        "right": [at[i] for places in right for i in places],
        "close": [at[i] for source in close for i in found.columns(source)],
        "none": bool(first) and (found.as_baseline or found.takes_away),
        "same": voice.number(found.near, found.largest),
    }
