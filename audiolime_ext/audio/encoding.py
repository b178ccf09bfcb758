"""Samples as the bytes of an audio file, and back, by libsndfile.

Here are the files that we write ourselves; `decoding` reads those of others. They are made in memory, and Ctrl-C cuts
none short: see `callbacks`.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.callbacks import undisturbed
from audiolime_ext.audio.formats.riff import undated

Samples = NDArray[np.float32]


def encode(samples: Samples, sr: int, container: str, subtype: str, *, part: int | None = None, **how: Any) -> bytes:
    """Samples as an audio file in a format of soundfile's: the same samples, the same bytes.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_channels, n_samples)
        Samples; full scale is 1.
    sr : int
        Sampling rate in Hz.
    container, subtype : str
        Names of soundfile's: "WAV" and "FLOAT", "FLAC" and "PCM_24", "MP3" and "MPEG_LAYER_III", "OGG" and "VORBIS".
    part : int or None
        Number of samples to hand over at a time (libsndfile cannot write a long block of Vorbis); None: all.
    **how : str, int or float
        Other arguments of ``soundfile.SoundFile``: ``compression_level``, ``bitrate_mode``.

    Examples
    --------
    >>> silence = np.zeros((1, 800), np.float32)
    >>> decode(encode(silence, 8000, "FLAC", "PCM_16"))[0].shape
    (1, 800)
    """
    import soundfile

    buffer, n = io.BytesIO(), max(samples.shape[1], 1)
    with undisturbed(), soundfile.SoundFile(buffer, "w", sr, len(samples), subtype, format=container, **how) as file:
        for first in range(0, n, part or n):
            file.write(samples[:, first : first + (part or n)].T)
    return undated(buffer.getvalue()) if container == "WAV" else buffer.getvalue()


def decode(content: bytes) -> tuple[Samples, int]:
    """Samples of a file that `encode` made, shape (n_channels, n_samples), and their rate in Hz.

    Raises
    ------
    RuntimeError
        If libsndfile cannot read it.
    """
    import soundfile

    with undisturbed():
        samples, sr = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    return np.ascontiguousarray(samples.T), int(sr)
