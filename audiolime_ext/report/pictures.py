"""What is drawn above the sound: a waveform for every stem and the mixture's spectrogram, found piece by piece.

There are 100 columns a second while the recording comes in, about a thousand in the end. The spectrogram has mel
bands (see `audiolime_ext.spectrogram`) between the loudest one and 80 dB below it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import Samples
from audiolime_ext.spectrogram import mel_filterbank, stft

COLUMNS_PER_S = 100
N_MELS = 96
RANGE_DB = 80.0
COLORMAP = "magma"
_FRAME_S = 0.046
_FAINTEST = 1e-20


@dataclass(frozen=True, eq=False)
class Sketch:
    """What a stretch of a recording looks like.

    Parameters
    ----------
    lowest, highest
        Shape (n_stems, n_columns), float32.
    mel
        Power of the mixture's mel bands, shape (n_columns, n_mels), float32.
    energy
        Of each stem, shape (n_stems,).
    mixture_energy
        Of their sum.
    """

    lowest: Samples = field(repr=False)
    highest: Samples = field(repr=False)
    mel: Samples = field(repr=False)
    energy: NDArray[np.float64]
    mixture_energy: float


def frame_length(sr: int) -> int:
    """The power of two nearest to 46 ms: 2048 at 44.1 kHz."""
    return int(2 ** round(np.log2(_FRAME_S * sr)))


def sketch(stems: Samples, sr: int) -> Sketch:
    """Columns of a stretch of all stems.

    Parameters
    ----------
    stems
        Shape (n_stems, n_channels, frame/2 + n_samples + frame/2): the stretch with half a frame (see `frame_length`)
        around it, zeros beyond the recording.
    """
    n_fft = frame_length(sr)
    inner = stems[..., n_fft // 2 : stems.shape[-1] - n_fft // 2]
    n_samples = inner.shape[-1]
    edges = np.linspace(0, n_samples, max(1, round(n_samples / sr * COLUMNS_PER_S)) + 1).astype(int)
    starts = edges[:-1]
    mixture = stems.sum(axis=0)
    centres = (edges[:-1] + edges[1:]) // 2
    frames = np.lib.stride_tricks.sliding_window_view(mixture.mean(axis=0), n_fft)[centres]
    power = np.square(np.abs(stft(frames, n_fft=n_fft, hop_length=n_fft)[:, 0]))
    return Sketch(
        lowest=np.minimum.reduceat(inner.min(axis=1), starts, axis=-1),
        highest=np.maximum.reduceat(inner.max(axis=1), starts, axis=-1),
        mel=power @ mel_filterbank(sr, n_fft, N_MELS).T,
        energy=np.einsum("scn,scn->s", inner, inner, dtype=np.float64),
        mixture_energy=float(np.square(mixture[:, n_fft // 2 :][:, :n_samples], dtype=np.float64).sum()),
    )


@dataclass(frozen=True, eq=False)
class Picture:
    """What the whole recording looks like.

    Parameters
    ----------
    waveforms
        Shape (n_stems, n_columns, 2), int8: lowest and highest sample per column in hundredths of the loudest peak.
    mel_db
        Mel bands of the mixture in dB, shape (n_columns, n_mels).
    peaks
        Largest magnitude of each stem.
    levels_db
        Energy of each stem relative to the mixture; −200 is silence.
    """

    waveforms: NDArray[np.int8] = field(repr=False)
    mel_db: NDArray[np.float32] = field(repr=False)
    peaks: tuple[float, ...]
    levels_db: tuple[float, ...]


def picture(sketches: Sequence[Sketch], *, n_columns: int) -> Picture:
    """Consecutive sketches as one picture of at most `n_columns` columns; the last sketch knows all stems."""
    n_stems = len(sketches[-1].energy)
    lowest, highest = (
        np.concatenate([_with_rows(getattr(each, side), n_stems) for each in sketches], axis=-1)
        for side in ("lowest", "highest")
    )
    mel = np.concatenate([each.mel for each in sketches])
    energy = np.sum([_with_rows(each.energy, n_stems) for each in sketches], axis=0)
    mixture_energy = max(sum(each.mixture_energy for each in sketches), _FAINTEST)
    n_found = len(mel)
    edges = np.linspace(0, n_found, min(n_columns, n_found) + 1).astype(int)
    pooled = np.add.reduceat(mel, edges[:-1]) / np.diff(edges)[:, None]
    extremes = np.stack(
        [np.minimum.reduceat(lowest, edges[:-1], axis=-1), np.maximum.reduceat(highest, edges[:-1], axis=-1)], axis=-1
    )
    peaks = np.abs(extremes).max(axis=(1, 2))
    waveforms = np.rint(100 * extremes / max(float(peaks.max()), _FAINTEST)).astype(np.int8)
    levels_db = np.maximum(-200.0, 10 * np.log10(np.maximum(energy / mixture_energy, _FAINTEST)))
    mel_db = 10 * np.log10(np.maximum(pooled, _FAINTEST))
    return Picture(waveforms, mel_db, tuple(peaks.tolist()), tuple(levels_db.tolist()))


def _with_rows(values: NDArray[np.floating], n_rows: int) -> NDArray[np.floating]:
    return np.pad(values, [(0, n_rows - len(values))] + [(0, 0)] * (values.ndim - 1))


def png(mel_db: NDArray[np.float32]) -> bytes:
    """A spectrogram as a PNG file, one pixel per column and band, low bands at the bottom."""
    import matplotlib
    from PIL import Image

    loudest = float(mel_db.max())
    shade = np.clip(1 + (mel_db - loudest) / RANGE_DB, 0, 1) * 255
    image = Image.fromarray(np.ascontiguousarray(shade.T[::-1].round().astype(np.uint8)), mode="P")
    colors = matplotlib.colormaps[COLORMAP](np.arange(256), bytes=True)[:, :3]
    image.putpalette(colors.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
