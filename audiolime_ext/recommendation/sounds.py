"""Where the sound of a song is, so that what was found can be played."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.files.names import is_file, legible, meant
from audiolime_ext.recommendation.queries import Query

_FILE = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")  # how the name of a file ends


def sound_of(index: Index, given: Any, query: Query) -> Any:
    """What `load_audio` reads as the sound of a query; None where there is no sound of it.

    Parameters
    ----------
    index : Index
        Songs among which a name is looked up.
    given : path, name, Song, Query, Audio, (ndarray, int) or ndarray
        Query as it was given.
    query : Query
        Query as it was understood.

    Examples
    --------
    >>> songs = (Song("9f2c", "a.ogg", title="Air"),)
    >>> index = Index(Path("/gone"), "", "", None, songs, np.eye(1, dtype=np.float32))
    >>> print(sound_of(index, "Air", Query("Air", np.ones(1), 0, songs[0])))
    None
    """
    if isinstance(given, (str, os.PathLike)) and is_file(path := meant(Path(given))):
        return path
    if not isinstance(given, (str, os.PathLike, Song, Query, np.ndarray)):
        return given
    return None if query.song is None else file_of(index.folder, query.song)


def file_of(folder: Path, song: Song) -> Path | None:
    """The file of a song of an index that lies in `folder`; None where it is gone, or the catalogue names none."""
    paths = (folder / path for path in (song.path, *song.also) if path is not None)
    return next((path for path in paths if is_file(path)), None)


def why_no_file(song: Song) -> str:
    """Why a song of an index has no file that `file_of` finds.

    A catalogue whose songs have no keys of their own has their paths for that.

    Examples
    --------
    >>> why_no_file(Song("9f2c", "a.ogg")), why_no_file(Song("a.ogg")), why_no_file(Song("TR42"))
    ('its file is gone', 'its file a.ogg is not there', 'no file of it is known')
    """
    if song.path is not None:
        return "its file is gone"
    return f"its file {legible(song.key)} is not there" if _FILE.search(song.key) else "no file of it is known"
