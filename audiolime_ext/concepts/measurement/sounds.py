"""Patches heard again: the sound of each as it was recorded, alone and in its window, and where it lies in a picture.

A store keeps what a model said of patches, and not their sound. So the recording is read again, split as it was, and
each patch is what the factorization gives, at the recording's own rate: what a person hears is not cut to what the
model hears. A song is split once, however many of its patches are asked for.

Kept true: *the sound is of the file that was measured*: one that was changed since, or whose parts have other names
now, makes no sound, and an error says why. What a store names as ``package.module:name`` is imported only if it is
trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, Samples, load_audio
from audiolime_ext.audio.spectrogram import frame_length, mel_filterbank, stft
from audiolime_ext.collection.engine.models import same_factorization, same_model
from audiolime_ext.collection.vectors import middle
from audiolime_ext.components.components import build
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.measurement.records import Entry, Identity
from audiolime_ext.errors import AudioError, AudiolimeError, UsageError
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.files.names import legible
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.registry import named_by

N_MELS = 64
COLUMNS_PER_S, FEWEST_COLUMNS, MOST_COLUMNS = 20, 120, 320
RANGE_DB = 80.0  # below the loudest pixel: no more is seen, so no more is outlined
MAJORITY = 0.5  # of a pixel's power
_FAINTEST = 1e-20

Labels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class HeardSong:
    """A song's excerpt and its patches, as they were recorded.

    Parameters
    ----------
    entry : Entry
        The song.
    start_s : float
        Start of the excerpt in seconds of the recording.
    sr : int
        Sampling rate in Hz.
    excerpt : ndarray of float32, shape (n_channels, n_samples)
        Waveform of the excerpt.
    parts : mapping of str to ndarray of float32, shape (n_patches, n_channels, n_samples)
        Spec of a factorization → its patches.
    hop_s, window_s : float
        Step from one window to the next and length of a window in seconds.
    """

    entry: Entry
    start_s: float
    sr: int
    excerpt: Samples = field(repr=False)
    parts: dict[str, Samples] = field(repr=False)
    hop_s: float
    window_s: float

    @property
    def duration_s(self) -> float:
        """Length of the excerpt in seconds."""
        return float(self.excerpt.shape[-1] / self.sr)

    def span(self, patch: Patch) -> tuple[float, float]:
        """Begin and end in seconds of the excerpt of the window that holds most of a patch."""
        begin = patch.window * self.hop_s
        return begin, min(begin + self.window_s, self.duration_s)

    def alone(self, patch: Patch) -> Samples:
        """A patch in its window, with nothing beside it."""
        return self._cut(self.parts[patch.split][patch.number], patch)

    def window(self, patch: Patch) -> Samples:
        """The window that holds most of a patch, with everything that sounds in it."""
        return self._cut(self.excerpt, patch)

    def _cut(self, samples: Samples, patch: Patch) -> Samples:
        begin, end = (round(at * self.sr) for at in self.span(patch))
        return samples[..., begin:end]

    @cached_property
    def mel_db(self) -> NDArray[np.float32]:
        """The excerpt's mel bands in dB, shape (n_columns, n_mels)."""
        return np.asarray(10 * np.log10(np.maximum(self._power(self.excerpt[None])[0], _FAINTEST)), np.float32)

    def labels(self, split: str) -> Labels:
        """Which patch of a factorization holds most of the power of each pixel of `mel_db`, plus 1; 0: none does.

        A pixel belongs to a patch with more than half of the power; what lies 80 dB below the loudest belongs to none.
        """
        power = self._power(self.parts[split])
        of_all = np.maximum(power.sum(axis=0), _FAINTEST)
        most = power.argmax(axis=0)
        holds = np.take_along_axis(power, most[None], axis=0)[0] > MAJORITY * of_all
        seen = self.mel_db > self.mel_db.max() - RANGE_DB
        return np.where(holds & seen, most + 1, 0).astype(np.uint8)

    def _power(self, signals: Samples) -> NDArray[np.float32]:
        """Power of signals (n, n_channels, n_samples) in mel bands, shape (n, n_columns, n_mels)."""
        n_fft, n_samples = frame_length(self.sr), signals.shape[-1]
        n_columns = int(np.clip(round(self.duration_s * COLUMNS_PER_S), FEWEST_COLUMNS, MOST_COLUMNS))
        centres = (np.arange(n_columns) + 0.5) * n_samples / n_columns
        mono = np.pad(signals.mean(axis=1), [(0, 0), (n_fft // 2, n_fft // 2)])
        frames = np.lib.stride_tricks.sliding_window_view(mono, n_fft, axis=-1)[:, centres.astype(int)]
        spectra = stft(frames.reshape(-1, n_fft), n_fft=n_fft, hop_length=n_fft)[:, 0]
        mel = np.square(np.abs(spectra)) @ mel_filterbank(self.sr, n_fft, N_MELS).T
        return np.asarray(mel.reshape(len(signals), n_columns, -1), np.float32)


@dataclass(frozen=True, eq=False)
class HearingAgain:
    """Reads songs of a store again and splits them as they were; `HearingAgain.of` makes one.

    Parameters
    ----------
    model : Model
        Model whose windows patches lie in; it is not asked.
    splits : mapping of str to Factorization
        Spec → factorization.
    duration_s : float
        Length of the store's excerpts in seconds.
    """

    model: Model
    splits: dict[str, Factorization]
    duration_s: float

    @classmethod
    def of(cls, identity: Identity, model: Model | None = None, *, trust: bool = False) -> HearingAgain:
        """From the identity of a store.

        Parameters
        ----------
        identity : Identity
            Identity of the store.
        model : Model or None
            Model, where it has no spec by which it could be built; None: it is built.
        trust : bool
            True to import the modules that the store names.

        Raises
        ------
        UsageError
            If the model or a factorization cannot be built from what the store names, or is another.
        """
        if model is not None and model.fingerprint != identity.fingerprint:
            raise UsageError(
                f"the store was measured with another model: fingerprint {identity.fingerprint!r}, and not "
                f"{model.fingerprint!r}; give that one"
            )
        with named_by(None if trust else "the store"):
            if model is None:
                model = same_model(identity.model, identity.fingerprint, sr=identity.sr)
            given = zip(identity.splits, identity.split_fingerprints, strict=True)
            splits = {spec: same_factorization(spec, fingerprint) for spec, fingerprint in given}
        return cls(model, splits, identity.duration_s)

    def song(self, entry: Entry, patches: Sequence[Patch]) -> HeardSong:
        """A song's excerpt and all of its patches.

        Parameters
        ----------
        entry : Entry
            The song.
        patches : sequence of Patch
            Patches that were measured of it.

        Raises
        ------
        AudioError
            If the file is gone, cannot be read, was changed since it was measured, or falls into other parts now.
        """
        audio = load_audio(entry.path)
        if audio.sha256 != entry.sha256:
            raise AudioError(f"{legible(entry.path)} is no longer the file that was measured")
        start_s, duration_s = span_of(entry, audio, self.duration_s)
        grid = Grid.of(self.model, audio.sr, audio.n_samples)
        parts: dict[str, Samples] = {}
        excerpt: Samples | None = None
        for spec, split in self.splits.items():
            made = build(audio, split, grid, start_s=start_s, duration_s=duration_s)
            known = {patch.number: patch.name for patch in patches if patch.split == spec}
            if known != {n: name for n, name in enumerate(made.sources) if n in known}:
                raise AudioError(f"{legible(entry.path)} falls into other parts of {spec} than when it was measured")
            parts[spec] = made.recorded[: len(made.sources)]
            excerpt = made.recorded.sum(axis=0) if excerpt is None else excerpt
        assert excerpt is not None  # a store has one factorization or more
        window_s = duration_s if grid.window is None or grid.fill else grid.window / grid.sr
        hop_s = duration_s if grid.hop is None else grid.hop / grid.sr
        return HeardSong(entry, start_s, audio.sr, excerpt, parts, hop_s, window_s)

    def heard(self, entry: Entry, patches: Sequence[Patch]) -> HeardSong | str:
        """The same, or why it cannot be heard."""
        try:
            return self.song(entry, patches)
        except AudiolimeError as error:
            return legible(str(error))


def span_of(entry: Entry, audio: Audio, duration_s: float) -> tuple[float, float]:
    """Start and length in seconds of a song's excerpt; `duration_s` of its middle, unless the entry says another."""
    if entry.start_s is None and entry.duration_s is None:
        return middle(audio.duration_s, duration_s)
    start_s = entry.start_s or 0.0
    return start_s, min(entry.duration_s or duration_s, audio.duration_s - start_s)
