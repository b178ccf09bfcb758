"""The sources that make a label, as names, weights and sound; or the word that none is known.

What may be named is decided in `audiolime_ext.explanation.leading` and said in `audiolime_ext.explanation.words`: a
leader, or all that are not told apart, or nothing. A source that is cut into segments is one entry, its name and the
sum of its weights, unless some of its segments carry most of that: then these are the entries. ``top(k)`` lists at
least k sources where as many argue; after the first (or those that are not told apart from it) the order is that of the
weights and claims no more.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import NothingArgues


@dataclass(frozen=True, eq=False)
class Top:
    """The sources that make a label, or the word that none is known.

    Parameters
    ----------
    label : str
        Label that is explained.
    components, weights : tuple of str, tuple of float
        Names of stems or of segments, and their weights, largest first (see the module). Empty where none is known to
        make the label: then the object is false in a condition.
    message : str
        Sentence to read.
    audio : Audio or None
        Sound of the components together, as in the recording; None where there are none.
    told_apart : bool
        True where the first component's source outweighs all others beyond doubt.
    """

    label: str
    components: tuple[str, ...]
    weights: tuple[float, ...]
    message: str
    audio: Audio | None = field(default=None, repr=False)
    told_apart: bool = False

    def __bool__(self) -> bool:
        return bool(self.components)

    def __str__(self) -> str:
        return self.message

    def listen(self) -> Audio:
        """The sound, which notebooks show as a player.

        Raises
        ------
        NothingArgues
            If there is nothing to hear; the message says why.
        """
        if self.audio is None:
            raise NothingArgues(self.message)
        return self.audio

    def _repr_html_(self) -> str:
        player = "" if self.audio is None else self.audio._repr_html_()
        return f"<p>{html.escape(self.message)}</p>{player}"
