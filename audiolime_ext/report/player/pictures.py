"""Pictures of the sound: a waveform for every stem, the mixture's spectrogram, and each stem's part of it.

They are computed piece by piece. There are 100 columns a second while the recording comes in, about a thousand in the
end. The spectrogram has mel bands (see `audiolime_ext.audio.spectrogram`) between the loudest one and 80 dB below it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Samples
from audiolime_ext.audio.spectrogram import mel_filterbank, stft

COLUMNS_PER_S = 100
N_MELS = 96
RANGE_DB = 80.0
OVERLAY_DB = 50.0
COLORMAP = "magma"
_FRAME_S = 0.046
_FAINTEST = 1e-20


@dataclass(frozen=True, eq=False)
class Sketch:
    """The picture of a stretch of a recording.

    Parameters
    ----------
    lowest, highest : ndarray of float32, shape (n_stems, n_columns)
        Lowest and highest sample of each column.
    mel : ndarray of float32, shape (n_columns, n_mels)
        Power of the mixture's mel bands.
    mel_of_stems : ndarray of float32, shape (n_stems, n_columns, n_mels)
        Power of each stem's mel bands.
    energy : ndarray of float64, shape (n_stems,)
        Energy of each stem.
    mixture_energy : float
        Energy of the sum of the stems.
    """

    lowest: Samples = field(repr=False)
    highest: Samples = field(repr=False)
    mel: Samples = field(repr=False)
    mel_of_stems: Samples = field(repr=False)
    energy: NDArray[np.float64]
    mixture_energy: float


def frame_length(sr: int) -> int:
    """The power of two nearest to 46 ms: 2048 at 44.1 kHz."""
    return int(2 ** round(np.log2(_FRAME_S * sr)))


def sketch(stems: Samples, sr: int) -> Sketch:
    """Columns of a stretch of all stems.

    Parameters
    ----------
    stems : ndarray of float32, shape (n_stems, n_channels, frame/2 + n_samples + frame/2)
        Stretch of all stems with half a frame (see `frame_length`) before and after it; zeros beyond the recording.
    sr : int
        Sampling rate in Hz.
    """
    n_fft = frame_length(sr)
    inner = stems[..., n_fft // 2 : stems.shape[-1] - n_fft // 2]
    n_samples = inner.shape[-1]
    edges = np.linspace(0, n_samples, max(1, round(n_samples / sr * COLUMNS_PER_S)) + 1).astype(int)
    starts = edges[:-1]
    mixture = stems.sum(axis=0)
    centres = (edges[:-1] + edges[1:]) // 2
    frames = np.lib.stride_tricks.sliding_window_view(stems.mean(axis=1), n_fft, axis=-1)[:, centres]
    spectra = stft(frames.reshape(-1, n_fft), n_fft=n_fft, hop_length=n_fft)[:, 0].reshape(len(stems), len(centres), -1)
    to_mel = mel_filterbank(sr, n_fft, N_MELS).T
    return Sketch(
        lowest=np.minimum.reduceat(inner.min(axis=1), starts, axis=-1),
        highest=np.maximum.reduceat(inner.max(axis=1), starts, axis=-1),
        mel=np.square(np.abs(spectra.sum(axis=0))) @ to_mel,
        mel_of_stems=np.square(np.abs(spectra)) @ to_mel,
        energy=np.einsum("scn,scn->s", inner, inner, dtype=np.float64),
        mixture_energy=float(np.square(mixture[:, n_fft // 2 :][:, :n_samples], dtype=np.float64).sum()),
    )


@dataclass(frozen=True, eq=False)
class Picture:
    """The picture of a whole recording.

    Parameters
    ----------
    waveforms : ndarray of int8, shape (n_stems, n_columns, 2)
        Lowest and highest sample of each column in hundredths of the loudest peak.
    mel_db : ndarray of float32, shape (n_columns, n_mels)
        Mel bands of the mixture in dB.
    mel_db_of_stems : ndarray of float32, shape (n_stems, n_columns, n_mels)
        Mel bands of each stem in dB.
    peaks : tuple of float, one for each stem
        Largest magnitude of each stem; full scale is 1.
    levels_db : tuple of float, one for each stem
        Energy of each stem in dB relative to the mixture; −200 is silence.
    """

    waveforms: NDArray[np.int8] = field(repr=False)
    mel_db: NDArray[np.float32] = field(repr=False)
    mel_db_of_stems: NDArray[np.float32] = field(repr=False)
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
    of_stems = np.concatenate([_with_rows(each.mel_of_stems, n_stems) for each in sketches], axis=1)
    energy = np.sum([_with_rows(each.energy, n_stems) for each in sketches], axis=0)
    mixture_energy = max(sum(each.mixture_energy for each in sketches), _FAINTEST)
    n_found = len(mel)
    edges = np.linspace(0, n_found, min(n_columns, n_found) + 1).astype(int)
    pooled, of_stems = (
        np.add.reduceat(power, edges[:-1], axis=-2) / np.diff(edges)[:, None] for power in (mel, of_stems)
    )
    extremes = np.stack(
        [np.minimum.reduceat(lowest, edges[:-1], axis=-1), np.maximum.reduceat(highest, edges[:-1], axis=-1)], axis=-1
    )
    peaks = np.abs(extremes).max(axis=(1, 2))
    waveforms = np.rint(100 * extremes / max(float(peaks.max()), _FAINTEST)).astype(np.int8)
    levels_db = np.maximum(-200.0, 10 * np.log10(np.maximum(energy / mixture_energy, _FAINTEST)))
    mel_db, stems_db = (10 * np.log10(np.maximum(power, _FAINTEST)) for power in (pooled, of_stems))
    return Picture(waveforms, mel_db, stems_db, tuple(peaks.tolist()), tuple(levels_db.tolist()))


def _with_rows(values: NDArray[np.floating], n_rows: int) -> NDArray[np.floating]:
    return np.pad(values, [(0, n_rows - len(values))] + [(0, 0)] * (values.ndim - 1))


def png(mel_db: NDArray[np.float32], *, loudest_db: float | None = None) -> bytes:
    """A spectrogram as a PNG file, one pixel per column and band, low bands at the bottom.

    Parameters
    ----------
    mel_db : ndarray of float32, shape (n_columns, n_mels)
        Mel bands in dB.
    loudest_db : float or None
        Level that is drawn brightest, the same for spectrograms that are compared; None: the loudest band.
    """
    import matplotlib

    shade = _shade(mel_db, float(mel_db.max()) if loudest_db is None else loudest_db, RANGE_DB)
    colors = matplotlib.colormaps[COLORMAP](np.arange(256), bytes=True)[:, :3]
    return indexed_png(shade, colors.tobytes())


def overlay_png(mel_db: NDArray[np.float32], color: str, *, loudest_db: float) -> bytes:
    """One stem's part of a spectrogram, in its colour: the louder, the more opaque; of the same size.

    Parameters
    ----------
    mel_db : ndarray of float32, shape (n_columns, n_mels)
        Mel bands of the stem in dB.
    color : str
        Colour of the stem, such as ``"#D55E00"``.
    loudest_db : float
        Loudest mel band of the mixture in dB; 50 dB below it the stem is not seen.
    """
    shade = _shade(mel_db, loudest_db, OVERLAY_DB)
    return indexed_png(shade, bytes.fromhex(color.removeprefix("#")) * 256, bytes(range(256)))


def _shade(mel_db: NDArray[np.float32], loudest_db: float, range_db: float) -> NDArray[np.uint8]:
    return np.asarray((np.clip(1 + (mel_db - loudest_db) / range_db, 0, 1) * 255).round(), np.uint8)


def indexed_png(shade: NDArray[np.uint8], palette: bytes, opacity: bytes | None = None) -> bytes:
    """Shades, shape (n_columns, n_bands), as a PNG file, low bands at the bottom.

    Parameters
    ----------
    shade : ndarray of uint8, shape (n_columns, n_bands)
        Number of a colour for each pixel.
    palette : bytes
        Red, green and blue of 256 colours.
    opacity : bytes or None
        Opacity of each of the 256 colours; None: nothing shines through.
    """
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(shade.T[::-1]), mode="P")
    image.putpalette(palette)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=opacity is None, **({} if opacity is None else {"transparency": opacity}))
    return buffer.getvalue()
