"""A patch in another song's place: is it the sound that a classifier knows, or where it lies?

Two questions about every patch, each asked in a window of a song of another class, the *partner*:

- *elsewhere*: the patch's mask is put on the partner's audio, and what it lets through is heard alone. The mask is the
  share of power that the patch has in its own window, |patch|² / |window|², cell by cell of a spectrum and from 0 to 1,
  so that it works for parts of any kind. The partner's sound is as loud as it is there. Where a concept's patches
  still are what they were, although other music sounds in them, it is a place and no sound.
- *added*: the patch's own sound, at its own level, is added to the partner's window. By how much does each class rise?
  Sums are float32 and the model hears them unclipped; how many pass full scale is counted.

The partner's window is that of the patch's own number, counted around among those of its windows that sound.

Invariant: *a mask lets through no more than the partner's sound*, cell by cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import spectrogram
from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.concepts.measurement.patches import Patches
from audiolime_ext.errors import AudioError
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.grid import Grid

Floats32 = NDArray[np.float32]

_OVERLAP = 4  # frames that hold a sample
_NOTHING = 1e-10  # power of a cell as a share of the loudest of the window, below which nothing sounds there
_SILENT = 1e-6  # energy of a window as a share of the loudest, −60 dB


@dataclass(frozen=True, eq=False)
class There:
    """The signals of an excerpt's patches in another song's place.

    Parameters
    ----------
    under, beside : ndarray of float32, shape (n_patches, n_channels, n_samples)
        Sound of the other song under each patch's mask, and window of it with each patch added.
    windows : ndarray of float32, shape (n_windows, n_channels, n_samples)
        Windows of the other song that sound.
    window : tuple of int, length n_patches
        Number of the window that each patch was put into.
    """

    under: Samples = field(repr=False)
    beside: Samples = field(repr=False)
    windows: Samples = field(repr=False)
    window: tuple[int, ...] = field(repr=False)

    @property
    def n_beyond(self) -> int:
        """Number of windows that pass full scale with a patch, and do not without it."""
        peaks = np.abs(self.windows).max(axis=(1, 2))[list(self.window)]
        return int(((np.abs(self.beside).max(axis=(1, 2)) > 1) & (peaks <= 1)).sum())


def there(patches: Patches, other: Samples) -> There:
    """Put an excerpt's patches into the windows of another song.

    Parameters
    ----------
    patches : Patches
        Patches of the excerpt.
    other : ndarray of float32, shape (n_windows, n_channels, n_samples)
        Windows of the other song, as long as those of the excerpt, see `windows_of`.

    Examples
    --------
    >>> from audiolime_ext import tagger
    >>> from audiolime_ext.concepts.measurement.patches import patches_of
    >>> from factorizations.bands import BandsFactorization
    >>> noise = np.random.default_rng(0).normal(0, 0.1, (1, 8000)).astype(np.float32)
    >>> low, high = (np.sin(2 * np.pi * hz * np.arange(8000) / 8000).astype(np.float32) for hz in (500, 3000))
    >>> model = tagger(lambda batch: batch.mean(axis=1, keepdims=True), sr=8000, window_s=1.0)
    >>> halves = patches_of(Audio(noise, 8000), model, [BandsFactorization(2)], start_s=0.0, duration_s=1.0)
    >>> found = there(halves, (low + high)[None, None])
    >>> under = found.under[:, 0, 500:-500]
    >>> [bool(np.allclose(under[i], tone[500:-500], atol=0.02)) for i, tone in enumerate([low, high])]
    [True, True]
    """
    at = tuple(patch.window % len(other) for patch in patches.of)
    under = [heard_through(share, other[window], patches.sr) for share, window in zip(shares(patches), at, strict=True)]
    return There(np.stack(under), other[list(at)] + patches.alone, other, at)


def shares(patches: Patches) -> Iterator[Floats32]:
    """Each patch's mask: its share of the power of its window, shape (n_frames, n_bins), 0 to 1.

    Where nothing sounds in the window, the share is 0.
    """
    in_windows = powers(patches)
    for patch, alone in zip(patches.of, patches.alone, strict=True):
        whole = in_windows[patch.window]
        sounds = whole > _NOTHING * whole.max()
        own = _power(_spectrum(alone, patches.sr))
        yield np.minimum(np.divide(own, whole, out=np.zeros_like(whole), where=sounds), 1)


def powers(patches: Patches) -> list[Floats32]:
    """Power of each cell of each window, (n_frames, n_bins)."""
    return [_power(_spectrum(window, patches.sr)) for window in patches.windows]


def heard_through(share: Floats32, window: Samples, sr: int) -> Samples:
    """What a mask (n_frames, n_bins), as `shares` gives it, lets through of a window (n_channels, n_samples)."""
    return _signal(share * _spectrum(window, sr), window.shape[-1])


def left(patches: Patches, changed: Samples) -> Floats32:
    """How much of each patch's energy is left where its windows were changed, shape (n_patches, n_draws).

    Parameters
    ----------
    patches : Patches
        Patches.
    changed : ndarray of float32, shape (n_draws, n_windows, n_channels, n_samples)
        Windows that were changed, such as by an augmentation.

    Returns
    -------
    Energy of the changed window under the patch's mask, as a share of that of the window as it was; 1 where the patch
    is silent, as there is nothing to lose.
    """
    before = powers(patches)
    after = [[_power(_spectrum(window, patches.sr)) for window in windows] for windows in changed]
    found = np.ones((len(patches.of), len(changed)), np.float32)
    for number, (patch, share) in enumerate(zip(patches.of, shares(patches), strict=True)):
        weight = np.square(share)
        held = float((weight * before[patch.window]).sum())
        if held > 0 and not patch.silent:
            found[number] = [float((weight * draw[patch.window]).sum()) / held for draw in after]
    return found


def windows_of(audio: Audio, model: Model, *, sr: int, start_s: float, duration_s: float) -> Samples:
    """The windows of an excerpt that sound, as a model hears them beside a recording of another rate.

    Parameters
    ----------
    audio : Audio
        Recording.
    model : Model
        Model that hears it.
    sr : int
        Rate in Hz of the recording beside it, at which a model without a rate of its own listens.
    start_s, duration_s : float
        Start and length of the excerpt in seconds.

    Returns
    -------
    Shape (n_windows, n_channels, n_samples), lead included; those 60 dB below the loudest are left out.

    Raises
    ------
    AudioError
        If the excerpt does not lie within the recording, is silent, or is shorter than a window.
    """
    audio.span(start_s, duration_s)
    grid = Grid.of(model, sr, round(audio.n_samples * sr / audio.sr))
    first, end = round(start_s * grid.sr), round((start_s + duration_s) * grid.sr)
    grid.require(end - first, f"the excerpt of {audio.name!r}")
    windows = grid.cut(grid.listen(audio.samples[None], audio.sr, first, end))[0]
    energy = np.square(windows, dtype=np.float64).sum(axis=(1, 2))
    if not energy.any():
        raise AudioError(f"the excerpt of {audio.name!r} is silent, so nothing can be put into it")
    return np.asarray(windows[energy >= _SILENT * energy.max()])


def fitted(windows: Samples, n_samples: int) -> Samples:
    """Windows cut to a length in samples.

    Raises
    ------
    AudioError
        If they are shorter.
    """
    if windows.shape[-1] < n_samples:
        raise AudioError("its excerpt is shorter than that of the song whose patches are put into it")
    return windows[..., :n_samples]


def _spectrum(window: Samples, sr: int) -> spectrogram.Spectrum:
    """All frames that hold any of a window (n_channels, n_samples), between zeros."""
    n_fft = spectrogram.frame_length(sr)
    hop = n_fft // _OVERLAP
    padded = np.pad(window, [(0, 0), (n_fft - hop, n_fft - hop + -window.shape[-1] % hop)])
    return spectrogram.stft(padded, n_fft=n_fft, hop_length=hop)


def _signal(spectrum: spectrogram.Spectrum, n_samples: int) -> Samples:
    """The reverse of `_spectrum`."""
    n_fft = 2 * (spectrum.shape[-1] - 1)
    hop = n_fft // _OVERLAP
    return spectrogram.istft(spectrum, hop_length=hop)[:, n_fft - hop :][:, :n_samples]


def _power(spectrum: spectrogram.Spectrum) -> Floats32:
    """Power of the channels together, shape (n_frames, n_bins)."""
    return np.asarray((np.square(spectrum.real) + np.square(spectrum.imag)).sum(axis=0))
