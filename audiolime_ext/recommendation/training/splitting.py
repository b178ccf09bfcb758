"""By what songs are split into stems for training: a separator, or folders of true stems.

A folder of true stems holds a folder for each song, named like the song's file without its ending, in any layout that
``oracle:DIR`` reads. A song that has none there is trained on whole.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from audiolime_ext.audio.stem_folders import read_stem_folder
from audiolime_ext.collection.indexing.listing import Recording
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.loading import load_factorization, require_fingerprint
from audiolime_ext.files.names import is_folder
from audiolime_ext.files.reading import require_file, sha256_of
from audiolime_ext.registry import names


@dataclass(frozen=True)
class Splitting:
    """By what songs are split: one of the two.

    Parameters
    ----------
    separator : Factorization or None
        Factorization that splits any song.
    folder : Path or None
        Folder of a folder of true stems for each song.
    """

    separator: Factorization | None = None
    folder: Path | None = None

    def key(self, recording: Recording) -> str | None:
        """What a song's stems follow from, besides the song; None where it has none.

        Raises
        ------
        UsageError
            If the separator has no fingerprint, or a folder of stems cannot be used.
        """
        if self.separator is not None:
            return f"{self.separator.spec} {require_fingerprint(self.separator)}"
        own = self._own(recording)
        if not own.is_dir():
            return None
        stems = read_stem_folder(own).stems
        return " ".join(f"{name} {sha256_of(require_file(file))}" for name, files in stems.items() for file in files)

    def of(self, recording: Recording) -> Factorization:
        """The factorization of a song that has a key."""
        return self.separator or load_factorization(f"oracle:{self._own(recording)}")

    def _own(self, recording: Recording) -> Path:
        return (self.folder or Path()) / Path(recording.path).stem


def splitting_of(given: Any) -> Splitting | None:
    """What is given as stems; None: songs are not split.

    Raises
    ------
    UsageError
        If it is neither a separator nor a folder, or splits one song only.

    Examples
    --------
    >>> splitting_of("hpss").separator.spec
    'hpss'
    """
    if given is None:
        return None
    named = str(given).partition(":")[0].partition("?")[0]
    if isinstance(given, (str, os.PathLike)) and named not in names("factorization") and is_folder(str(given)):
        return Splitting(folder=Path(given))
    separator = load_factorization(os.fspath(given) if isinstance(given, os.PathLike) else given)
    if getattr(separator, "of_one_song", False):
        raise UsageError(
            "these are the stems of one song; name a separator of any, such as hpss, or a folder that holds a folder "
            "of stems for each song, named like the song's file"
        )
    return Splitting(separator)


def digest_of(what: str) -> str:
    """A short name for what a file was made by."""
    return sha256(what.encode()).hexdigest()[:12]
