"""A song in patches: the parts into which factorizations split an excerpt, each a sound of its own.

Any factorization will do: `slic` regions of several sizes, bands, stems. A patch is what a person can hear, at the
recording's own rate; what the model hears of it is the same sound alone, *on silence*, in the one window of the excerpt
that holds most of its energy. Beside it stands that window without it. So every patch costs two answers, however long
the excerpt is.

Invariant: *a patch and its window without it add up to the window*.

A part of silence is a patch, too: the black bar of a mask is something that a network may have learnt. It is called
`silent` below −60 dB of the excerpt. Residuals that are on in every mix are none (see
`audiolime_ext.components.components`). Where a patch lies is told by its sound: between 5 % and 95 % of its energy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.components.components import BACKGROUND_DB, build
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.grid import Grid


@dataclass(frozen=True)
class Patch:
    """A part of an excerpt.

    Parameters
    ----------
    split : str
        Spec of the factorization that it is of.
    number : int
        Position among its stems.
    name : str
        Name of the stem.
    window : int
        Number of the window that holds most of it.
    share : float
        Share of the excerpt's energy, as the model hears it; more than 1 where stems cancel each other.
    held : float
        Share of the patch's own energy that lies in its window, 0 to 1.
    place : (float, float, float, float) or None
        Begin and end in seconds of its window, and lowest and highest frequency in Hz; None: it is silent.
    """

    split: str
    number: int
    name: str
    window: int
    share: float
    held: float
    place: tuple[float, float, float, float] | None = None

    @property
    def silent(self) -> bool:
        """Whether next to nothing is heard of it."""
        return self.place is None


@dataclass(frozen=True, eq=False)
class Patches:
    """The patches of an excerpt, and what the model hears of them.

    Parameters
    ----------
    of : tuple of Patch
        Patches.
    alone, without : ndarray of float32, shape (n_patches, n_channels, n_samples)
        Signals of a window, lead included, at the model's rate: the patch on silence, and the window without it.
    windows : ndarray of float32, shape (n_windows, n_channels, n_samples)
        Signals of all windows of the excerpt.
    starts_s : tuple of float
        Starts of the windows in seconds of the recording.
    sr, lead : int
        Rate in Hz at which the model listens, and the samples before each window.
    notes : tuple of str
        Sentences on what else to know.
    """

    of: tuple[Patch, ...]
    alone: Samples = field(repr=False)
    without: Samples = field(repr=False)
    windows: Samples = field(repr=False)
    starts_s: tuple[float, ...]
    sr: int
    lead: int
    notes: tuple[str, ...] = ()


def patches_of(
    audio: Audio, model: Model, splits: Sequence[Factorization], *, start_s: float, duration_s: float
) -> Patches:
    """The patches of an excerpt.

    Parameters
    ----------
    audio : Audio
        Recording.
    model : Model
        Model that hears them.
    splits : sequence of Factorization
        Factorizations; their patches stand one after another.
    start_s, duration_s : float
        Start and length of the excerpt in seconds.

    Raises
    ------
    AudioError
        If the excerpt does not lie within the recording, is silent, or is shorter than a window.

    Examples
    --------
    >>> from audiolime_ext import tagger
    >>> from factorizations.bands import BandsFactorization
    >>> t = np.arange(24000) / 8000
    >>> song = np.where(t < 1, np.sin(2 * np.pi * 300 * t), np.sin(2 * np.pi * 3000 * t)).astype(np.float32)
    >>> model = tagger(lambda batch: np.abs(batch).max(axis=1, keepdims=True), sr=8000, window_s=1.0)
    >>> found = patches_of(Audio(song[None], 8000), model, [BandsFactorization(2)], start_s=0.0, duration_s=3.0)
    >>> [(one.name, one.window, round(one.share, 2)) for one in found.of]
    [('0–2000 Hz', 0, 0.33), ('2000–4000 Hz', 1, 0.67)]
    """
    grid = Grid.of(model, audio.sr, audio.n_samples)
    grid.require(round(duration_s * grid.sr), f"the excerpt of {audio.name!r}")
    found, alone, without = [], [], []
    windows: Samples | None = None
    notes = list(grid.filling(duration_s))
    for split in splits:
        parts = build(audio, split, grid, start_s=start_s, duration_s=duration_s)
        cut = grid.cut(parts.heard)
        windows = cut.sum(axis=0) if windows is None else windows
        energy = _energy(cut)
        whole = float(_energy(windows[None]).sum()) or 1.0
        for number in range(len(parts.sources)):
            own = energy[number]
            at, spec = int(own.argmax()), split.spec or type(split).__name__
            share, held = float(own.sum() / whole), float(own[at] / (own.sum() or 1.0))
            silent = own.sum() <= whole * 10 ** (BACKGROUND_DB / 10)
            place = None if silent else place_of(cut[number, at, :, grid.lead :], grid.sr)
            found.append(Patch(spec, number, parts.stems.names[number], at, share, held, place))
            alone.append(cut[number, at])
            without.append(windows[at] - cut[number, at])
        notes += parts.stems.notes
    if windows is None:
        raise UsageError("name a factorization, such as slic:15, that makes the patches")
    hop = 0 if grid.hop is None else grid.hop
    starts_s = tuple(start_s + i * hop / grid.sr for i in range(len(windows)))
    signals = np.stack(alone), np.stack(without), windows
    return Patches(tuple(found), *signals, starts_s, grid.sr, grid.lead, tuple(dict.fromkeys(notes)))


def place_of(signal: Samples, sr: int) -> tuple[float, float, float, float]:
    """Where the middle 90 % of a signal's energy lie: from and to in seconds, and in Hz.

    Parameters
    ----------
    signal : ndarray of float32, shape (n_channels, n_samples)
        Signal that is not silent.
    sr : int
        Sampling rate in Hz.

    Examples
    --------
    >>> t = np.arange(8000) / 8000
    >>> beep = np.where((t > 0.2) & (t < 0.4), np.sin(2 * np.pi * 1000 * t), 0).astype(np.float32)
    >>> [round(one, 2) for one in place_of(beep[None], 8000)]
    [0.21, 0.39, 996.0, 1004.0]
    """
    in_time = np.square(signal, dtype=np.float64).sum(axis=0)
    in_frequency = np.square(np.abs(np.fft.rfft(signal))).sum(axis=0)
    begin, end = (at / sr for at in _middle(in_time))
    low, high = (at * sr / signal.shape[1] for at in _middle(in_frequency))
    return begin, end, low, high


def _middle(energy: NDArray[np.float64]) -> tuple[int, int]:
    """Positions between which the middle 90 % lie."""
    grown = np.cumsum(energy) / energy.sum()
    return int(np.searchsorted(grown, 0.05)), int(np.searchsorted(grown, 0.95))


def _energy(cut: Samples) -> NDArray[np.float64]:
    """Energy of signals (n, n_windows, n_channels, n_samples) in each window, (n, n_windows)."""
    return np.asarray(np.square(cut, dtype=np.float64).sum(axis=(-2, -1)))
