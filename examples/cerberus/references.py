"""Songs whose stems are known, and what could at best be made of their mixtures.

Bounds stand beside every separator. The mixture itself is the lower one: it gains 0 dB. The upper ones are masks that
know the truth, at the rate and the resolution of the network's spectrogram:

- the *ideal ratio mask*, the source's share of the sum of all magnitudes: what a perfect softmax would say;
- the *phase-sensitive mask*, cut to [0, 1]: in every bin the real gain that comes nearest to the source.

What a network with real masks gains beyond the second would be an error of the evaluation.

References
----------
H. Erdogan, J. R. Hershey, S. Watanabe, J. Le Roux: Phase-sensitive and recognition-boosted speech separation using deep
recurrent neural networks, ICASSP 2015.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import spectrogram
from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import resample_span
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.factorization.stems import RESIDUAL
from factorizations.oracle import OracleFactorization

SOURCES = ("piano", "guitar", "bass", "drums", "other")
PITCHED = ("piano", "guitar", "bass")
SPLITS = ("human", "mma", "unseen")
SR, N_FFT, HOP_LENGTH = 16000, 1536, 512  # of the network
_BEFORE = N_FFT // 2 + HOP_LENGTH  # samples in front of the first, so that frames are centred at multiples of the hop
_CALLED = {"percussive": "drums"}  # stems that hold a source under another name
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Song:
    """A mixture and the sources it was mixed from.

    Parameters
    ----------
    stems
        Source → samples (n_channels, n_samples), float32; sources that are not there are silent.
    notes
        (n_notes, 4): the source's index, MIDI pitch or percussion key, onset and offset in seconds; None if unknown.
    """

    name: str
    mixture: Audio
    stems: dict[str, Samples] = field(repr=False)
    notes: NDArray[np.float32] | None = field(default=None, repr=False)

    @classmethod
    def rendered(cls, folder: Path) -> Song:
        """As `dataset` rendered it."""
        samples = np.load(folder / "stems.npy").astype(np.float32) / np.float32(32768)
        mixture = Audio(samples.sum(axis=0, keepdims=True), SR, folder.name)
        stems = {source: stem[None] for source, stem in zip(SOURCES, samples, strict=True)}
        return cls(folder.name, mixture, stems, np.load(folder / "notes.npy"))

    @classmethod
    def recorded(cls, folder: Path) -> Song:
        """From a folder of audio files; what has no source's name counts as `other`."""
        oracle = OracleFactorization.from_folder(folder)
        found = oracle.factorize(oracle.mixture)
        stems = {source: np.zeros_like(found.samples[0]) for source in SOURCES}
        for name, samples in zip(found.names, found.samples, strict=True):
            stems[name.lower() if name.lower() in SOURCES else "other"] += samples
        mixture = Audio(oracle.mixture.samples, oracle.mixture.sr, folder.name)
        return cls(folder.name, mixture, stems)


def split_folders(data: Path, splits: Sequence[str] = ()) -> dict[str, list[Path]]:
    """The songs' folders of each split asked for; by default of those of `SPLITS` that are there.

    Raises
    ------
    UsageError
        If there is no such folder or split, or no song in it; the message says what makes them.
    """
    command = f"python -m examples.cerberus.dataset {data}"
    if not data.is_dir():
        raise UsageError(f"no folder {data}; name the one that holds the splits, or make it: {command}")
    there = sorted(path.name for path in data.iterdir() if path.is_dir() and not path.name.startswith("."))
    for split in splits:
        if split not in there and split not in SPLITS:
            raise unknown("split", split, there or SPLITS)
    chosen = splits or [split for split in SPLITS if split in there]
    if not chosen:
        raise UsageError(f"{data} holds none of the splits {', '.join(SPLITS)}; make them: {command}")
    found = {split: [path.parent for path in sorted((data / split).glob("[!.]*/song.json"))] for split in chosen}
    if empty := [split for split, songs in found.items() if not songs]:
        raise UsageError(f"no songs in {data / empty[0]}; make some: {command} --split {empty[0]}")
    return found


def matches(stems: Sequence[str]) -> dict[str, str]:
    """Source → the stem that is meant to hold it.

    The residual is `other` only where each of the four sources has a stem of its own: else it holds those, too. So does
    the stem that some separators call "other".
    """
    found = {_CALLED.get(stem, stem): stem for stem in stems if _CALLED.get(stem, stem) in SOURCES[:-1]}
    if len(found) == len(SOURCES) - 1 and RESIDUAL in stems:
        found["other"] = RESIDUAL
    return found


def ideal_ratio(song: Song) -> dict[str, Samples]:
    """Estimates of all sources by the ideal ratio mask."""
    spectra = _spectra(song)
    magnitudes = np.abs(spectra)
    return _cut_out(song, spectra.sum(axis=0), magnitudes / (magnitudes.sum(axis=0) + _TINY))


def phase_sensitive(song: Song) -> dict[str, Samples]:
    """Estimates of all sources by the phase-sensitive mask."""
    spectra = _spectra(song)
    mixture = spectra.sum(axis=0)
    masks = (spectra * mixture.conj()).real / (np.square(np.abs(mixture)) + _TINY)
    return _cut_out(song, mixture, masks.clip(0, 1))


BOUNDS: dict[str, Callable[[Song], dict[str, Samples]]] = {
    "mixture": lambda song: dict.fromkeys(SOURCES, song.mixture.samples),
    "ideal ratio mask": ideal_ratio,
    "phase-sensitive mask": phase_sensitive,
}


def _spectra(song: Song) -> NDArray[np.complex64]:
    """(n_sources, n_channels, n_frames, n_bins), in the network's frames."""
    stems = np.stack([song.stems[source] for source in SOURCES])
    n_samples = -(-song.mixture.n_samples * SR // song.mixture.sr)
    samples = resample_span(stems, song.mixture.sr, SR, -_BEFORE, n_samples + 2 * N_FFT)
    return spectrogram.stft(samples, n_fft=N_FFT, hop_length=HOP_LENGTH)


def _cut_out(song: Song, mixture: NDArray[np.complex64], masks: NDArray[np.float32]) -> dict[str, Samples]:
    estimates = spectrogram.istft((masks * mixture).astype(np.complex64), hop_length=HOP_LENGTH)
    sr, n_samples = song.mixture.sr, song.mixture.n_samples
    own_rate = resample_span(estimates, SR, sr, 0, n_samples, offset=-_BEFORE)
    return dict(zip(SOURCES, own_rate, strict=True))
