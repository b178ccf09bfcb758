"""Names of recordings and songs on the page, or numbers that give nothing away.

Numbers follow the manifest's order. Invariant: an anonymous page holds no name, path, song or hash of any recording.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.collection.engine.jobs import Failure
from audiolime_ext.files.names import legible

_MARKS = re.compile(r"([?&])")  # in a spec, in front of its options, see `audiolime_ext.registry.options`
_NAMED = re.compile(r"\w*[:=]")  # the name of a spec, or of an option


@dataclass(frozen=True, eq=False)
class Names:
    """Names of an audit's recordings, by their place in the manifest.

    Parameters
    ----------
    results : Results
        Results of the audit.
    anonymous : bool
        True to write numbers instead of names.
    """

    results: Results
    anonymous: bool = False

    def recording(self, place: int) -> str:
        """Such as ``"take five.wav"``, or ``"recording 17"``."""
        return f"recording {place + 1}" if self.anonymous else self.results.entries[place].name

    def song(self, place: int) -> str:
        """The song that a recording is of."""
        song = self.results.entries[place].song
        return f"song {self._songs[song]}" if self.anonymous else legible(song)

    def failure(self, failure: Failure) -> tuple[str, str]:
        """A recording that could not be measured, and why; an anonymous page gives no reason, as it may name files."""
        if not self.anonymous:
            return failure.name, failure.reason
        return self.recording(self._places[failure.task]), "the reason may name files and is left out"

    def spec(self, spec: str) -> str:
        """A model's or a factorization's spec; an anonymous page names no folders.

        Examples
        --------
        >>> Names(None, anonymous=True).spec("onnx:/home/me/model.onnx?labels=my/labels.txt")
        'onnx:model.onnx?labels=labels.txt'
        """
        return "".join(map(_without_folders, _MARKS.split(spec))) if self.anonymous else spec

    @cached_property
    def _songs(self) -> dict[str, int]:
        songs = dict.fromkeys(entry.song for entry in self.results.entries)
        return {song: number for number, song in enumerate(songs, start=1)}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {entry.key: place for place, entry in enumerate(self.results.entries)}


def _without_folders(part: str) -> str:
    """A part of a spec: of what follows its name, only what stands behind the last slash."""
    named = _NAMED.match(part)
    name, rest = (part[: named.end()], part[named.end() :]) if named else ("", part)
    return name + re.split(r"[/\\]", rest.rstrip("/\\"))[-1]
