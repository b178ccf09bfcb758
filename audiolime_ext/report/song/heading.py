"""What a recording is called on a page: the title and the artist that its file's tags give, and always the file's name.

Tags are read from the file that was explained. Where it is gone, or holds other bytes by now, the name is all there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from audiolime_ext.audio.tags import title_and_artist
from audiolime_ext.explanation.provenance import Provenance
from audiolime_ext.files.names import is_file, legible, meant
from audiolime_ext.files.reading import sha256_of


@dataclass(frozen=True)
class Heading:
    """Title and artist of a recording, None where its tags do not say them, and the name of its file.

    Examples
    --------
    >>> Heading("song", "Ezer Év", "Obsidian Shell").text, Heading("song").text
    ('Ezer Év – Obsidian Shell', 'song')
    """

    name: str
    title: str | None = None
    artist: str | None = None
    file: str = ""

    @classmethod
    def of(cls, name: str, origin: Provenance) -> Heading:
        """The heading of an explanation of the recording `name`, with the tags of the file that it is of."""
        if origin.file is None:
            return cls(name)
        path = meant(Path(origin.file))
        try:
            same = is_file(path) and sha256_of(path) == origin.sha256
        except OSError:
            same = False
        return cls(name, *(title_and_artist(path) if same else (None, None)), legible(path.name))

    @property
    def text(self) -> str:
        """In one line: title and artist, or the recording's name where there is no title."""
        if self.title is None:
            return self.name
        return f"{self.title} – {self.artist}" if self.artist else self.title

    @property
    def besides(self) -> str:
        """What stands below the title: the artist, and the file's name."""
        if self.title is None:
            return ""
        return ", ".join(filter(None, (self.artist, self.file or self.name)))
