"""Where a true source lands: a separator's own masks of a mixture, applied to the source alone.

For an excerpt whose sources are known, the separator divides every bin of the *mixture's* spectrum: a stem's spectrum
over the mixture's is a complex gain, and the gains of all stems (the residual is one) sum to 1. The same gains are
applied to the true source alone, and what each stem takes of it is projected on the source (`lands_in`): the energy of
every bin is divided among the stems as the mixture was divided there. So *shares sum to 1*, and *those of merged stems
add up*. The energies after the gains would do neither (two masks of one half keep a quarter each). A share may lie a
little outside 0 to 1 where sources cancel each other in the mixture. Bins in which the mixture is silent (60 dB below
its loudest) have no gain and do not count.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import spectrogram
from audiolime_ext.audio.recording import Samples

Array = NDArray[np.float64]

SILENT_BIN_DB = -60.0  # bins of the mixture below its loudest


def lands_in(source: Samples, mixture: Samples, stems: Samples, sr: int) -> Array:
    """The share of a true source's energy that lands in each stem (see the module).

    Parameters
    ----------
    source, mixture : ndarray of float32, shape (n_channels, n_samples)
        The source as it is in the mixture, and the mixture.
    stems : ndarray of float32, shape (n_stems, n_channels, n_samples)
        Estimates of a separator; where the residual is among them, they sum to the mixture, and the shares to 1.
    sr : int
        Sampling rate in Hz.

    Returns
    -------
    Shape (n_stems,), float64; NaN where nothing of the source can be seen in the mixture.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(0, 0.1, (1, 8000)).astype(np.float32)
    >>> lands_in(noise, noise, np.stack([0.75 * noise, 0.25 * noise]), 8000).round(3)
    array([0.75, 0.25])
    """
    spectra = _spectrum(mixture, sr)
    power = np.square(np.abs(spectra))
    loud = power > 10 ** (SILENT_BIN_DB / 10) * np.max(power, initial=0.0)
    energy = np.square(np.abs(_spectrum(source, sr)), dtype=np.float64) * loud
    total = float(energy.sum())
    if not total:
        return np.full(len(stems), np.nan)
    weighted = (energy / np.where(loud, power, 1.0)) * spectra.conj()  # Re(S / X) = Re(S · X*) / |X|²
    return np.array([float((_spectrum(stem, sr) * weighted).real.sum()) / total for stem in stems])


def _spectrum(samples: Samples, sr: int) -> NDArray[np.complex64]:
    n_fft = 2 * spectrogram.frame_length(sr)  # 93 ms: the frames of most separators
    padded = np.pad(samples, [(0, 0)] * (samples.ndim - 1) + [(n_fft, n_fft)])
    return spectrogram.stft(padded.astype(np.float32, copy=False), n_fft=n_fft, hop_length=n_fft // 4)
