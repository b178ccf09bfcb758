"""Where the sound of a song is, so that what was found can be played."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.files.names import is_file, meant
from audiolime_ext.recommendation.queries import Query


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
