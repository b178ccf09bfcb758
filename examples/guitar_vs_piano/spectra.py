"""What the classifier hears: five log-mel windows of two seconds of every recording that an experiment needs.

Computed once for all songs of a pool, by the front end that the saved model declares, and kept as
``spectra/POOL-LABEL-TRACKS.npy``, shape (n_songs, 5, n_frames, n_mels), float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.prediction.front_end import LogMel
from examples.guitar_vs_piano.confounders import Confounder, Recording
from examples.guitar_vs_piano.recordings import mixture, stems
from examples.guitar_vs_piano.songs import SR, WINDOW_S

FRONT_END = "log-mel:1024,512,64"


def spectra(folder: Path, songs: Sequence[Path], label: str, tracks: Sequence[str]) -> NDArray[np.float32]:
    """Windows of all songs in one version, from `folder` if they are there."""
    path = folder / f"{songs[0].parent.name}-{label}-{'+'.join(tracks).replace(':', '_')}.npy"
    if not path.exists():
        front_end = LogMel.parse(FRONT_END, sr=SR)
        mixtures = (mixture(stems(song, label, tracks)) for song in songs)
        windows = np.stack([front_end(mix.reshape(-1, WINDOW_S * SR)) for mix in mixtures])
        folder.mkdir(parents=True, exist_ok=True)
        with (temporary := path.with_suffix(".part")).open("wb") as file:
            np.save(file, windows)
        temporary.replace(path)
    found: NDArray[np.float32] = np.load(path, mmap_mode="r")
    return found


def gathered(
    folder: Path, songs: Sequence[Path], confounder: Confounder, recordings: Sequence[Recording]
) -> NDArray[np.float32]:
    """The windows of recordings of a pool's songs, shape (n_recordings, 5, n_frames, n_mels)."""
    tracks = {True: confounder.present, False: confounder.absent}
    return np.stack([spectra(folder, songs, r.label, tracks[r.present])[r.song] for r in recordings])


def louder(windows: NDArray[np.float32], gain_db: NDArray[np.float32]) -> NDArray[np.float32]:
    """What they were at another level: spectra log10(1 + 10000·S) of g²·S. Gains broadcast against windows."""
    power = np.float32(10) ** windows - 1
    return np.log10(1 + power * np.float32(10) ** (gain_db / 10))
