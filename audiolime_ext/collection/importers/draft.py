"""A recording of a published data set, before anybody has looked whether it is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Draft:
    """What a data set says of a recording.

    Parameters
    ----------
    line
        Where it stands in the table; 0 where there is none.
    path
        Its file.
    labels
        Its tags, as the data set spells them.
    group
        The song that it is an excerpt of; None: it is a song of its own.
    split
        None where nothing is said.
    called
        Its path as the table has it, from the folder of the audio; None: the whole path.
    """

    line: int
    path: Path
    labels: tuple[str, ...]
    group: str | None = None
    split: str | None = None
    called: str | None = None

    @property
    def name(self) -> str:
        """What to call it: ``rock/0.wav`` is another than ``jazz/0.wav``."""
        return self.called or str(self.path)

    def with_labels(self, labels: tuple[str, ...]) -> Draft:
        """The same with other classes."""
        return replace(self, labels=labels)
