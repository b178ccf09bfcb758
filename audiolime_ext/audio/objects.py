"""Audio as other packages hand it over: what is in their objects, as something that `load_audio` reads.

- *Hugging Face datasets*: the dictionary ``{"array", "sampling_rate", "path"}`` of a decoded column (datasets 3 and
  older), a decoder of torchcodec (datasets 4), or ``{"bytes", "path"}`` of one that is not decoded; see
  ``datasets.Audio``. Arrays are (n_samples,) or (n_channels, n_samples).
- *mirdata*: a ``Track`` has an ``audio_path``.
- *musdb*: a ``MultiTrack`` has ``audio``, (n_samples, n_channels), and ``rate``.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from audiolime_ext.errors import AudioError
from audiolime_ext.files.names import legible

Readable = tuple[Any, str | None]  # a path, a binary file or (array, sr); and its name, where it has one


def opened(source: Any) -> Readable | None:
    """The audio that another package's object holds; None where the object is of none of these packages.

    Raises
    ------
    AudioError
        If it is of one of them, and holds no audio.

    Examples
    --------
    >>> opened({"array": [0.0, 0.5], "sampling_rate": 8000, "path": "a/song.wav"})
    ((array([0. , 0.5]), 8000), 'song')
    >>> opened(3) is None
    True
    """
    if isinstance(source, Mapping):
        return _of_column(source)
    if hasattr(source, "get_all_samples"):
        found = source.get_all_samples()
        return (np.asarray(found.data), found.sample_rate), None
    if hasattr(source, "audio_path"):
        name = getattr(source, "track_id", None)
        if not source.audio_path:
            raise AudioError(f"track {name or '?'} has no audio_path: its data set comes without audio; get the files")
        return source.audio_path, None if name is None else str(name)
    if hasattr(source, "audio") and hasattr(source, "rate"):
        return (np.asarray(source.audio).T, source.rate), str(source.name)
    return None


def _of_column(source: Mapping[str, Any]) -> Readable:
    path = source.get("path")
    name = legible(Path(path).stem) if path else None
    if {"array", "sampling_rate"} <= set(source):
        return (np.asarray(source["array"]), source["sampling_rate"]), name
    if source.get("bytes"):
        return io.BytesIO(source["bytes"]), name
    if path:
        return path, name
    raise AudioError(
        "a dictionary of audio holds array and sampling_rate, or bytes, or path; this one holds "
        + (", ".join(map(str, source)) or "nothing")
    )
