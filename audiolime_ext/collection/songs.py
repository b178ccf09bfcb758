"""What is known of a song of a collection, besides its sound."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BESIDE = re.compile(r"^(\.\.[/\\])+")  # the way from the index's folder to the song's says nothing of the song


@dataclass(frozen=True)
class Song:
    """A song of a collection.

    Parameters
    ----------
    key : str
        SHA-256 of the file's bytes, in hexadecimal; for a song that only a catalogue names, its name there. Two files
        of the same content are one song.
    path : str or None
        Path of the file, relative to the index's folder or absolute; None: the catalogue has no file of it.
    also : tuple of str
        Paths of other files of the same content.
    title, artist, album, genre : str or None
        Tags; None where they do not say.
    year : int or None
        Year of publication; None where the tags do not say.
    duration_s : float or None
        Length in seconds; None where it is not known.

    Examples
    --------
    >>> Song("9f2c", "a/1.ogg", artist="Sectoid", title="Feelings").name
    'Sectoid – Feelings'
    >>> Song("9f2c", "../music/1.ogg").name
    'music/1.ogg'
    """

    key: str
    path: str | None = None
    also: tuple[str, ...] = ()
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    year: int | None = None
    duration_s: float | None = None

    @property
    def name(self) -> str:
        """Its name, for people: artist and title; else the title, the path without leading ``..``, or the key."""
        if self.title and self.artist:
            return f"{self.artist} – {self.title}"
        return self.title or self.place

    @property
    def place(self) -> str:
        """Where it is, for people: the path without leading ``..``, or the key."""
        return (self.path and _BESIDE.sub("", self.path)) or self.key
