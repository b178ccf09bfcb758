"""From recordings to pictures: 30 s at 44.1 kHz, log-mel spectra of 128 bands, and of these the grey pictures.

Spectra are the front end ``log-mel:1024,512,128`` (`audiolime_ext.prediction.front_end`): log10(1 + 10000 · power), so
that silence is 0 whatever else sounds. (The founding recipe makes decibels relative to the loudest pixel of each
picture; there the same sound is darker beside a louder one, and a patch of it alone is another picture.)

Pictures of a table of songs are made once and kept in one file, so that training does not decode music again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.audio.resampling import resample_span, resampled_length
from audiolime_ext.files.fresh import fresh_file
from audiolime_ext.prediction.front_end import LogMel
from examples.genre_classifier.network import pictures
from examples.genre_classifier.tables import Song

SR, WINDOW_S = 44100, 30.0
FRONT_END = LogMel(SR, 1024, 512, 128)
N_WINDOWS = 4  # of a song, at most

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures (n, size, size) by time and frequency, and the number of the song of each."""

    values: Floats
    songs: NDArray[np.intp]

    def of(self, songs: Sequence[int]) -> Pictures:
        """Those of some songs, which are numbered in the order given."""
        order = {song: number for number, song in enumerate(songs)}
        kept = [i for i, song in enumerate(self.songs.tolist()) if song in order]
        return Pictures(self.values[kept], np.array([order[int(self.songs[i])] for i in kept], np.intp))


def windows(audio: Audio, n_windows: int = N_WINDOWS) -> Floats:
    """Windows of a recording, mono, (n, n_samples): evenly spread, none over another; a shorter one ends in silence."""
    n_samples = resampled_length(audio.n_samples, audio.sr, SR)
    mono = resample_span(audio.samples.mean(axis=0, keepdims=True), audio.sr, SR, 0, n_samples)[0]
    length = round(WINDOW_S * SR)
    mono = np.pad(mono, (0, max(0, length - len(mono))))
    n_windows = max(1, min(n_windows, len(mono) // length))
    slack = len(mono) - n_windows * length
    starts = [round(slack * (i + 1) / (n_windows + 1)) + i * length for i in range(n_windows)]
    return np.stack([mono[start : start + length] for start in starts]).astype(np.float32)


def drawn_of(signals: Floats, size: int) -> Floats:
    """The picture of each signal, shape (n, size, size)."""
    made = [pictures(torch.from_numpy(FRONT_END(signal[None])), size)[0].numpy() for signal in signals]
    return np.stack(made).astype(np.float32)


def kept_pictures(songs: Sequence[Song], kept: Path, size: int, *, n_windows: int = N_WINDOWS) -> Pictures:
    """The pictures of all songs; those that the file `kept` has are read, and what is missing is added."""
    found: dict[str, Floats] = {}
    if kept.exists():
        with np.load(kept, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    missing = [song for song in songs if song.name not in found]
    for number, song in enumerate(tqdm(missing, desc="pictures", unit="song", disable=None, leave=False), 1):
        found[song.name] = drawn_of(windows(load_audio(song.path), n_windows), size).astype(np.float16)
        if number % 100 == 0 or number == len(missing):
            with fresh_file(kept) as temporary, temporary.open("wb") as file:
                np.savez(file, **found)
    values = [found[song.name].astype(np.float32) for song in songs]
    return Pictures(np.concatenate(values), np.repeat(np.arange(len(songs)), [len(one) for one in values]))
