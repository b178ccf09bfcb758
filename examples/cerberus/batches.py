"""Mixtures to train on, made anew at every step from rendered songs.

Half of them are passages of one song; the other half take each source from a song of its own, which belong together in
nothing: so the network cannot learn which chord the guitar should play from the piano. Sources get gains, smooth
filters and polarities of their own, and are sometimes silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from examples.cerberus.network import LOWEST_NOTE, N_NOTES, Config

KICK, SNARE = (35, 36), (37, 38, 39, 40)  # General MIDI percussion keys; all others count as cymbals and the like
_ONSET_S = 0.032  # a note's beginning is marked in the frames so near to it


@dataclass(frozen=True)
class Song:
    """A rendered song: `samples` (source, sample) int16, mapped from the disk, and `notes` (note, 4)."""

    samples: NDArray[np.int16]
    notes: NDArray[np.float32]

    @classmethod
    def open(cls, folder: Path) -> Song:
        """From its folder."""
        return cls(np.load(folder / "stems.npy", mmap_mode="r"), np.load(folder / "notes.npy"))


def songs(folder: Path) -> list[Song]:
    """All songs of a split, in the order of their names."""
    found = [Song.open(path.parent) for path in sorted(folder.glob("*/song.json"))]
    if not found:
        raise SystemExit(f"no songs in {folder}; render some with `python -m examples.cerberus.dataset`")
    return found


@dataclass(frozen=True)
class Batch:
    """Targets, shaped as in `network.Outputs`; `spectra` (batch, source, frame, bin, 2), the last of which is other."""

    spectra: Tensor
    notes: Tensor
    onsets: Tensor
    hits: Tensor

    @property
    def mixture(self) -> Tensor:
        """(batch, frame, bin, 2)."""
        return self.spectra.sum(dim=1)

    def to(self, device: str) -> Batch:
        """The same on another device."""
        return Batch(*(getattr(self, each.name).to(device) for each in fields(self)))


def spectra(samples: Tensor, config: Config) -> Tensor:
    """Spectrograms of signals (..., sample) as (..., frame, bin, 2); frame k is centred at sample k · hop_length."""
    window = torch.hann_window(config.n_fft, device=samples.device)
    flat = samples.reshape(-1, samples.shape[-1])
    out = torch.stft(flat, config.n_fft, config.hop_length, window=window, pad_mode="constant", return_complex=True)
    return torch.view_as_real(out.transpose(1, 2)).reshape(*samples.shape[:-1], out.shape[2], out.shape[1], 2)


class Mixer:
    """An endless stream of batches.

    Parameters
    ----------
    songs
        To draw from.
    config
        Of the network that they are for.
    n_batch, duration_s
        Mixtures per batch and their length.
    seed
        The same seed gives the same stream.
    augment
        False: passages of songs as they are.
    """

    def __init__(
        self, songs: Sequence[Song], config: Config, *, n_batch: int, duration_s: float, seed: int, augment: bool = True
    ) -> None:
        self.songs, self.config, self.n_batch, self.augment = songs, config, n_batch, augment
        self.n_samples = round(duration_s * config.sr)
        self.seed = seed

    def stream(self, first: int = 0) -> Iterator[Batch]:
        """Batches number `first`, `first` + 1, …"""
        while True:
            yield self.batch(first)
            first += 1

    def batch(self, number: int) -> Batch:
        """One batch; the same number gives the same batch."""
        rng = np.random.default_rng([self.seed, number])
        mixtures = [self._mixture(rng) for _ in range(self.n_batch)]
        samples = torch.from_numpy(np.stack([m[0] for m in mixtures]))
        found = spectra(samples, self.config)
        if self.augment:
            found = found * torch.from_numpy(self._filters(rng, found.shape[1])).float()[:, :, None, :, None]
        notes, onsets, hits = (torch.from_numpy(np.stack([m[i] for m in mixtures])) for i in (1, 2, 3))
        return Batch(found, notes, onsets, hits)

    def _mixture(self, rng: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
        n_sources = len(self.config.sources) + 1
        coherent = not self.augment or rng.random() < 0.5
        song, at = self._passage(rng)
        passages = [(song, at) if coherent else self._passage(rng) for _ in range(n_sources)]
        gains = np.ones(n_sources, np.float32)
        if self.augment:
            gains = (10 ** (rng.normal(0, 4, n_sources) / 20)).astype(np.float32) * rng.choice([-1, 1], n_sources)
            gains *= rng.random(n_sources) > 0.1
            if not coherent:
                gains[-1] *= rng.random() < 0.5
        samples = np.zeros((n_sources, self.n_samples), np.float32)
        roll = _Roll.empty(self.config, self.n_samples // self.config.hop_length + 1)
        for i, ((song, at), gain) in enumerate(zip(passages, gains, strict=True)):
            if gain:
                piece = song.samples[i, at : at + self.n_samples]
                samples[i, : len(piece)] = piece * (gain / 32768)
                roll.add(song.notes[song.notes[:, 0] == i], i, at / self.config.sr)
        return samples, roll.notes, roll.onsets, roll.hits

    def _passage(self, rng: np.random.Generator) -> tuple[Song, int]:
        song = self.songs[rng.integers(len(self.songs))]
        return song, int(rng.integers(max(1, song.samples.shape[1] - self.n_samples + 1)))

    def _filters(self, rng: np.random.Generator, n_sources: int) -> NDArray[np.float64]:
        """A smooth gain curve per mixture and source, (batch, source, bin): ±3 dB at a handful of frequencies."""
        n_bins, n_knots = self.config.n_fft // 2 + 1, 6
        knots = rng.normal(0, 3, (self.n_batch, n_sources, n_knots))
        place = np.log2(1 + np.arange(n_bins) / 4) / np.log2(1 + (n_bins - 1) / 4) * (n_knots - 1)
        low = np.minimum(place.astype(int), n_knots - 2)
        share = place - low
        return 10 ** ((knots[..., low] * (1 - share) + knots[..., low + 1] * share) / 20)


@dataclass(frozen=True)
class _Roll:
    """Targets of the transcription head for one mixture, filled in note by note."""

    config: Config
    notes: NDArray[np.float32]
    onsets: NDArray[np.float32]
    hits: NDArray[np.float32]

    @classmethod
    def empty(cls, config: Config, n_frames: int) -> _Roll:
        shape = (n_frames, len(config.pitched), N_NOTES)
        hits = np.zeros((n_frames, len(config.drums)), np.float32)
        return cls(config, np.zeros(shape, np.float32), np.zeros(shape, np.float32), hits)

    def add(self, notes: NDArray[np.float32], source: int, start_s: float) -> None:
        """Mark what of a source's notes lies in the frames."""
        rate, n_frames = self.config.sr / self.config.hop_length, len(self.notes)
        name = (*self.config.sources, "other")[source]
        for _, pitch, onset_s, offset_s in notes:
            begin, end = (onset_s - start_s) * rate, (offset_s - start_s) * rate
            if end <= 0 or begin >= n_frames:
                continue
            struck = slice(max(0, int(np.ceil(begin - 1))), max(0, int(begin + _ONSET_S * rate) + 1))
            if name == "drums":
                kind = 0 if pitch in KICK else 1 if pitch in SNARE else 2
                self.hits[struck, kind] = 1
            elif name in self.config.pitched and 0 <= int(pitch) - LOWEST_NOTE < N_NOTES:
                at = self.config.pitched.index(name), int(pitch) - LOWEST_NOTE
                self.notes[(slice(max(0, int(begin)), max(1, int(np.ceil(end)))), *at)] = 1
                self.onsets[(struck, *at)] = 1
