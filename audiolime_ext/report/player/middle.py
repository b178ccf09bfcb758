"""The middle of a song, as pages play it; or why it cannot be played.

A file is played only where it holds the bytes that were indexed: what is heard is what the vectors are of.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import AudiolimeError
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import sha256_of
from audiolime_ext.recommendation.sounds import file_of, why_no_file
from audiolime_ext.report.templating import clock


def middle_of_song(folder: Path, song: Song, seconds: float) -> Audio | str:
    """The middle of a song of an index that lies in `folder`, as `middle_of` has it.

    Parameters
    ----------
    folder : Path
        Folder of the index.
    song : Song
        Song of it.
    seconds : float
        Length of the excerpt in seconds; a shorter song is played whole.

    Examples
    --------
    >>> middle_of_song(Path("."), Song("9f2c", "gone.ogg"), 5.0)
    'its file is gone'
    """
    path = file_of(folder, song)
    if path is None:
        return why_no_file(song)
    try:
        if sha256_of(path) != song.key:
            return "its file was changed since it was indexed"
    except OSError as error:
        return f"it cannot be played: {legible(str(error))}"
    return middle_of(path, seconds)


def middle_of(sound: Any, seconds: float) -> Audio | str:
    """The middle of a recording in mono, named by its seconds; or why there is none.

    Parameters
    ----------
    sound : path, (ndarray, int), Audio, … or None
        Recording, as anything that `load_audio` reads; None: there is none.
    seconds : float
        Length of the excerpt in seconds; a shorter recording is played whole.

    Examples
    --------
    >>> cut = middle_of((np.ones((2, 8000), np.float32) / 2, 1000), 5.0)
    >>> cut.name, cut.samples.shape
    ('0:01.5–0:06.5', (1, 5000))
    """
    if sound is None:
        return "there is no sound of it"
    try:
        audio = load_audio(sound)
    except AudiolimeError as error:
        return f"it cannot be played: {legible(str(error))}"
    length_s = min(seconds, audio.duration_s)
    start_s = (audio.duration_s - length_s) / 2
    cut = audio.excerpt(start_s, length_s)
    if not np.any(cut.samples):
        return "its middle is silent"
    return Audio(cut.samples.mean(axis=0, keepdims=True), cut.sr, f"{clock(start_s)}–{clock(start_s + length_s)}")
